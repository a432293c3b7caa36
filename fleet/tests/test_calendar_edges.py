"""Edge cases: exact boundaries, clocks set back, people who moved or left, and adjacent allocations."""

from datetime import date
from functools import partial

import pytest

from accounts.models import User
from accounts.services import move_home, remove_account
from accounts.tests.factories import StaffFactory, UserFactory
from cities.registry import registry
from fleet.calendar.availability import Availability
from fleet.models import Vehicle
from fleet.services import (
    approve_vehicle,
    cancel_allocation,
    cancel_own_allocation,
    end_maintenance,
    pause_vehicle,
    put_in_maintenance,
    remove_vehicle,
    resume_vehicle,
)
from fleet.tests.calendars import HOUR, MINUTE, NOON, book, code_of, live, log, maintain, reserve
from fleet.tests.factories import VehicleFactory
from notifications.models import Notification
from operations.models import ProblemKind
from operations.services.field_work import drop_off_vehicle, mark_found, pick_up_vehicle, report_missing, swap_battery
from operations.services.reports import report_problem
from rides.services import end_ride, start_ride
from rides.tests.factories import OpenRideFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

QUARTER = 1 / 4  # of an hour: the shortest booking


@pytest.fixture
def vehicle():
    return VehicleFactory()


def start(person, vehicle, token="ride"):
    city = registry[vehicle.city]
    return start_ride(rider=person, city=city, vehicle_city=city.name, vehicle_id=vehicle.id, token=token)


def end(ride):
    return end_ride(city=ride.city, ride_id=ride.id, rider=ride.rider, end_location="Louvre")


def report(person, vehicle, kind=ProblemKind.BRAKES):
    return report_problem(
        reporter=person,
        vehicle_city=vehicle.city,
        vehicle_id=vehicle.id,
        kind=kind,
        token="form",
        at_label=True,
    )


def rideable(vehicle, person):
    return Vehicle.objects.in_city(vehicle.city).rideable_by(person).filter(id=vehicle.id).exists()


# --- Exact times, and the clock --------------------------------------------------------------------------


def test_a_ride_that_ends_in_the_moment_of_a_report_leaves_the_vehicle_out_of_service(rider, vehicle):
    ride = start(rider, vehicle)
    report(rider, vehicle)
    end(ride)
    assert log(vehicle)[-1] == (["trip_end", "maintenance"], "non_operational")


def test_a_ride_that_ends_after_the_clock_was_set_back_still_meets_the_maintenance(rider, vehicle, clock):
    ride = start(rider, vehicle)
    clock.move_to(NOON + 5 * HOUR, tick=False)
    maintain(vehicle)
    clock.move_to(NOON + HOUR, tick=False)
    end(ride)
    assert log(vehicle)[-1] == (["trip_end", "maintenance"], "non_operational")


def test_by_a_clock_that_was_set_back_nothing_is_reserved_into_a_booking(rider, other_rider, vehicle, clock):
    book(other_rider, vehicle, 5, 6)
    clock.move_to(NOON + 5 * HOUR - MINUTE, tick=False)
    swapped = Vehicle.objects.filter(id=vehicle.id)
    swapped.update(battery_percent=20)
    swap_battery(city="paris", vehicle_id=vehicle.id, by=None)
    clock.move_to(NOON + HOUR, tick=False)
    assert code_of(reserve, rider, vehicle) == "booked_soon"
    assert code_of(start, rider, vehicle) == "booked_soon"


def test_people_reserve_one_vehicle_whatever_the_vehicles_times(rider, vehicle, clock):
    other = VehicleFactory(battery_percent=20)
    clock.move_to(NOON + HOUR, tick=False)
    swap_battery(city="paris", vehicle_id=other.id, by=None)
    clock.move_to(NOON, tick=False)
    reserve(rider, vehicle)
    assert code_of(reserve, rider, other, "another form") == "already_holding"


def test_ending_a_reservation_in_its_last_moment_keeps_the_next_one(rider, vehicle, clock):
    first = reserve(rider, vehicle)
    clock.move_to(NOON + 10 * MINUTE, tick=False)
    reserve(rider, VehicleFactory(), "second form")
    clock.move_to(first.ends_at - MINUTE / 60, tick=False)  # by another server's clock
    cancel_own_allocation(rider=rider, city="paris", allocation_id=first.id)
    assert code_of(reserve, rider, VehicleFactory(), "third form") == "already_holding"


def test_the_calendars_last_day_is_by_the_citys_clock(rider, clock):
    clock.move_to(NOON + 11 * HOUR, tick=False)  # 1 a.m. in Paris, 7 p.m. in New York
    last = {city: Availability.of(VehicleFactory(city=city), viewer=rider).last_day for city in ("paris", "new york")}
    assert last == {"paris": date(2030, 6, 1), "new york": date(2030, 5, 31)}


