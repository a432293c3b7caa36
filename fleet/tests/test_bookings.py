"""A vehicle is booked for an interval ahead, and never twice (rows I1, I2, I15; IB1-IB5, IB10)."""

import pytest

from accounts.models import User
from cities.registry import registry
from fleet.intervals import Interval
from fleet.models import Allocation, Vehicle
from fleet.services import CalendarConflict, VehicleRefused, cancel_allocation, give_back, tell_late_bookings
from fleet.tests.calendars import HOUR, MINUTE, NOON, book, code_of, live, log, maintain, reserve
from fleet.tests.factories import VehicleFactory
from rides.services import end_ride, start_ride

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]


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


def test_a_booking_keeps_its_time_and_touches_its_neighbours(rider, somebody, vehicle):
    book(rider, vehicle, 10, 20)
    book(somebody, vehicle, 8, 10)
    book(somebody, vehicle, 20, 22, "another form")
    assert not free(vehicle, 9, 11)
    assert free(vehicle, 22, 24)


@pytest.mark.parametrize(
    ("start", "end"),
    [(9, 21), (10, 20), (12, 15), (9, 11), (19, 21), (10, 11), (19, 20)],
    ids=["enclosing", "identical", "within", "into its beginning", "out of its end", "from its start", "to its end"],
)
def test_what_overlaps_is_refused_and_learns_when_it_would_be_free(rider, somebody, vehicle, start, end):
    book(rider, vehicle, 10, 20)
    with pytest.raises(CalendarConflict) as refused:
        book(somebody, vehicle, start, end)
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
def test_what_is_open_at_an_end_stands_in_the_way(rider, vehicle, starts_at, ends_at):
    """IB1, IB3, IB4: such rows can come from an import."""
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


def test_apart_from_what_is_open_at_an_end_there_is_room(rider, vehicle):
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


def test_what_lies_ahead_changes_nothing_yet(rider, somebody, vehicle):
    book(rider, vehicle, 5, 6)
    assert log(vehicle)[-1] == (["allocated"], "available")
    start(somebody, vehicle)


def test_the_same_form_twice_is_one_booking(rider, vehicle):
    assert book(rider, vehicle, 5, 6).id == book(rider, vehicle, 5, 6).id
    assert len(live(vehicle)) == 1


def test_the_same_form_after_it_was_cancelled_says_so(rider, vehicle):
    booking = book(rider, vehicle, 5, 6)
    give_back(rider=rider, city="paris", allocation_id=booking.id)
    assert code_of(book, rider, vehicle, 5, 6) == "already_ended"


def test_a_cancelled_one_makes_room(rider, somebody, vehicle):
    booking = book(rider, vehicle, 5, 6)
    give_back(rider=rider, city="paris", allocation_id=booking.id)
    give_back(rider=rider, city="paris", allocation_id=booking.id)
    assert [types for types, _state in log(vehicle)][-2:] == [["allocated"], ["released"]]
    book(somebody, vehicle, 5, 6)


def test_what_is_left_of_one_can_be_given_back(rider, vehicle, clock):
    booking = book(rider, vehicle, 0, 3)
    clock.move_to(NOON + HOUR, tick=False)
    give_back(rider=rider, city="paris", allocation_id=booking.id)
    assert live(vehicle)[0].ends_at == NOON + HOUR
    assert log(vehicle)[-1] == (["reservation_cancel"], "available")


def test_somebody_elses_is_not_cancelled(rider, somebody, vehicle):
    booking = book(rider, vehicle, 5, 6)
    refused = code_of(give_back, rider=somebody, city="paris", allocation_id=booking.id)
    assert refused == "allocation_gone"


def test_staff_cancel_one_and_the_person_is_told_by_mail(rider, somebody, vehicle, mailoutbox):
    booking = book(rider, vehicle, 5, 6)
    cancel_allocation(city="paris", allocation_id=booking.id, by=somebody)
    (notice,) = rider.notices.all()
    assert notice.code == "booking_cancelled"
    assert vehicle.code in notice.text
    assert "out of service" not in notice.text  # nothing is wrong with it
    assert notice.text.endswith("7 p.m.")
    assert [mail.to for mail in mailoutbox] == [[rider.email]]


