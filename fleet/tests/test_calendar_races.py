"""Concurrent changes to a calendar: no interval is given away twice, and those who lose see the reason."""

import re
from collections import Counter
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.services import move_home, remove_account
from accounts.tests.factories import StaffFactory, UserFactory
from cities.registry import registry
from fleet.models import Allocation, Vehicle, VehicleEvent
from fleet.services import (
    add_vehicle,
    book_vehicle,
    cancel_allocation,
    cancel_own_allocation,
    pause_vehicle,
    put_in_maintenance,
    remove_vehicle,
    reserve_vehicle,
    resume_vehicle,
)
from fleet.tests.calendars import HOUR, MINUTE, live
from fleet.tests.factories import VehicleFactory
from movr_project.errors import Refused
from movr_project.tests.threads import at_once
from notifications.models import Notification
from operations.models import ProblemKind, ProblemReport
from operations.services.field_work import drop_off_vehicle, pick_up_vehicle, swap_battery
from operations.services.reports import close_report, report_problem
from rides.models import Ride
from rides.services import end_ride, start_ride
from rides.tests.agreement import assert_everything_agrees

pytestmark = pytest.mark.django_db(transaction=True)

DONE = "done"
MANY = 12


@pytest.fixture(autouse=True)
def _nothing_is_given_away_twice():
    yield
    assert_everything_agrees()


@pytest.fixture
def vehicle():
    """An owner's vehicle, put on the street by the service, so that its log is complete."""
    return new_vehicle()


def new_vehicle():
    owner = UserFactory()
    vehicle = add_vehicle(owner=owner, type="e-bike", color="blue", last_location="Louvre", token="form")
    Vehicle.objects.filter(id=vehicle.id).update(battery_percent=20, range_m=5000)
    return vehicle


def key_of(vehicle):
    return {"city": vehicle.city, "vehicle_id": vehicle.id}


def reserve(rider, vehicle, token="form"):
    city = registry[vehicle.city]
    return lambda: reserve_vehicle(rider=rider, city=city, vehicle_city=city.name, vehicle_id=vehicle.id, token=token)


def book(rider, vehicle, after=HOUR, token="form"):
    start = timezone.now().replace(microsecond=0) + after
    return lambda: book_vehicle(
        rider=rider,
        vehicle_city=vehicle.city,
        vehicle_id=vehicle.id,
        starts_at=start,
        ends_at=start + HOUR,
        token=token,
    )


def start(rider, vehicle, token="form"):
    city = registry[vehicle.city]
    return lambda: start_ride(rider=rider, city=city, vehicle_city=city.name, vehicle_id=vehicle.id, token=token)


def end(ride):
    return lambda: end_ride(city=ride.city, ride_id=ride.id, rider=ride.rider, end_location="Orsay")


def maintain(vehicle, by=None, **interval):
    return lambda: put_in_maintenance(**key_of(vehicle), by=by, **interval)


def pause(vehicle):
    return lambda: pause_vehicle(**key_of(vehicle), owner=vehicle.owner)


def remove(vehicle):
    return lambda: remove_vehicle(**key_of(vehicle), by=vehicle.owner)


def report(reporter, vehicle, kind=ProblemKind.BRAKES, token="form"):
    return lambda: report_problem(
        reporter=reporter,
        vehicle_city=vehicle.city,
        vehicle_id=vehicle.id,
        kind=kind,
        token=token,
        at_label=True,
    )


def outcomes(results):
    """Count the outcomes: codes of refusals, or success. Raise other errors."""
    counter = Counter()
    for result in results:
        if isinstance(result, Refused):
            counter[result.code] += 1
        elif isinstance(result, Exception):
            raise result
        else:
            counter[DONE] += 1
    return counter


def hold_until(person):
    return User.objects.get(id=person.id).hold_until


def events(vehicle, *types):
    return [
        event
        for event in VehicleEvent.objects.filter(city=vehicle.city, vehicle_id=vehicle.id)
        if set(types) & set(event.event_types)
    ]


# --- The same slot --------------------------------------------------------------------------------------


def test_of_12_people_who_book_the_same_hour_one_has_it(vehicle):
    results = at_once(*(book(rider, vehicle) for rider in UserFactory.create_batch(MANY)))
    assert outcomes(results) == {DONE: 1, "conflict": MANY - 1}
    assert len(live(vehicle)) == 1


