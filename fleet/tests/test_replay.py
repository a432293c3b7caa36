"""Replaying a vehicle's log and calendar yields its state, now and at any earlier time."""

import random
import uuid
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.tests.factories import StaffFactory, UserFactory
from cities.registry import registry
from fleet.calendar.replay import BrokenLog, present_state, replay
from fleet.calendar.states import entering, follow, leaving, state_of
from fleet.models import Allocation, Vehicle, VehicleEvent
from fleet.models.choices import AllocationKind, EventType, VehicleState
from fleet.services import (
    add_vehicle,
    approve_vehicle,
    cancel_own_allocation,
    end_maintenance,
    pause_vehicle,
    remove_vehicle,
    resume_vehicle,
)
from fleet.tests.calendars import HOUR, MINUTE, NOON, book, maintain, reserve
from fleet.tests.factories import AllocationFactory, VehicleFactory
from operations.services.field_work import drop_off_vehicle, mark_found, pick_up_vehicle, report_missing, swap_battery
from operations.services.reports import report_problem
from rides.services import end_ride, start_ride

RESERVED, MAINTAINED, PAUSED = AllocationKind.BOOKING, AllocationKind.MAINTENANCE, AllocationKind.PAUSED
STATES = {RESERVED: "reserved", MAINTAINED: "non_operational", PAUSED: "non_operational"}


def event(minute, state, *types):
    return VehicleEvent(
        city="paris",
        id=uuid.uuid4(),
        state=state,
        event_types=list(types),
        occurred_at=NOON + minute * MINUTE,
    )


def allocation(start, end, kind=RESERVED, state=None, cancelled=None, start_by=None):
    return Allocation(
        city="paris",
        kind=kind,
        state=state or STATES[kind],
        starts_at=None if start is None else NOON + start * MINUTE,
        ends_at=None if end is None else NOON + end * MINUTE,
        cancelled_at=None if cancelled is None else NOON + cancelled * MINUTE,
        start_by=None if start_by is None else NOON + start_by * MINUTE,
    )


DROP_OFF = event(0, "available", "provider_drop_off")


def state_at(minute, events, *allocations):
    return present_state(events, allocations, NOON + minute * MINUTE)


class TestMerging:
    def test_what_is_in_the_calendar_begins_and_expires_by_itself(self):
        booking = allocation(10, 20)
        found = [state_at(minute, [DROP_OFF], booking) for minute in (9, 10, 19, 20)]
        assert found == ["available", "reserved", "reserved", "available"]

    def test_starts_and_ends_are_derived_as_events(self):
        changes = replay([DROP_OFF], [allocation(10, 20), allocation(20, None, MAINTAINED)], NOON + HOUR)
        told = [(change.types, change.state, change.event) for change in changes]
        assert told == [
            (["provider_drop_off"], "available", DROP_OFF),
            (["reservation_start"], "reserved", None),
            (["reservation_cancel", "maintenance"], "non_operational", None),
        ]

    def test_since_ever_and_until_further_notice(self):
        first = event(0, "non_operational", "provider_drop_off", "maintenance")
        assert state_at(5, [first], allocation(None, 10, MAINTAINED)) == "non_operational"
        assert state_at(10, [first], allocation(None, 10, MAINTAINED)) == "available"
        assert state_at(9999, [first], allocation(None, None, MAINTAINED)) == "non_operational"

    def test_what_was_cancelled_before_it_began_never_was(self):
        assert state_at(15, [DROP_OFF], allocation(10, 20, cancelled=5)) == "available"

    def test_a_booking_whose_rider_does_not_come_is_released_by_itself(self):
        booking = allocation(10, 20, start_by=15)
        found = [state_at(minute, [DROP_OFF], booking) for minute in (9, 10, 14, 15, 19)]
        assert found == ["available", "reserved", "reserved", "available", "available"]
        changes = [(change.types, change.occurred_at) for change in replay([DROP_OFF], [booking], NOON + HOUR)]
        assert changes[1:] == [
            (["reservation_start"], NOON + 10 * MINUTE),
            (["reservation_cancel"], NOON + 15 * MINUTE),
        ]

    def test_a_ride_continues_whatever_the_calendar_says(self):
        start = event(5, "on_trip", "trip_start")
        end = event(15, "reserved", "trip_end", "reservation_start")
        events, booking = [DROP_OFF, start, end], allocation(10, 20)
        found = [state_at(minute, events, booking) for minute in (6, 12, 15, 20)]
        assert found == ["on_trip", "on_trip", "reserved", "available"]
        assert [change.event for change in replay(events, [booking], NOON + 12 * MINUTE)] == [DROP_OFF, start]

    def test_a_vehicle_that_waits_for_approval(self):
        waiting = event(0, "non_operational", "provider_drop_off", "off_hours")
        assert state_at(5, [waiting]) == "non_operational"
        assert state_at(5, [waiting, event(3, "available", "on_hours")]) == "available"

    def test_decommissioning_is_the_end(self):
        gone = event(5, "removed", "decommissioned")
        assert state_at(9, [DROP_OFF, gone]) == "removed"
        picked_up = event(5, "removed", "maintenance_pick_up")
        assert state_at(30, [DROP_OFF, picked_up], allocation(5, 20, MAINTAINED, "removed")) == "available"


