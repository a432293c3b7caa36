"""Riders reserve a vehicle for a few minutes."""

import pytest

from accounts.models import User
from accounts.tests.factories import UserFactory
from fleet.models import Vehicle
from fleet.services import cancel_own_allocation, remove_vehicle
from fleet.tests.calendars import HOUR, MINUTE, NOON, book, code_of, live, log, maintain, reserve
from fleet.tests.factories import VehicleFactory
from rides.models import Ride
from rides.services import RideRefused, start_ride
from rides.tests.factories import OpenRideFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def vehicle():
    return VehicleFactory()


def start(person, vehicle, token="ride"):
    from cities.registry import registry

    return start_ride(
        rider=person, city=registry[vehicle.city], vehicle_city=vehicle.city, vehicle_id=vehicle.id, token=token
    )


def hold_until(person):
    return User.objects.get(id=person.id).hold_until


def rideable(vehicle, person) -> bool:
    return Vehicle.objects.in_city(vehicle.city).rideable_by(person).filter(id=vehicle.id).exists()


def test_it_is_for_the_rider_alone_and_for_ten_minutes(rider, other_rider, vehicle, clock):
    reservation = reserve(rider, vehicle)
    assert reservation.ends_at == NOON + 10 * MINUTE
    assert hold_until(rider) == reservation.ends_at
    assert rideable(vehicle, rider)
    assert not rideable(vehicle, other_rider)
    clock.move_to(NOON + 10 * MINUTE, tick=False)
    assert rideable(vehicle, other_rider)


def test_it_is_in_the_log(rider, vehicle):
    reserve(rider, vehicle)
    assert log(vehicle)[-1] == (["reservation_start"], "reserved")


def test_the_same_form_twice_is_one(rider, vehicle):
    assert reserve(rider, vehicle).id == reserve(rider, vehicle).id
    assert len(live(vehicle)) == 1


def test_the_same_form_after_it_is_over_says_so(rider, vehicle, clock):
    reserve(rider, vehicle)
    clock.move_to(NOON + HOUR, tick=False)
    assert code_of(reserve, rider, vehicle) == "already_ended"


def test_someone_else_reserving_it_is_refused(rider, other_rider, vehicle):
    reserve(rider, vehicle)
    assert code_of(reserve, other_rider, vehicle) == "reserved"


def test_people_reserve_one_vehicle_at_a_time(rider, vehicle):
    reserve(rider, vehicle)
    assert code_of(reserve, rider, VehicleFactory(), "another form") == "already_holding"


def test_after_it_expired_another_can_be_reserved(rider, vehicle, clock):
    reserve(rider, vehicle)
    clock.move_to(NOON + 10 * MINUTE, tick=False)
    other = VehicleFactory()
    reserve(rider, other, "another form")
    assert hold_until(rider) == NOON + 20 * MINUTE


def test_the_same_vehicle_can_be_held_again_only_after_a_while(rider, vehicle, clock):
    reserve(rider, vehicle)
    clock.move_to(NOON + 11 * MINUTE, tick=False)
    assert code_of(reserve, rider, vehicle, "another form") == "cool_down"
    clock.move_to(NOON + 25 * MINUTE, tick=False)
    reserve(rider, vehicle, "another form")


def test_cancelled_it_is_available_at_once_and_so_is_the_rider(rider, other_rider, vehicle, clock):
    reservation = reserve(rider, vehicle)
    clock.move_to(NOON + MINUTE, tick=False)
    cancel_own_allocation(rider=rider, city="paris", allocation_id=reservation.id)
    assert hold_until(rider) is None
    assert log(vehicle)[-1] == (["reservation_cancel"], "available")
    reserve(other_rider, vehicle)
    reserve(rider, VehicleFactory(), "another form")


def test_cancelling_twice_changes_nothing(rider, vehicle, clock):
    reservation = reserve(rider, vehicle)
    clock.move_to(NOON + MINUTE, tick=False)
    for _time in range(2):
        cancel_own_allocation(rider=rider, city="paris", allocation_id=reservation.id)
    assert len(log(vehicle)) == len({str(entry) for entry in log(vehicle)})