def test_of_12_people_who_book_overlapping_hours_those_without_conflict_succeed(vehicle):
    """Every half hour from now on, for an hour each: at most every other one fits."""
    people = UserFactory.create_batch(MANY)
    results = at_once(*(book(rider, vehicle, HOUR + number * 30 * MINUTE) for number, rider in enumerate(people)))
    assert set(outcomes(results)) == {DONE, "conflict"}
    assert MANY // 3 <= outcomes(results)[DONE] <= MANY // 2


def test_12_people_who_book_one_hour_after_the_other_all_have_theirs(vehicle):
    people = UserFactory.create_batch(MANY)
    results = at_once(*(book(rider, vehicle, HOUR * (1 + number)) for number, rider in enumerate(people)))
    assert outcomes(results) == {DONE: MANY}


def test_of_12_people_who_reserve_one_vehicle_one_holds_it(vehicle):
    people = UserFactory.create_batch(MANY)
    results = at_once(*(reserve(rider, vehicle) for rider in people))
    assert outcomes(results) == {DONE: 1, "reserved": MANY - 1}
    assert sum(hold_until(rider) is not None for rider in people) == 1


def test_someone_who_reserves_12_vehicles_holds_one(rider):
    vehicles = VehicleFactory.create_batch(MANY)
    results = at_once(*(reserve(rider, vehicle) for vehicle in vehicles))
    assert outcomes(results) == {DONE: 1, "already_holding": MANY - 1}
    assert Allocation.objects.live().get().ends_at == hold_until(rider)


def test_someone_who_reserves_vehicles_in_two_cities_holds_one(rider):
    vehicles = [*VehicleFactory.create_batch(3), *VehicleFactory.create_batch(3, city="rome", somewhere=True)]
    results = at_once(*(reserve(rider, vehicle) for vehicle in vehicles))
    assert outcomes(results) == {DONE: 1, "already_holding": 5}


def test_someone_who_books_12_vehicles_at_once_keeps_to_the_limit(rider, settings):
    settings.MAX_BOOKINGS = 3
    results = at_once(*(book(rider, vehicle) for vehicle in VehicleFactory.create_batch(MANY)))
    assert outcomes(results) == {DONE: 3, "too_many_bookings": MANY - 3}


# --- The same form, many times --------------------------------------------------------------------------


@pytest.mark.parametrize("act", [reserve, book])
def test_one_form_sent_12_times_is_one_allocation_and_every_answer_is_that_one(rider, vehicle, act):
    made = at_once(*[act(rider, vehicle)] * MANY)
    assert outcomes(made) == {DONE: MANY}
    assert {allocation.id for allocation in made} == {live(vehicle)[0].id}
    assert len(live(vehicle)) == 1
    assert len(events(vehicle, "reservation_start", "allocated")) == 1


def messages_on(response):
    return re.findall(r'<div class="alert [^>]*>.*?<p>(.*?)</p>', response.content.decode(), re.DOTALL)


def test_someone_who_presses_the_button_12_times_reads_12_times_that_it_is_reserved(rider, vehicle):
    url = reverse("fleet:vehicle_reserve", args=["paris", vehicle.public_id])
    clients = [Client() for _browser in range(MANY)]
    for client in clients:
        client.force_login(rider)
    responses = at_once(*(lambda client=client: client.post(url, {"token": "form"}, follow=True) for client in clients))
    assert [response.status_code for response in responses] == [200] * MANY
    assert len({sentence for response in responses for sentence in messages_on(response)[:1]}) == 1
    assert len(live(vehicle)) == 1


def test_cancelled_12_times_at_once_a_reservation_ends_once(rider, vehicle):
    reservation = reserve(rider, vehicle)()
    cancel = [lambda: cancel_own_allocation(rider=rider, city="paris", allocation_id=reservation.id)] * MANY
    assert outcomes(at_once(*cancel)) == {DONE: MANY}
    assert hold_until(rider) is None
    assert len(events(vehicle, "reservation_cancel")) == 1


def test_an_old_reservation_cancelled_while_a_new_one_is_made_leaves_one_that_counts(rider, vehicle):
    old, other = reserve(rider, vehicle)(), VehicleFactory()
    cancelled, reserved = at_once(
        lambda: cancel_own_allocation(rider=rider, city="paris", allocation_id=old.id), reserve(rider, other)
    )
    assert outcomes([cancelled]) == {DONE: 1}
    assert set(outcomes([reserved])) <= {DONE, "already_holding"}
    assert (hold_until(rider) is not None) == bool(live(other))