class TestTheSameMoment:
    """An event may coincide with an allocation's start or end."""

    @pytest.mark.parametrize(
        ("act", "allocations"),
        [
            # The event ended it.
            (("available", "reservation_cancel"), [allocation(2, 5)]),
            (("on_trip", "trip_start"), [allocation(2, 5)]),
            # It was released, or had been just before.
            (("on_trip", "trip_start"), [allocation(2, 9, start_by=5)]),
            (("non_operational", "maintenance"), [allocation(2, 9, start_by=5), allocation(5, 9, MAINTAINED)]),
            # It had expired.
            (("on_trip", "trip_start"), [allocation(2, 5, MAINTAINED)]),
            # It had just started.
            (("reserved", "allocated"), [allocation(5, 9)]),
            (("available", "reservation_cancel"), [allocation(5, 9, cancelled=5)]),
            # One ended and another started.
            (("non_operational", "reservation_cancel", "maintenance"), [allocation(2, 5), allocation(5, 9, PAUSED)]),
            (("non_operational", "off_hours"), [allocation(2, 5), allocation(5, 9, PAUSED)]),
        ],
    )
    def test_either_came_first(self, act, allocations):
        assert state_at(5, [DROP_OFF, event(5, *act)], *allocations) == act[0]


class TestForgettingTheOld:
    @pytest.mark.parametrize(
        ("first", "allocations", "later"),
        [
            (("available", "trip_end"), [], "available"),
            (("on_trip", "trip_start"), [], "on_trip"),
            (("reserved", "reservation_start"), [allocation(5, 20)], "available"),
            (("missing", "not_located"), [allocation(5, None, MAINTAINED, "missing")], "missing"),
            (("non_operational", "provider_drop_off", "off_hours"), [], "non_operational"),
            (("available", "allocated"), [allocation(20, 40)], "reserved"),
            (("removed", "decommissioned"), [], "removed"),
        ],
    )
    def test_the_last_event_is_enough(self, first, allocations, later):
        assert state_at(30, [event(5, *first)], *allocations) == later


class TestBrokenLogs:
    @pytest.mark.parametrize(
        ("events", "allocations"),
        [
            ([], []),
            # There is no such transition.
            ([DROP_OFF, event(5, "available", "trip_end")], []),
            ([DROP_OFF, event(5, "on_trip", "trip_start"), event(9, "on_trip", "trip_start")], []),
            ([DROP_OFF, event(5, "non_operational", "maintenance"), event(9, "on_trip", "trip_start")], []),
            # Its state doesn't match its type.
            ([DROP_OFF, event(5, "reserved", "trip_start")], []),
            ([event(5, "reserved", "trip_start")], []),
            ([DROP_OFF, event(5, "available")], []),
            # An unknown state.
            ([event(5, "flying", "trip_start")], []),
            ([event(5, "available", "lift_off")], []),
            # The calendar contradicts it.
            ([DROP_OFF, event(5, "reserved", "reservation_start")], []),
            ([DROP_OFF, event(5, "available", "allocated")], [allocation(2, 9)]),
            ([DROP_OFF, event(5, "non_operational", "maintenance")], []),
            ([DROP_OFF, event(5, "removed", "rebalance_pick_up")], []),
            ([event(5, "missing", "not_located")], []),
            # Its allocation started at another time.
            ([DROP_OFF, event(5, "reserved", "reservation_start")], [allocation(2, 9)]),
            # Decommissioning is permanent.
            ([DROP_OFF, event(5, "removed", "decommissioned"), event(9, "on_trip", "trip_start")], []),
            # Out of order.
            ([DROP_OFF, event(0, "available", "allocated")], []),
        ],
    )
    def test_they_are_refused(self, events, allocations):
        with pytest.raises(BrokenLog):
            state_at(30, events, *allocations)


