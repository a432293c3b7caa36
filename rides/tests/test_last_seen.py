"""``last_seen`` is updated at log-in, and when a ride starts or ends."""

from datetime import UTC, datetime

import pytest

from accounts.models import User
from accounts.tests.factories import PASSWORD, StaffFactory, UserFactory
from cities.registry import registry
from fleet.tests.factories import VehicleFactory
from rides.services import end_ride, start_ride
from rides.tests.factories import OpenRideFactory

pytestmark = pytest.mark.django_db

NOON = datetime(2030, 5, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _noon(time_machine):
    time_machine.move_to(NOON, tick=False)


def last_seen(person):
    return User.objects.get(pk=person.pk).last_seen


def test_someone_who_never_came_was_never_seen():
    assert last_seen(UserFactory()) is None


def test_a_log_in_is_noted(client):
    person = UserFactory()
    client.post("/login/", {"username": person.username, "password": PASSWORD})
    assert last_seen(person) == NOON


def test_a_log_in_that_fails_is_not(client):
    person = UserFactory()
    client.post("/login/", {"username": person.username, "password": "wrong"})
    assert last_seen(person) is None


def test_the_start_of_a_ride_is_noted():
    rider, vehicle = UserFactory(), VehicleFactory()
    start_ride(rider=rider, city=registry["paris"], vehicle_city="paris", vehicle_id=vehicle.id, token="form")
    assert last_seen(rider) == NOON


def test_so_is_the_end_of_a_ride():
    ride = OpenRideFactory()
    end_ride(city=ride.city, ride_id=ride.id, rider=ride.rider, end_location="Louvre")
    assert last_seen(ride.rider) == NOON


def test_an_end_by_staff_says_nothing_of_the_rider():
    ride = OpenRideFactory()
    end_ride(city=ride.city, ride_id=ride.id, rider=None, by=StaffFactory(), end_location="Louvre")
    assert last_seen(ride.rider) is None


def test_a_page_is_not_noted_as_it_would_be_a_write_at_each_page(rider_client, rider):
    User.objects.filter(pk=rider.pk).update(last_seen=None)
    rider_client.get("/vehicles/")
    assert last_seen(rider) is None
