"""Property-based tests of calendars: any actions, in any order, at any time, and concurrently.

No interval is given away twice, the log matches the calendar, and refusals have known codes. Hypothesis generates the
actions, as in ``test_properties``.
"""

from datetime import timedelta
from functools import partial

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from accounts.models import User
from accounts.services import move_home, remove_account
from accounts.tests.factories import StaffFactory, UserFactory
from cities.registry import registry
from fleet.models import Allocation, Vehicle
from fleet.models.choices import EventType
from fleet.services import (
    add_vehicle,
    approve_vehicle,
    book_vehicle,
    cancel_allocation,
    cancel_own_allocation,
    end_maintenance,
    pause_vehicle,
    put_in_maintenance,
    remove_vehicle,
    reserve_vehicle,
    resume_vehicle,
)
from fleet.services.no_shows import notify_released_bookings
from fleet.tests.calendars import HOUR, MINUTE, NOON
from movr_project.tests.threads import at_once
from operations.models import ProblemKind
from operations.services.field_work import drop_off_vehicle, mark_found, pick_up_vehicle, report_missing, swap_battery
from operations.services.reports import close_report, report_problem
from rides.late_bookings import notify_late_bookings
from rides.models import Ride
from rides.services import end_ride, start_ride
from rides.tests.agreement import (
    CITIES,
    assert_everything_agrees,
    assert_holds_agree,
    assert_nothing_is_given_away_twice,
    assert_the_log_says_what_the_calendar_says,
)
from rides.tests.stories import accept, outcome, shortened, some

ON_THE_ROAD = {"vehicle_gone", "awaits_approval"}
TAKEN = {"reserved", "booked", "off_the_road", "booked_soon"}
GONE = {"account_changed"}
LIMITS = {"in_the_past", "too_short", "too_long", "too_far_ahead"}
CODES = {
    "reserve": ON_THE_ROAD
    | TAKEN
    | GONE
    | {"wrong_city", "vehicle_in_use", "already_holding", "already_ended", "cool_down"},
    "book": ON_THE_ROAD | LIMITS | GONE | {"conflict", "vehicle_in_use", "too_many_bookings", "already_ended"},
    "start": TAKEN | GONE | {"vehicle_gone", "vehicle_in_use", "wrong_city", "already_riding", "already_ended"},
    "end": {"ride_gone"},
    "staff_end": {"ride_gone"} | GONE,
    "cancel": {"allocation_gone"} | GONE,
    "staff_cancel": {"allocation_gone"} | GONE,
    "maintain": ON_THE_ROAD | GONE | {"conflict", "in_the_past"},
    "stop_maintaining": ON_THE_ROAD | GONE | {"not_in_maintenance"},
    "pause": ON_THE_ROAD | GONE | {"conflict", "not_yours", "vehicle_in_use", "in_the_past"},
    "resume": ON_THE_ROAD | GONE | {"not_yours", "not_paused"},
    "pick_up": ON_THE_ROAD | GONE | {"vehicle_in_use"},
    "miss": ON_THE_ROAD | GONE | {"vehicle_in_use"},
    "drop_off": ON_THE_ROAD | GONE | {"not_picked_up"},
    "find": ON_THE_ROAD | GONE | {"not_missing"},
    "swap": ON_THE_ROAD | GONE | {"vehicle_in_use", "no_battery"},
    "report": ON_THE_ROAD | GONE,
    "close": {"report_gone"} | GONE,
    "add": {"account_changed", "already_removed"},
    "approve": {"vehicle_gone"} | GONE,
    "remove": GONE | {"vehicle_gone", "not_yours", "vehicle_in_use"},
    "move": GONE | {"riding", "owns_vehicles"},
    "erase": GONE | {"riding", "owns_vehicles"},
}

cities = st.sampled_from(CITIES)
tokens = st.sampled_from(["one form", "another form", "a third form"])
# A reservation and a cool-down take 10 and 15 minutes, as does the buffer before a booking.
starts = st.sampled_from([None, 0, 5, 10, 15, 20, 60, 120, 24 * 60, 40 * 24 * 60])
lengths = st.sampled_from([None, 15, 20, 60, 3 * 60, 71 * 60])
steps = st.sampled_from([1, 60, 5 * 60, 10 * 60, 15 * 60, 60 * 60, 24 * 60 * 60, -1, -5 * 60, -60 * 60])