# --- Any life of a vehicle ------------------------------------------------------------------------------


class Life:
    """A vehicle whose events are recorded like those of ``fleet.calendar.events``, by a simpler implementation."""

    def __init__(self, rng):
        self.rng = rng
        self.vehicle = Vehicle(city="paris", status="available", approved_at=NOON)
        self.allocations, self.events, self.minute = [], [DROP_OFF], 0

    def covering(self, minute):
        return next((one for one in self.allocations if one.covers(NOON + minute * MINUTE)), None)

    def state(self, minute):
        return state_of(self.vehicle, self.covering(minute))

    def live(self):
        for _act in range(self.rng.randrange(1, 25)):
            self.minute += self.rng.randrange(1, 6)
            self.rng.choice([self.ride, self.ride, self.take, self.plan, self.cancel_own_allocation])()

    def ride(self):
        if self.vehicle.status == "on_trip":
            self.act(EventType.TRIP_END, status="available")
        elif self.state(self.minute) in {"available", "reserved"}:
            self.act(EventType.TRIP_START, status="on_trip")

    def take(self):
        before = self.covering(self.minute)
        if before is None and self.vehicle.status == "available":
            new = allocation(self.minute, self.free_until(self.minute), self.rng.choice(list(STATES)))
            self.allocations.append(new)
            self.act(entering(new), status="available")

    def plan(self):
        start = self.minute + self.rng.randrange(1, 9)
        if self.covering(start) is None and self.free_until(start) > start:
            self.allocations.append(allocation(start, self.free_until(start), self.rng.choice(list(STATES))))
            self.act(EventType.ALLOCATED, status=self.vehicle.status)

    def cancel_own_allocation(self):
        current = self.covering(self.minute)
        if current and self.vehicle.status == "available":
            found = self.state(self.minute)
            current.end(NOON + self.minute * MINUTE)
            self.act(leaving(current), status="available", found=found)

    def free_until(self, minute):
        ahead = [(one.starts_at - NOON) // MINUTE for one in self.allocations if one.cancelled_at is None]
        return min([start for start in ahead if start > minute] + [minute + self.rng.randrange(1, 12)])

    def act(self, type_, *, status, found=None):
        self.vehicle.status = status
        state, types = self.state(self.minute), [type_]
        if state != "on_trip" and type_ == EventType.TRIP_END and state != "available":
            types.append(entering(self.covering(self.minute)))
        if found is not None:
            assert follow(found, types) == state
        self.events.append(event(self.minute, state, *types))


@given(seed=st.integers(min_value=0))
@settings(max_examples=300, deadline=None)
def test_any_life_replays_to_what_the_row_says_then_and_later(seed):
    life = Life(random.Random(seed))
    life.live()
    for minute in range(life.minute, life.minute + 30):
        assert state_at(minute, life.events, *life.allocations) == life.state(minute)


@given(seed=st.integers(min_value=0))
@settings(max_examples=200, deadline=None)
def test_however_much_of_it_is_forgotten(seed):
    life = Life(random.Random(seed))
    life.live()
    for kept in range(1, len(life.events) + 1):
        assert state_at(life.minute, life.events[-kept:], *life.allocations) == life.state(life.minute)


@given(seed=st.integers(min_value=0))
@settings(max_examples=200, deadline=None)
def test_a_start_or_an_end_of_a_ride_that_is_missing_is_noticed(seed):
    life = Life(random.Random(seed))
    life.live()
    acts = [at for at, one in enumerate(life.events[1:-1], start=1) if one.event_types[0] in {"trip_start", "trip_end"}]
    for at in acts:
        rest = life.events[at + 1 :]
        if rest[0].event_types[0] == "allocated" or life.events[at].state == rest[0].state:
            continue
        with pytest.raises(BrokenLog):
            state_at(life.minute, life.events[:at] + rest, *life.allocations)


# --- The services' own logs -----------------------------------------------------------------------------


@pytest.fixture
def clock(time_machine):
    time_machine.move_to(NOON, tick=False)
    return time_machine


def replayed(vehicle, moment):
    events = VehicleEvent.objects.filter(city=vehicle.city, vehicle_id=vehicle.id).order_by("occurred_at")
    return present_state(events, Allocation.objects.filter(city=vehicle.city, vehicle_id=vehicle.id), moment)


def ride_of(rider, vehicle, token):
    where = {"vehicle_city": vehicle.city, "vehicle_id": vehicle.id}
    return start_ride(rider=rider, city=registry[vehicle.city], **where, token=token)


def end(ride):
    end_ride(city=ride.city, ride_id=ride.id, rider=None, end_location="Louvre")


@pytest.mark.django_db
def test_a_vehicle_that_everything_happens_to(clock, settings):
    settings.VEHICLES_NEED_APPROVAL = True
    rider, owner, staff = UserFactory(), UserFactory(), StaffFactory()
    vehicle = add_vehicle(owner=owner, type="e-bike", color="red", last_location="Bastille", token="new")
    Vehicle.objects.filter(pk=vehicle.pk).update(battery_percent=20)
    here = {"city": "paris", "vehicle_id": vehicle.id}
    rides = []
    story = [
        lambda: approve_vehicle(**here, by=staff),
        lambda: reserve(rider, vehicle),
        lambda: rides.append(ride_of(rider, vehicle, "first")),
        lambda: end(rides[0]),
        lambda: book(rider, vehicle, 1, 2, "ahead"),
        lambda: cancel_own_allocation(rider=rider, city="paris", allocation_id=Allocation.objects.bookings().get().id),
        lambda: pause_vehicle(**here, owner=owner),
        lambda: swap_battery(**here, by=staff),
        lambda: resume_vehicle(**here, owner=owner),
        lambda: reserve(UserFactory(), vehicle, "held"),
        lambda: maintain(vehicle),
        lambda: end_maintenance(**here, by=staff),
        lambda: report_problem(reporter=rider, vehicle_city="paris", vehicle_id=vehicle.id, kind="brakes", token="bad"),
        lambda: pick_up_vehicle(**here, by=staff),
        lambda: drop_off_vehicle(**here, by=staff, place="Louvre"),
        lambda: report_missing(**here, by=staff),
        lambda: mark_found(**here, by=staff, place="Louvre"),
        lambda: rides.append(ride_of(rider, vehicle, "second")),
        lambda: maintain(vehicle, 0.5, 3),
        lambda: end(rides[1]),
        lambda: remove_vehicle(**here, by=owner),
    ]
    states = []
    for number, act in enumerate(story):
        clock.move_to(NOON + number * MINUTE, tick=False)
        act()
        now = NOON + number * MINUTE + timedelta(milliseconds=1)
        row = Vehicle.objects.get(pk=vehicle.pk)
        covering = Allocation.objects.live().filter(vehicle_id=vehicle.id)
        expected = state_of(row, next((one for one in covering if one.covers(now)), None))
        assert replayed(row, now) == expected, number
        states.append(expected)
    assert set(states) == set(VehicleState)
    # Past states are replayed too.
    assert [replayed(row, NOON + number * MINUTE + timedelta(milliseconds=1)) for number in range(len(story))] == states


@pytest.mark.django_db
def test_an_allocation_that_an_import_made_needs_no_event(clock):
    vehicle = VehicleFactory()
    AllocationFactory(vehicle=vehicle, maintenance=True)
    assert replayed(vehicle, NOON) == "non_operational"