def test_a_booking_cancelled_by_its_rider_and_by_staff_is_cancelled_once(rider, vehicle, mailoutbox):
    booking, staff = book(rider, vehicle)(), StaffFactory()
    one = {"city": "paris", "allocation_id": booking.id}
    results = at_once(
        *[lambda: cancel_own_allocation(**one, rider=rider)] * 3,
        *[lambda: cancel_allocation(**one, by=staff)] * 3,
    )
    assert outcomes(results) == {DONE: 6}
    assert len(events(vehicle, "released")) == 1
    assert Notification.objects.filter(user_id=rider.id).count() == len(mailoutbox) <= 1


# --- Different things with one vehicle ------------------------------------------------------------------


def test_reserved_started_maintained_paused_and_removed_at_once_one_of_them_comes_first(vehicle):
    reserver, starter, booker = UserFactory.create_batch(3)
    results = at_once(
        reserve(reserver, vehicle),
        start(starter, vehicle),
        book(booker, vehicle, 5 * MINUTE),
        maintain(vehicle),
        pause(vehicle),
        remove(vehicle),
    )
    refusals = {"reserved", "booked", "booked_soon", "off_the_road", "vehicle_in_use", "vehicle_gone", "conflict"}
    assert set(outcomes(results)) <= refusals | {DONE}
    vehicle.refresh_from_db()
    # It is ridden or removed, but never both. Once removed, it has no allocations.
    assert not (vehicle.is_removed and live(vehicle) and live(vehicle)[-1].ends_at is None)
    assert not (vehicle.is_removed and Ride.objects.open().exists())


@pytest.mark.parametrize("after", [0 * MINUTE, MINUTE, 14 * MINUTE], ids=["now", "soon", "just within the guard"])
def test_of_a_booking_soon_and_a_start_at_once_one_succeeds(vehicle, after):
    booker, starter = UserFactory.create_batch(2)
    booked, started = at_once(book(booker, vehicle, after), start(starter, vehicle))
    happened = outcomes([booked, started])
    assert happened[DONE] == 1
    assert set(happened) <= {DONE, "vehicle_in_use", "booked", "booked_soon"}


def test_of_a_reservation_and_a_booking_at_once_one_succeeds(vehicle):
    holder, booker = UserFactory.create_batch(2)
    happened = outcomes(at_once(reserve(holder, vehicle), book(booker, vehicle, MINUTE)))
    assert happened[DONE] == 1
    assert set(happened) <= {DONE, "conflict", "booked_soon", "booked"}


def test_two_maintenances_at_once_are_one(vehicle):
    results = at_once(*[maintain(vehicle, StaffFactory())] * 6)
    assert outcomes(results) == {DONE: 1, "conflict": 5}
    assert [each.kind for each in live(vehicle)] == ["maintenance"]


def test_cancellation_by_maintenance_notifies_once(vehicle, mailoutbox):
    riders = UserFactory.create_batch(4)
    for number, rider in enumerate(riders):
        book(rider, vehicle, HOUR * (1 + number))()
    results = at_once(*[maintain(vehicle)] * 4, *(lambda: pick_up_vehicle(**key_of(vehicle), by=None) for _ in "ab"))
    assert set(outcomes(results)) <= {DONE, "conflict"}
    to_riders = sorted(mail.to for mail in mailoutbox if mail.to != [vehicle.owner.email])
    assert to_riders == sorted([rider.email] for rider in riders)
    assert Notification.objects.filter(code="booking_cancelled").count() == len(riders)
    assert [User.objects.get(id=rider.id).unread_notifications for rider in riders] == [1] * len(riders)


def test_paused_and_resumed_again_and_again_it_is_one_or_the_other(vehicle):
    results = at_once(*[pause(vehicle)] * 5, *[lambda: resume_vehicle(**key_of(vehicle), owner=vehicle.owner)] * 5)
    assert set(outcomes(results)) <= {DONE, "not_paused"}
    assert sum(each.ends_at is None for each in live(vehicle)) <= 1


def test_ridden_with_its_reservation_and_cancelled_at_once_the_hold_is_over(rider, vehicle):
    reservation = reserve(rider, vehicle)()
    results = at_once(
        start(rider, vehicle, "ride"),
        lambda: cancel_own_allocation(rider=rider, city="paris", allocation_id=reservation.id),
    )
    assert outcomes(results) == {DONE: 2}
    assert hold_until(rider) is None
    assert Ride.objects.open().count() == 1