SLOW = {"deadline": None, "print_blob": True, "suppress_health_check": list(HealthCheck)}
ONE_BY_ONE = settings(max_examples=shortened(80), stateful_step_count=40, **SLOW)
AT_ONCE = settings(max_examples=shortened(25), **SLOW)


# --- What people do -------------------------------------------------------------------------------------
# Arguments are as on a person's page, which may be outdated.


def key_of(vehicle):
    return {"city": vehicle.city, "vehicle_id": vehicle.id}


def reserve(person, vehicle, city, token):
    return reserve_vehicle(
        rider=person, city=registry[city], vehicle_city=vehicle.city, vehicle_id=vehicle.id, token=token
    )


def book(person, vehicle, start, length, token):
    """``start`` and ``length`` in minutes from now."""
    starts_at = timezone.now() + (start or 0) * MINUTE
    return book_vehicle(
        rider=person,
        vehicle_city=vehicle.city,
        vehicle_id=vehicle.id,
        starts_at=starts_at,
        ends_at=starts_at + (length or 30) * MINUTE,
        token=token,
    )


def start(person, vehicle, city, token):
    return start_ride(rider=person, city=registry[city], vehicle_city=vehicle.city, vehicle_id=vehicle.id, token=token)


def end(person, ride):
    return end_ride(city=ride.city, ride_id=ride.id, rider=person, end_location="Louvre")


def staff_end(person, ride):
    return end_ride(city=ride.city, ride_id=ride.id, rider=None, by=person, end_location="Colosseum")


def cancel(person, allocation):
    return cancel_own_allocation(rider=person, city=allocation.city, allocation_id=allocation.id)


def staff_cancel(person, allocation):
    return cancel_allocation(city=allocation.city, allocation_id=allocation.id, by=person)


def maintain(person, vehicle, start, length):
    starts_at = None if start is None else timezone.now() + start * MINUTE
    ends_at = None if length is None else (starts_at or timezone.now()) + length * MINUTE
    return put_in_maintenance(**key_of(vehicle), by=person, starts_at=starts_at, ends_at=ends_at)


def stop_maintaining(person, vehicle):
    return end_maintenance(**key_of(vehicle), by=person)


def pause(person, vehicle, length):
    ends_at = None if length is None else timezone.now() + length * MINUTE
    return pause_vehicle(**key_of(vehicle), owner=person, ends_at=ends_at)


def resume(person, vehicle):
    resume_vehicle(**key_of(vehicle), owner=person)


def pick_up(person, vehicle):
    return pick_up_vehicle(**key_of(vehicle), by=person, event_type=EventType.REBALANCE_PICK_UP)


def miss(person, vehicle):
    return report_missing(**key_of(vehicle), by=person)


def drop_off(person, vehicle):
    return drop_off_vehicle(**key_of(vehicle), by=person, place="The depot")


def find(person, vehicle):
    return mark_found(**key_of(vehicle), by=person, place="Under the bridge")


def swap(person, vehicle):
    return swap_battery(**key_of(vehicle), by=person)


def report(person, vehicle, kind, token):
    return report_problem(
        reporter=person,
        vehicle_city=vehicle.city,
        vehicle_id=vehicle.id,
        kind=kind,
        text="Squeaks",
        token=token,
        at_label=True,
    )


def close(report):
    return close_report(city=report.city, report_id=report.id, resolution="Oil")


def add(person, token):
    return add_vehicle(owner=person, type="e-bike", color="blue", last_location="Home", token=token)


def approve(person, vehicle):
    return approve_vehicle(**key_of(vehicle), by=person)


def remove(person, vehicle):
    return remove_vehicle(**key_of(vehicle), by=person)


def move(person, city):
    move_home(user=person, city=registry[city])


def erase(person):
    remove_account(user=person)


def tried(action, *args):
    return accepted(action, outcome(action, *args))


def accepted(action, result):
    return accept(CODES, action, result)


# --- Sequentially --------------------------------------------------------------------------------