def test_the_same_form_after_its_booking_was_cancelled_in_the_same_moment_says_so(rider, vehicle):
    booking = book(rider, vehicle, 0, 1)
    cancel_own_allocation(rider=rider, city="paris", allocation_id=booking.id)
    assert code_of(book, rider, vehicle, 0, 1) == "already_ended"


# --- Neighbours -----------------------------------------------------------------------------------------


def test_the_shortest_booking_is_ridden_however_soon_the_next_one_begins(rider, other_rider, vehicle, clock):
    book(rider, vehicle, 1, 1 + QUARTER)
    book(other_rider, vehicle, 1 + QUARTER, 2)
    clock.move_to(NOON + HOUR + MINUTE, tick=False)
    assert rideable(vehicle, rider)
    assert start(rider, vehicle).due_at == NOON + HOUR + 15 * MINUTE


def test_a_reserved_vehicle_can_be_ridden_however_soon_a_booking_begins(rider, other_rider, vehicle, clock):
    reserve(rider, vehicle)
    book(other_rider, vehicle, QUARTER, 1)
    clock.move_to(NOON + 5 * MINUTE, tick=False)
    assert rideable(vehicle, rider)
    assert start(rider, vehicle).due_at == NOON + 15 * MINUTE


def test_someone_else_may_do_neither(other_rider, vehicle, clock):
    book(UserFactory(), vehicle, 1, 1 + QUARTER)
    book(UserFactory(), vehicle, 1 + QUARTER, 2)
    clock.move_to(NOON + HOUR + MINUTE, tick=False)
    assert not rideable(vehicle, other_rider)
    assert code_of(start, other_rider, vehicle) == "booked"


def test_a_report_that_cancels_the_reporters_booking_notifies_them(rider, vehicle):
    book(rider, vehicle, 1, 2)
    report(rider, vehicle)
    assert [each.kind for each in live(vehicle)] == ["maintenance"]
    assert [notice.code for notice in Notification.objects.filter(user_id=rider.id)] == ["booking_cancelled"]


# --- People who have moved or left since their page was made ------------------------------------------------


def acts_of_staff(vehicle):
    key = {"city": vehicle.city, "vehicle_id": vehicle.id}
    return {
        "put in maintenance": lambda by: put_in_maintenance(**key, by=by),
        "end it": lambda by: end_maintenance(**key, by=by),
        "pick up": lambda by: pick_up_vehicle(**key, by=by),
        "drop off": lambda by: drop_off_vehicle(**key, by=by, place="Louvre"),
        "missing": lambda by: report_missing(**key, by=by),
        "found": lambda by: mark_found(**key, by=by, place="Louvre"),
        "swap": lambda by: swap_battery(**key, by=by),
        "approve": lambda by: approve_vehicle(**key, by=by),
        "remove": lambda by: remove_vehicle(**key, by=by),
    }


def acts_of_people(vehicle):
    return {
        "reserve": lambda by: reserve(by, vehicle),
        "book": lambda by: book(by, vehicle, 1, 2),
        "report": lambda by: report(by, vehicle, ProblemKind.DIRTY),
        "pause": lambda by: pause_vehicle(city="paris", vehicle_id=vehicle.id, owner=by),
        "resume": lambda by: resume_vehicle(city="paris", vehicle_id=vehicle.id, owner=by),
    }


moves = pytest.mark.parametrize("leave", ["moves", "leaves"])


def gone(person, leave):
    """As on their page, which is outdated."""
    page = User.objects.get(id=person.id)
    if leave == "leaves":
        remove_account(user=person)
    else:
        move_home(user=person, city=registry["rome"])
    return page


@moves
@pytest.mark.parametrize("act", acts_of_people(Vehicle()))
def test_someone_who_moves_or_leaves_meanwhile_is_refused(rider, vehicle, act, leave):
    assert code_of(acts_of_people(vehicle)[act], gone(rider, leave)) == "account_changed"
    assert live(vehicle) == []


@moves
@pytest.mark.parametrize("act", acts_of_staff(Vehicle()))
def test_staff_who_move_or_leave_meanwhile_are_refused(vehicle, act, leave):
    assert code_of(acts_of_staff(vehicle)[act], gone(StaffFactory(), leave)) == "account_changed"
    assert live(vehicle) == []


@moves
def test_a_ride_is_not_ended_by_staff_who_move_or_leave_meanwhile(leave):
    ride = OpenRideFactory()
    staff = gone(StaffFactory(), leave)
    end_by_staff = partial(end_ride, city="paris", ride_id=ride.id, rider=None, by=staff, end_location="Louvre")
    assert code_of(end_by_staff) == "account_changed"


@moves
def test_a_booking_is_not_cancelled_by_staff_who_move_or_leave_meanwhile(rider, vehicle, leave):
    booking = book(rider, vehicle, 1, 2)
    staff = gone(StaffFactory(), leave)
    assert code_of(cancel_allocation, city="paris", allocation_id=booking.id, by=staff) == "account_changed"
    assert live(vehicle) == [booking]