def test_a_hold_that_expires_while_12_people_reach_for_the_vehicle_passes_to_one(rider, vehicle):
    hold = reserve(rider, vehicle)()
    soon = timezone.now() + timedelta(milliseconds=300)
    Allocation.objects.filter(city="paris", id=hold.id).update(ends_at=soon)
    User.objects.filter(id=rider.id).update(hold_until=soon)

    def insist(reach):
        def again():
            while True:
                try:
                    return reach()
                except Refused as refused:
                    if refused.code != "reserved" or timezone.now() > soon + timedelta(seconds=1):
                        return refused

        return again

    people = UserFactory.create_batch(MANY)
    results = at_once(*(insist(reserve(person, vehicle)) for person in people))
    assert outcomes(results)[DONE] == 1
    assert set(outcomes(results)) <= {DONE, "reserved"}


def test_ended_while_it_is_put_in_maintenance_it_is_out_of_service(rider, vehicle):
    ride = start(rider, vehicle)()
    assert outcomes(at_once(end(ride), maintain(vehicle))) == {DONE: 2}
    assert VehicleEvent.objects.filter(vehicle_id=vehicle.id).latest("occurred_at").state == "non_operational"


def test_picked_up_swapped_and_dropped_off_at_once_the_log_stays_whole(vehicle):
    staff = StaffFactory()
    results = at_once(
        *[lambda: pick_up_vehicle(**key_of(vehicle), by=staff)] * 3,
        *[lambda: swap_battery(**key_of(vehicle), by=staff)] * 3,
        *[lambda: drop_off_vehicle(**key_of(vehicle), by=staff, place="The depot")] * 3,
    )
    assert set(outcomes(results)) <= {DONE, "not_picked_up"}
    vehicle.refresh_from_db()
    assert (vehicle.battery_percent, vehicle.range_m) == (100, 25_000)


# --- Reports --------------------------------------------------------------------------------------------


def test_one_report_sent_12_times_is_one(rider, vehicle, mailoutbox):
    reports = at_once(*[report(rider, vehicle)] * MANY)
    assert outcomes(reports) == {DONE: MANY}
    assert ProblemReport.objects.get().took_off
    assert len(live(vehicle)) == 1
    assert [mail.to for mail in mailoutbox] == [[vehicle.owner.email]]


def test_12_people_who_report_the_same_take_the_vehicle_off_once(vehicle, mailoutbox):
    results = at_once(*(report(rider, vehicle, ProblemKind.DIRTY) for rider in UserFactory.create_batch(MANY)))
    assert outcomes(results) == {DONE: MANY}
    assert ProblemReport.objects.filter(took_off=True).count() == 1
    assert len(live(vehicle)) == 1
    assert len(mailoutbox) == 1


def test_a_report_closed_12_times_at_once_notifies_once(rider, vehicle, mailoutbox):
    made = report(rider, vehicle, ProblemKind.DIRTY)()
    close = [lambda: close_report(city="paris", report_id=made.id, resolution="Cleaned")] * MANY
    assert outcomes(at_once(*close)) == {DONE: MANY}
    assert len(mailoutbox) == Notification.objects.count() == 1


# --- People who move and leave --------------------------------------------------------------------------


@pytest.mark.parametrize("act", [reserve, book, start, report])
def test_someone_who_leaves_while_acting_leaves_nothing_behind(rider, vehicle, act):
    page = User.objects.get(id=rider.id)
    left, acted = at_once(lambda: remove_account(user=rider), act(page, vehicle))
    assert set(outcomes([left])) <= {DONE, "riding"}
    assert set(outcomes([acted])) <= {DONE, "account_changed"}
    if outcomes([left]) == {DONE: 1}:
        assert not Allocation.objects.filter(rider_id=rider.id).exists()
        assert not ProblemReport.objects.filter(reporter_id=rider.id).exists()
        assert not VehicleEvent.objects.filter(actor_id=rider.id).exists()


@pytest.mark.parametrize("act", [reserve, book, start, report])
def test_someone_who_moves_while_acting_takes_it_along_or_is_refused(rider, vehicle, act):
    page = User.objects.get(id=rider.id)
    moved, acted = at_once(lambda: move_home(user=rider, city=registry["rome"]), act(page, vehicle))
    assert set(outcomes([moved])) <= {DONE, "riding"}
    assert set(outcomes([acted])) <= {DONE, "account_changed"}
