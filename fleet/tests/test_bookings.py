"""Booking a vehicle for an interval, without conflicts."""

import pytest

from accounts.models import User
from cities.registry import registry
from fleet.calendar.intervals import Interval
from fleet.models import Allocation, Vehicle
from fleet.services import CalendarConflict, VehicleRefused, cancel_allocation, cancel_own_allocation
from fleet.tests.calendars import HOUR, MINUTE, NOON, book, code_of, live, log, maintain, reserve
from fleet.tests.factories import VehicleFactory
from rides.late_bookings import notify_late_bookings
from rides.services import end_ride, start_ride

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def vehicle():
    return VehicleFactory()


def start(person, vehicle, token="ride"):
    return start_ride(
        rider=person, city=registry[vehicle.city], vehicle_city=vehicle.city, vehicle_id=vehicle.id, token=token
    )


def free(vehicle, start, end) -> bool:
    interval = Interval(NOON + start * HOUR, NOON + end * HOUR)
    return Vehicle.objects.in_city(vehicle.city).free_for(interval).filter(id=vehicle.id).exists()


def test_a_booking_keeps_its_time_and_touches_its_neighbours(rider, other_rider, vehicle):
    book(rider, vehicle, 10, 20)
    book(other_rider, vehicle, 8, 10)
    book(other_rider, vehicle, 20, 22, "another form")
    assert not free(vehicle, 9, 11)
    assert free(vehicle, 22, 24)


@pytest.mark.parametrize(
    ("start", "end"),
    [(9, 21), (10, 20), (12, 15), (9, 11), (19, 21), (10, 11), (19, 20)],
    ids=["enclosing", "identical", "within", "into its beginning", "out of its end", "from its start", "to its end"],
)
def test_an_overlap_is_refused_with_the_next_free_interval(rider, other_rider, vehicle, start, end):
    book(rider, vehicle, 10, 20)
    with pytest.raises(CalendarConflict) as refused:
        book(other_rider, vehicle, start, end)
    assert refused.value.code == "conflict"
    assert refused.value.interval == Interval(NOON + 10 * HOUR, NOON + 20 * HOUR)
    assert refused.value.next_free == Interval.lasting(NOON + 20 * HOUR, (end - start) * HOUR)
    assert rider.username not in str(refused.value)
    assert len(live(vehicle)) == 1


@pytest.mark.parametrize("bounds", [(None, None), (15, None), (5, 15)])
def test_a_booking_into_maintenance_is_refused_however_long_that_takes(rider, vehicle, bounds):
    maintain(vehicle, *bounds)
    with pytest.raises(CalendarConflict) as refused:
        book(rider, vehicle, 10, 20)
    assert (refused.value.next_free is None) == (bounds[1] is None)


@pytest.mark.parametrize(
    ("starts_at", "ends_at"),
    [(None, NOON + 23 * HOUR), (NOON + 5 * HOUR, None), (None, None), (None, NOON + 11 * HOUR)],
)
def test_unbounded_allocations_conflict(rider, vehicle, starts_at, ends_at):
    """Such rows may have been imported (IB1, IB3, IB4)."""
    Allocation.objects.create(
        city="paris",
        vehicle_id=vehicle.id,
        kind="maintenance",
        state="non_operational",
        starts_at=starts_at,
        ends_at=ends_at,
    )
    assert code_of(book, rider, vehicle, 10, 20) == "conflict"
    assert not free(vehicle, 10, 20)


def test_outside_an_unbounded_one_there_is_room(rider, vehicle):
    for starts_at, ends_at in [(None, NOON + 5 * HOUR), (NOON + 20 * HOUR, None)]:
        Allocation.objects.create(
            city="paris",
            vehicle_id=vehicle.id,
            kind="maintenance",
            state="non_operational",
            starts_at=starts_at,
            ends_at=ends_at,
        )
    book(rider, vehicle, 5, 20)


@pytest.mark.parametrize(
    ("start", "end", "code"),
    [
        (-2, 3, "in_the_past"),
        (5, 5.1, "too_short"),
        (20, 10, "too_short"),
        (5, 5, "too_short"),
        (5, 78, "too_long"),
        (24 * 31, 24 * 31 + 1, "too_far_ahead"),
    ],
)
def test_an_interval_beyond_the_limits_is_refused(rider, vehicle, start, end, code):
    assert code_of(book, rider, vehicle, start, end) == code
    assert not live(vehicle)


def test_from_now_on_means_now_even_when_the_form_took_a_while(rider, vehicle, clock):
    clock.move_to(NOON + 5 * MINUTE, tick=False)
    assert book(rider, vehicle, 0, 2).starts_at == NOON + 5 * MINUTE
    assert log(vehicle)[-1] == (["reservation_start"], "reserved")


def test_what_lies_ahead_changes_nothing_yet(rider, other_rider, vehicle):
    book(rider, vehicle, 5, 6)
    assert log(vehicle)[-1] == (["allocated"], "available")
    start(other_rider, vehicle)