class Fleet(RuleBasedStateMachine):
    """Several people, a few vehicles and a clock. Each example is rolled back."""

    people = Bundle("people")
    staff = Bundle("staff")
    vehicles = Bundle("vehicles")
    rides = Bundle("rides")
    allocations = Bundle("allocations")
    reports = Bundle("reports")

    def __init__(self):
        super().__init__()
        self.savepoint = transaction.savepoint()
        self.travel = time_machine.travel(NOON, tick=False)
        self.clock = self.travel.start()
        self.clock_was_set_back = False

    def teardown(self):
        try:
            assert_everything_agrees()
        finally:
            self.travel.stop()
            transaction.savepoint_rollback(self.savepoint)

    @initialize(target=people)
    def open_accounts(self):
        return multiple(*(UserFactory(city=city) for city in [*CITIES, "paris"]))

    @initialize(target=staff)
    def hire(self):
        return StaffFactory(city="paris")

    @initialize(target=vehicles)
    def open_business(self):
        owner = UserFactory(city="paris")
        self.owned = add(owner, "opening")
        Vehicle.objects.filter(id=self.owned.id).update(battery_percent=20, range_m=5000)
        return multiple(self.owned, *(add(UserFactory(city=city), "opening") for city in CITIES))

    @rule(target=people, city=cities)
    def register(self, city):
        return UserFactory(city=city)

    @rule(target=people, person=people)
    def reload_the_page(self, person):
        return User.objects.get(id=person.id)

    @rule(target=people, vehicle=vehicles)
    def its_owner(self, vehicle):
        return some(User.objects.filter(owned_vehicles__gt=0, vehicles__id=vehicle.id).first())

    # The clock, which may be set back. The two rules that move to an exact boundary find the most errors.

    @rule(seconds=steps)
    def wait(self, seconds):
        self.clock_was_set_back |= seconds < 0
        self.clock.move_to(timezone.now() + timedelta(seconds=seconds), tick=False)

    @rule(allocation=allocations, at_the_end=st.booleans())
    def wait_for_the_very_moment(self, allocation, at_the_end):
        now = timezone.now()
        moment = allocation.ends_at if at_the_end else allocation.starts_at
        if moment is not None and now < moment < now + 2 * 24 * HOUR:
            self.clock.move_to(moment, tick=False)

    # Riders

    @rule(target=allocations, person=people, vehicle=vehicles, token=tokens)
    def reserve(self, person, vehicle, token):
        return some(tried(reserve, person, vehicle, vehicle.city, token))

    @rule(target=allocations, person=people, vehicle=vehicles, start=starts, length=lengths, token=tokens)
    def book(self, person, vehicle, start, length, token):
        return some(tried(book, person, vehicle, start, length, token))

    @rule(target=rides, person=people, vehicle=vehicles, token=tokens)
    def start(self, person, vehicle, token):
        offered = Vehicle.objects.in_city(vehicle.city).rideable_by(person).filter(id=vehicle.id).exists()
        # Right after an event, if the clock was set back, the vehicle's time is later than the list's.
        is_later = Vehicle.objects.get(city=vehicle.city, id=vehicle.id).last_event_at >= timezone.now()
        was_open = set(Ride.objects.open().filter(vehicle_id=vehicle.id).values_list("id", flat=True))
        result = outcome(start, person, vehicle, vehicle.city, token)
        ride = accepted(start, result)
        if ride is None and result.code in TAKEN | {"vehicle_in_use"} and not is_later:
            assert not offered, f"the list offers what is refused with {result.code}"
        if ride is not None and ride.id not in was_open and not is_later:
            assert offered, "the list does not offer what can be ridden"
        return some(ride)

    @rule(target=rides, person=people, vehicle=vehicles, city=cities, token=tokens)
    def start_elsewhere(self, person, vehicle, city, token):
        return some(tried(start, person, vehicle, city, token))

    @rule(target=rides, allocation=allocations, token=tokens)
    def start_what_is_ones_own(self, allocation, token):
        rider = User.objects.filter(id=allocation.rider_id).first()
        vehicle = Vehicle.objects.get(city=allocation.city, id=allocation.vehicle_id)
        return some(tried(start, rider, vehicle, vehicle.city, token) if rider else None)

    @rule(person=people, ride=rides)
    def end(self, person, ride):
        tried(end, person, ride)

    @rule(ride=rides)
    def end_as_its_rider(self, ride):
        rider = User.objects.filter(rides__id=ride.id).first()
        if rider:
            assert not tried(end, rider, ride).is_open

    @rule(person=staff, ride=rides)
    def end_as_staff(self, person, ride):
        tried(staff_end, person, ride)

    @rule(person=people, allocation=allocations)
    def cancel(self, person, allocation):
        tried(cancel, person, allocation)

    @rule(allocation=allocations)
    def cancel_as_its_rider(self, allocation):
        rider = User.objects.filter(id=allocation.rider_id).first()
        if rider:
            tried(cancel, rider, allocation)
            cancelled = Allocation.objects.get(city=allocation.city, id=allocation.id)
            # If the clock was set back, it ends at the vehicle's time, which is slightly later.
            vehicle = Vehicle.objects.get(city=allocation.city, id=allocation.vehicle_id)
            assert cancelled.has_ended(max(timezone.now(), vehicle.last_event_at))

    @rule(target=reports, person=people, vehicle=vehicles, kind=st.sampled_from(ProblemKind), token=tokens)
    def report(self, person, vehicle, kind, token):
        return some(tried(report, person, vehicle, kind, token))

    @rule(target=reports, ride=rides, token=tokens)
    def report_as_its_rider(self, ride, token):
        rider = User.objects.filter(rides__id=ride.id).first()
        return some(tried(report, rider, ride.vehicle, ProblemKind.BRAKES, token) if rider else None)

    # Owners

    @rule(target=vehicles, person=people, token=tokens, unseen=st.booleans())
    def add(self, person, token, unseen):
        with pytest.MonkeyPatch.context() as patch:
            from django.conf import settings as project

            patch.setattr(project, "VEHICLES_NEED_APPROVAL", unseen)
            return some(tried(add, person, token))

    @rule(target=allocations, vehicle=vehicles, length=lengths)
    def pause(self, vehicle, length):
        owner = User.objects.filter(vehicles__id=vehicle.id).first()
        return some(tried(pause, owner, vehicle, length) if owner else None)

    @rule(vehicle=vehicles)
    def resume(self, vehicle):
        owner = User.objects.filter(vehicles__id=vehicle.id).first()
        if owner:
            tried(resume, owner, vehicle)

    @rule(person=people, vehicle=vehicles)
    def meddle(self, person, vehicle):
        tried(pause, person, vehicle, None)
        tried(resume, person, vehicle)
        tried(remove, person, vehicle)

    @rule(vehicle=vehicles)
    def remove_as_its_owner(self, vehicle):
        owner = User.objects.filter(vehicles__id=vehicle.id).first()
        if owner:
            tried(remove, owner, vehicle)

    # Staff

    @rule(target=allocations, person=staff, vehicle=vehicles, start=starts, length=lengths)
    def maintain(self, person, vehicle, start, length):
        return some(tried(maintain, person, vehicle, start, length))

    @rule(person=staff, vehicle=vehicles, action=st.sampled_from([stop_maintaining, drop_off, find, swap, approve]))
    def bring_back(self, person, vehicle, action):
        tried(action, person, vehicle)

    @rule(person=staff, vehicle=vehicles, action=st.sampled_from([pick_up, miss, swap, remove]))
    def take_away(self, person, vehicle, action):
        tried(action, person, vehicle)

    @rule(person=staff, allocation=allocations)
    def cancel_as_staff(self, person, allocation):
        tried(staff_cancel, person, allocation)

    @rule(report=reports)
    def close(self, report):
        tried(close, report)

    @rule()
    def tell_the_late(self):
        notify_late_bookings()
        notify_released_bookings()

    # Accounts

    @rule(person=people, city=cities)
    def move(self, person, city):
        tried(move, person, city)

    @rule(person=staff, city=cities)
    def move_as_staff(self, person, city):
        tried(move, person, city)

    @rule(person=people)
    def erase(self, person):
        tried(erase, person)

    @invariant()
    def all_is_well(self):
        assert_nothing_is_given_away_twice()
        assert_the_log_says_what_the_calendar_says()
        assert_holds_agree(self.clock_was_set_back)