def test_cancelling_an_old_one_keeps_the_new_hold(rider, vehicle, clock):
    reservation = reserve(rider, vehicle)
    clock.move_to(NOON + 15 * MINUTE, tick=False)
    reserve(rider, VehicleFactory(), "another form")
    cancel_own_allocation(rider=rider, city="paris", allocation_id=reservation.id)
    assert hold_until(rider) == NOON + 25 * MINUTE


def test_someone_elses_can_not_be_cancelled(rider, other_rider, vehicle):
    reservation = reserve(rider, vehicle)
    refused = code_of(cancel_own_allocation, rider=other_rider, city="paris", allocation_id=reservation.id)
    assert refused == "allocation_gone"
    assert live(vehicle)


def test_a_ride_uses_it_up(rider, vehicle, clock):
    reserve(rider, vehicle)
    clock.move_to(NOON + MINUTE, tick=False)
    start(rider, vehicle)
    assert hold_until(rider) is None
    assert [each.ends_at for each in live(vehicle)] == [NOON + MINUTE]
    assert log(vehicle)[-1] == (["trip_start"], "on_trip")


def test_someone_else_does_not_ride_it(rider, other_rider, vehicle):
    reserve(rider, vehicle)
    assert code_of(start, other_rider, vehicle) == "reserved"
    assert not Ride.objects.exists()


def test_a_start_that_is_refused_keeps_the_hold(rider, vehicle):
    OpenRideFactory(rider=rider)
    reservation = reserve(rider, vehicle)
    with pytest.raises(RideRefused):
        start(rider, vehicle)
    assert hold_until(rider) == reservation.ends_at


def delete_with_log(vehicle):
    vehicle.events.all().delete()
    Vehicle.objects.filter(pk=vehicle.pk).delete()


@pytest.mark.parametrize(
    ("prepare", "code"),
    [
        (lambda vehicle: OpenRideFactory(vehicle=vehicle), "vehicle_in_use"),
        (lambda vehicle: maintain(vehicle), "off_the_road"),
        (lambda vehicle: book(UserFactory(), vehicle, 0, 2), "booked"),
        (lambda vehicle: book(UserFactory(), vehicle, 0.3, 2), "booked_soon"),
        (lambda vehicle: Vehicle.objects.filter(pk=vehicle.pk).update(approved_at=None), "awaits_approval"),
        (lambda vehicle: delete_with_log(vehicle), "vehicle_gone"),
    ],
)
def test_a_vehicle_that_is_not_free_is_refused(rider, vehicle, prepare, code):
    prepare(vehicle)
    assert code_of(reserve, rider, vehicle) == code
    assert hold_until(rider) is None


def test_one_of_another_city_is_refused(rider, vehicle):
    assert code_of(reserve, rider, vehicle, city="rome") == "wrong_city"


def test_an_unconfirmed_address_is_refused(rider, vehicle, settings):
    settings.EMAIL_VERIFICATION = True
    assert code_of(reserve, rider, vehicle) == "email_unconfirmed"


def test_an_account_that_is_gone_is_refused(rider, vehicle):
    User.objects.filter(id=rider.id).update(is_active=False)
    assert code_of(reserve, rider, vehicle) == "account_changed"


def test_removing_the_vehicle_ends_it_and_notifies_the_rider(rider, vehicle, clock):
    vehicle = VehicleFactory(owner=UserFactory())
    reserve(rider, vehicle)
    clock.move_to(NOON + MINUTE, tick=False)
    remove_vehicle(city="paris", vehicle_id=vehicle.id, by=vehicle.owner)
    assert hold_until(rider) is None
    assert log(vehicle)[-1] == (["reservation_cancel", "decommissioned"], "removed")
    assert [notice.code for notice in rider.notifications.all()] == ["reservation_cancelled"]