def test_the_same_form_twice_is_one_booking(rider, vehicle):
    assert book(rider, vehicle, 5, 6).id == book(rider, vehicle, 5, 6).id
    assert len(live(vehicle)) == 1


def test_the_same_form_after_it_was_cancelled_says_so(rider, vehicle):
    booking = book(rider, vehicle, 5, 6)
    cancel_own_allocation(rider=rider, city="paris", allocation_id=booking.id)
    assert code_of(book, rider, vehicle, 5, 6) == "already_ended"


def test_a_cancelled_one_makes_room(rider, other_rider, vehicle):
    booking = book(rider, vehicle, 5, 6)
    cancel_own_allocation(rider=rider, city="paris", allocation_id=booking.id)
    cancel_own_allocation(rider=rider, city="paris", allocation_id=booking.id)
    assert [types for types, _state in log(vehicle)][-2:] == [["allocated"], ["released"]]
    book(other_rider, vehicle, 5, 6)


def test_the_rest_of_one_can_be_cancelled(rider, vehicle, clock):
    booking = book(rider, vehicle, 0, 3)
    clock.move_to(NOON + 20 * MINUTE, tick=False)
    cancel_own_allocation(rider=rider, city="paris", allocation_id=booking.id)
    assert live(vehicle)[0].ends_at == NOON + 20 * MINUTE
    assert log(vehicle)[-1] == (["reservation_cancel"], "available")


def test_someone_elses_is_not_cancelled(rider, other_rider, vehicle):
    booking = book(rider, vehicle, 5, 6)
    refused = code_of(cancel_own_allocation, rider=other_rider, city="paris", allocation_id=booking.id)
    assert refused == "allocation_gone"


def test_staff_cancel_one_and_the_person_gets_a_mail(
    rider, other_rider, vehicle, mailoutbox, django_capture_on_commit_callbacks
):
    booking = book(rider, vehicle, 5, 6)
    with django_capture_on_commit_callbacks(execute=True):
        cancel_allocation(city="paris", allocation_id=booking.id, by=other_rider)
    (notice,) = rider.notifications.all()
    assert notice.code == "booking_cancelled"
    assert vehicle.code in notice.text
    assert "out of service" not in notice.text  # the vehicle is fine
    assert notice.text.endswith("19:00.")
    assert [mail.to for mail in mailoutbox] == [[rider.email]]


def test_the_riders_own_reservation_becomes_part_of_the_booking(rider, vehicle, clock):
    reserve(rider, vehicle)
    clock.move_to(NOON + MINUTE, tick=False)
    book(rider, vehicle, 0, 3, "another form")
    assert User.objects.get(id=rider.id).hold_until is None
    assert log(vehicle)[-1] == (["reservation_cancel", "reservation_start"], "reserved")


def test_one_person_does_not_book_everything(rider, settings):
    settings.MAX_BOOKINGS = 2
    for number in range(2):
        book(rider, VehicleFactory(), 5, 6, f"form {number}")
    assert code_of(book, rider, VehicleFactory(), 5, 6, "third form") == "too_many_bookings"


def test_an_unconfirmed_address_books_nothing(rider, vehicle, settings):
    settings.EMAIL_VERIFICATION = True
    assert code_of(book, rider, vehicle, 5, 6) == "email_unconfirmed"


@pytest.mark.parametrize(
    ("change", "code"),
    [({"status": "removed"}, "vehicle_gone"), ({"approved_at": None}, "awaits_approval")],
)
def test_a_vehicle_that_is_not_on_the_road_is_refused(rider, vehicle, change, code):
    Vehicle.objects.filter(pk=vehicle.pk).update(**change)
    assert code_of(book, rider, vehicle, 5, 6) == code


def test_a_vehicle_being_ridden_is_booked_for_later_but_not_for_now(rider, other_rider, vehicle):
    start(other_rider, vehicle)
    assert code_of(book, rider, vehicle, 0.1, 2) == "vehicle_in_use"
    assert not free(vehicle, 0.1, 2)
    assert free(vehicle, 5, 6)
    book(rider, vehicle, 5, 6)


# --- Rides and bookings -----------------------------------------------------------------------------------


def test_a_ride_within_someone_elses_booking_is_refused(rider, other_rider, vehicle):
    book(rider, vehicle, 0, 2)
    assert code_of(start, other_rider, vehicle) == "booked"


def test_the_riders_own_booking_can_be_ridden_repeatedly(rider, vehicle, clock):
    book(rider, vehicle, 0, 2)
    for minutes in (10, 40):
        clock.move_to(NOON + minutes * MINUTE, tick=False)
        ride = start(rider, vehicle, f"ride {minutes}")
        clock.move_to(NOON + (minutes + 5) * MINUTE, tick=False)
        end_ride(city="paris", ride_id=ride.id, rider=rider, end_location="Louvre")
        assert log(vehicle)[-1] == (["trip_end", "reservation_start"], "reserved")
    assert len(live(vehicle)) == 1