@pytest.mark.long
@pytest.mark.django_db
def test_one_after_the_other():
    run_state_machine_as_test(Fleet, settings=ONE_BY_ONE)


# --- Concurrently ---------------------------------------------------------------------------------
# As in ``test_properties``: the order of events depends on the machine, so a failure may be reported as flaky.

SLOTS = 3
slots = st.integers(0, SLOTS - 1)
RIDERS_ACTS = [reserve, reserve, book, book, start, start, end, cancel, report]
OTHERS_ACTS = [maintain, stop_maintaining, pause, resume, pick_up, drop_off, swap, staff_end, staff_cancel, remove]
acts = st.tuples(
    st.sampled_from([*RIDERS_ACTS, *OTHERS_ACTS, move, erase]), slots, slots, cities, tokens, st.sampled_from([0, 20])
)
stories = st.lists(st.tuples(acts, acts, acts, st.booleans()), min_size=5, max_size=8)


class Crowd:
    """A few people, and what they see: the latest rides and allocations."""

    def __init__(self):
        self.people = [UserFactory(city="paris"), UserFactory(city="rome"), UserFactory(city="paris")]
        self.staff = StaffFactory(city="paris")
        self.owners = [UserFactory(city=city) for city in ["paris", "paris", "rome"]]
        self.vehicles = [add(owner, "opening") for owner in self.owners]
        Vehicle.objects.filter(city="paris").update(battery_percent=20)
        self.rides = [start(self.people[0], self.vehicles[0], "paris", "first")] * SLOTS
        self.allocations = [book(self.people[1], self.vehicles[1], 60, 30, "first")] * SLOTS

    def call(self, action, one, other, city, token, minutes):
        person, vehicle = self.people[one], self.vehicles[other]
        ride, allocation = self.rides[other], self.allocations[other]
        arguments = {
            reserve: (person, vehicle, vehicle.city, token),
            book: (person, vehicle, minutes, 30, token),
            start: (person, vehicle, vehicle.city, token),
            end: (person, ride),
            cancel: (person, allocation),
            report: (person, vehicle, ProblemKind.BRAKES, token),
            maintain: (self.staff, vehicle, minutes or None, None),
            pause: (self.owners[other], vehicle, None),
            resume: (self.owners[other], vehicle),
            remove: (self.owners[other], vehicle),
            staff_end: (self.staff, ride),
            staff_cancel: (self.staff, allocation),
            move: (person, city),
            erase: (person,),
        }
        return partial(action, *arguments.get(action, (self.staff, vehicle)))

    def do_at_once(self, *drawn):
        results = at_once(*(self.call(*each) for each in drawn))
        for (action, *_drawn), result in zip(drawn, results, strict=True):
            done = accepted(action, result)
            if isinstance(done, Ride):
                self.rides = [done, *self.rides][:SLOTS]
            elif isinstance(done, Allocation):
                self.allocations = [done, *self.allocations][:SLOTS]
        for number, vehicle in enumerate(self.vehicles):
            if Vehicle.objects.get(city=vehicle.city, id=vehicle.id).is_removed:
                self.owners[number] = UserFactory(city=vehicle.city)
                self.vehicles[number] = add(self.owners[number], "again")

    def reload_the_page(self):
        """A person who has left is replaced by a new one."""
        people = [User.objects.get(id=person.id) for person in self.people]
        self.people = [person if person.is_active else UserFactory() for person in people]


@pytest.mark.long
@pytest.mark.postgresql_does
@pytest.mark.django_db(transaction=True)
def test_at_the_same_moment():
    @AT_ONCE
    @given(stories)
    def told(story):
        crowd = Crowd()
        for *drawn, reload in story:
            crowd.do_at_once(*drawn)
            assert_nothing_is_given_away_twice()
            assert_the_log_says_what_the_calendar_says()
            assert_holds_agree()
            if reload:
                crowd.reload_the_page()
        assert_everything_agrees()

    told()