def test_ones_own_hold_becomes_part_of_the_booking(rider, vehicle, clock):
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


def test_a_vehicle_being_ridden_is_booked_for_later_but_not_for_now(rider, somebody, vehicle):
    start(somebody, vehicle)
    assert code_of(book, rider, vehicle, 0.1, 2) == "vehicle_in_use"
    assert not free(vehicle, 0.1, 2)
    assert free(vehicle, 5, 6)
    book(rider, vehicle, 5, 6)


# --- Rides and bookings -----------------------------------------------------------------------------------


def test_a_ride_within_somebody_elses_booking_is_refused(rider, somebody, vehicle):
    book(rider, vehicle, 0, 2)
    assert code_of(start, somebody, vehicle) == "booked"


def test_ones_own_booking_is_there_to_be_ridden_again_and_again(rider, vehicle, clock):
    book(rider, vehicle, 0, 2)
    for minutes in (10, 40):
        clock.move_to(NOON + minutes * MINUTE, tick=False)
        ride = start(rider, vehicle, f"ride {minutes}")
        clock.move_to(NOON + (minutes + 5) * MINUTE, tick=False)
        end_ride(city="paris", ride_id=ride.id, rider=rider, end_location="Louvre")
        assert log(vehicle)[-1] == (["trip_end", "reservation_start"], "reserved")
    assert len(live(vehicle)) == 1


def test_shortly_before_a_booking_nobody_else_sets_out(rider, somebody, vehicle, clock):
    book(rider, vehicle, 2, 3)
    clock.move_to(NOON + 2 * HOUR - 14 * MINUTE, tick=False)
    assert code_of(start, somebody, vehicle) == "booked_soon"
    start(rider, vehicle)  # one's own may begin early


def test_some_time_before_a_booking_a_rider_is_told_how_long_there_is(rider, somebody, vehicle, client_of, clock):
    book(rider, vehicle, 2, 3)
    clock.move_to(NOON + HOUR, tick=False)
    page = client_of(somebody).post(f"/rides/start/paris/{vehicle.id}/", {"token": "ride"}, follow=True)
    assert "please end your ride in 1\xa0hour at the latest" in page.content.decode()


def test_long_before_a_booking_nothing_is_said(rider, somebody, vehicle):
    book(rider, vehicle, 5, 6)
    assert start(somebody, vehicle).due_at is None


def test_a_ride_that_ends_in_a_booking_leaves_the_vehicle_reserved(rider, somebody, vehicle, clock):
    ride = start(somebody, vehicle)
    book(rider, vehicle, 1, 3)
    clock.move_to(NOON + 2 * HOUR, tick=False)
    end_ride(city="paris", ride_id=ride.id, rider=somebody, end_location="Louvre")
    assert log(vehicle)[-1] == (["trip_end", "reservation_start"], "reserved")


def test_whose_vehicle_is_not_back_is_told_once(rider, somebody, vehicle, clock, mailoutbox):
    start(somebody, vehicle)
    book(rider, vehicle, 1, 3)
    assert tell_late_bookings() == 0
    clock.move_to(NOON + HOUR, tick=False)
    assert [tell_late_bookings(), tell_late_bookings()] == [1, 1]
    assert [notice.code for notice in rider.notices.all()] == ["booking_late"]
    assert len(mailoutbox) == 1


def test_who_rides_their_own_booked_vehicle_is_not_late(rider, vehicle, clock):
    book(rider, vehicle, 0, 3)
    clock.move_to(NOON + MINUTE, tick=False)
    start(rider, vehicle)
    assert tell_late_bookings() == 0


def test_refusals_are_refusals(rider, vehicle):
    with pytest.raises(VehicleRefused):
        book(rider, vehicle, 20, 10)