def test_shortly_before_a_booking_no_one_else_can_start(rider, other_rider, vehicle, clock):
    book(rider, vehicle, 2, 3)
    clock.move_to(NOON + 2 * HOUR - 14 * MINUTE, tick=False)
    assert code_of(start, other_rider, vehicle) == "booked_soon"
    start(rider, vehicle)  # one's own booking may begin early


def test_before_a_booking_the_rider_sees_the_time_left(rider, other_rider, vehicle, client_of, clock):
    book(rider, vehicle, 2, 3)
    clock.move_to(NOON + HOUR, tick=False)
    page = client_of(other_rider).post(f"/rides/start/paris/{vehicle.public_id}/", {"token": "ride"}, follow=True)
    assert "please end your ride within 1\xa0hour" in page.content.decode()


def test_long_before_a_booking_there_is_no_warning(rider, other_rider, vehicle):
    book(rider, vehicle, 5, 6)
    assert start(other_rider, vehicle).due_at is None


def test_a_ride_that_ends_in_a_booking_leaves_the_vehicle_reserved(rider, other_rider, vehicle, clock):
    ride = start(other_rider, vehicle)
    book(rider, vehicle, 1, 3)
    clock.move_to(NOON + 2 * HOUR, tick=False)
    end_ride(city="paris", ride_id=ride.id, rider=other_rider, end_location="Louvre")
    assert log(vehicle)[-1] == (["trip_end", "reservation_start"], "reserved")


def test_a_late_vehicle_is_notified_once(
    rider, other_rider, vehicle, clock, mailoutbox, django_capture_on_commit_callbacks
):
    start(other_rider, vehicle)
    book(rider, vehicle, 1, 3)
    assert notify_late_bookings() == 0
    clock.move_to(NOON + HOUR, tick=False)
    with django_capture_on_commit_callbacks(execute=True):
        assert [notify_late_bookings(), notify_late_bookings()] == [1, 1]
    assert [notice.code for notice in rider.notifications.all()] == ["booking_late"]
    assert len(mailoutbox) == 1


def test_someone_who_cancelled_hears_nothing_of_a_late_vehicle(rider, other_rider, vehicle, clock):
    start(other_rider, vehicle)
    booking = book(rider, vehicle, 1, 3)
    cancel_own_allocation(rider=rider, city="paris", allocation_id=booking.id)
    clock.move_to(NOON + HOUR, tick=False)
    assert notify_late_bookings() == 0


def test_someone_who_rides_their_own_booked_vehicle_is_not_late(rider, vehicle, clock):
    book(rider, vehicle, 0, 3)
    clock.move_to(NOON + MINUTE, tick=False)
    start(rider, vehicle)
    assert notify_late_bookings() == 0


def test_refusals_are_refusals(rider, vehicle):
    with pytest.raises(VehicleRefused):
        book(rider, vehicle, 20, 10)


# --- Exactly at a limit -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end"),
    [(5, 5.25), (5, 77), (24 * 30, 24 * 30 + 1), (-1 / 6, 1)],
    ids=["the shortest", "the longest", "the latest start", "the earliest start"],
)
def test_a_booking_exactly_at_a_limit_is_accepted(rider, vehicle, start, end):
    assert book(rider, vehicle, start, end).ends_at == NOON + end * HOUR


def test_one_that_would_end_now_is_refused(rider, vehicle, settings):
    settings.BOOKING_MIN_MINUTES = 5
    assert code_of(book, rider, vehicle, -1 / 6, 0) == "in_the_past"


def test_a_vehicle_being_ridden_can_be_booked_from_the_end_of_the_buffer(rider, other_rider, vehicle, clock):
    start(other_rider, vehicle)
    clock.move_to(NOON + 45 * MINUTE, tick=False)
    assert code_of(book, rider, vehicle, 0.99, 2) == "vehicle_in_use"
    assert free(vehicle, 1, 2)
    book(rider, vehicle, 1, 2)


def test_a_vehicle_being_ridden_is_not_free_without_a_start(rider, vehicle):
    until_noon = Interval(None, NOON + HOUR)
    assert Vehicle.objects.free_for(until_noon).exists()
    start(rider, vehicle)
    assert not Vehicle.objects.free_for(until_noon).exists()


def test_only_bookings_count_towards_their_limit(rider, vehicle, settings):
    settings.MAX_BOOKINGS = 1
    reserve(rider, VehicleFactory())
    book(rider, vehicle, 5, 6)


def test_staff_who_cancel_their_own_are_not_told(staff, vehicle):
    booking = book(staff, vehicle, 5, 6)
    cancel_allocation(city="paris", allocation_id=booking.id, by=staff)
    assert not staff.notifications.exists()


def test_a_late_booking_whose_rider_has_left_notifies_no_one(rider, other_rider, vehicle, clock):
    start(other_rider, vehicle)
    booking = book(rider, vehicle, 1, 3)
    Allocation.objects.filter(id=booking.id).update(rider_id=None)
    clock.move_to(NOON + HOUR, tick=False)
    notify_late_bookings()
    assert not rider.notifications.exists()
