"""Concurrent requests by many people, or by one: nothing is given away twice, and nothing is lost."""

import re
from collections import Counter

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import UserFactory
from cities.registry import registry
from fleet.models import Vehicle
from fleet.services import remove_vehicle
from fleet.tests.factories import VehicleFactory
from movr_project.errors import Refused
from movr_project.tests.threads import at_once
from rides.models import Ride
from rides.services import end_ride, start_ride
from rides.tests.factories import OpenRideFactory

pytestmark = pytest.mark.django_db(transaction=True)

DONE = "done"


def start(rider, vehicle, token="form"):
    city = registry[vehicle.city]
    return lambda: start_ride(rider=rider, city=city, vehicle_city=city.name, vehicle_id=vehicle.id, token=token)


def end(ride, place="Louvre"):
    return lambda: end_ride(city=ride.city, ride_id=ride.id, rider=ride.rider, end_location=place)


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


def assert_everything_agrees():
    """Assert that vehicles and riders match the rides."""
    open_rides = list(Ride.objects.open())
    on_trip = Vehicle.objects.filter(status="on_trip")
    assert {vehicle.pk for vehicle in on_trip} == {(ride.city, ride.vehicle_id) for ride in open_rides}
    counted = Counter(ride.rider_id for ride in open_rides)
    assert {user.id: user.open_rides for user in User.objects.all() if user.open_rides} == counted


def messages_on(response):
    """Return the page's messages. Not from its context, as the test client also collects other threads' templates."""
    return re.findall(r'<div class="alert [^>]*>.*?<p>(.*?)</p>', response.content.decode(), re.DOTALL)


def log_in(user):
    client = Client()
    client.force_login(user)
    return client


def test_of_20_people_who_start_one_vehicle_one_rides_it():
    vehicle = VehicleFactory()
    results = at_once(*(start(rider, vehicle) for rider in UserFactory.create_batch(20)))
    assert outcomes(results) == {DONE: 1, "vehicle_in_use": 19}
    assert_everything_agrees()


def test_of_20_people_who_press_the_button_one_rides_and_the_others_read_that_it_is_in_use():
    vehicle = VehicleFactory()
    url = reverse("rides:ride_start", args=["paris", vehicle.public_id])
    clients = [log_in(rider) for rider in UserFactory.create_batch(20)]
    responses = at_once(*(lambda client=client: client.post(url, {"token": "form"}, follow=True) for client in clients))
    read = Counter(sentence for response in responses for sentence in messages_on(response))
    assert read == {"Ride started.": 1, "This vehicle is in use.": 19}
    assert_everything_agrees()


def test_someone_who_starts_20_vehicles_rides_one(rider):
    results = at_once(*(start(rider, vehicle) for vehicle in VehicleFactory.create_batch(20)))
    assert outcomes(results) == {DONE: 1, "already_riding": 19}
    assert_everything_agrees()


def test_someone_who_may_ride_two_and_starts_20_rides_two(rider, settings):
    settings.MAX_OPEN_RIDES = 2
    results = at_once(*(start(rider, vehicle) for vehicle in VehicleFactory.create_batch(20)))
    assert outcomes(results) == {DONE: 2, "already_riding": 18}
    assert_everything_agrees()


def test_someone_who_starts_vehicles_in_two_cities_rides_one(rider):
    vehicles = [*VehicleFactory.create_batch(5), *VehicleFactory.create_batch(5, city="rome")]
    results = at_once(*(start(rider, vehicle) for vehicle in vehicles))
    assert outcomes(results) == {DONE: 1, "already_riding": 9}
    assert_everything_agrees()


def test_one_form_sent_ten_times_is_one_ride_and_every_answer_is_that_ride(rider):
    vehicle = VehicleFactory()
    rides = at_once(*[start(rider, vehicle)] * 10)
    assert outcomes(rides) == {DONE: 10}
    assert {ride.pk for ride in rides} == {Ride.objects.get().pk}
    assert_everything_agrees()


def test_someone_who_presses_the_button_ten_times_reads_ten_times_that_it_started(rider):
    vehicle = VehicleFactory()
    url = reverse("rides:ride_start", args=["paris", vehicle.public_id])
    clients = [log_in(rider) for _browser in range(10)]
    responses = at_once(*(lambda client=client: client.post(url, {"token": "form"}, follow=True) for client in clients))
    read = Counter(sentence for response in responses for sentence in messages_on(response))
    assert read == {"Ride started.": 10}
    assert_everything_agrees()


def test_20_people_who_start_20_vehicles_all_ride():
    pairs = zip(UserFactory.create_batch(20), VehicleFactory.create_batch(20), strict=True)
    assert outcomes(at_once(*(start(rider, vehicle) for rider, vehicle in pairs))) == {DONE: 20}
    assert_everything_agrees()


def test_ended_ten_times_at_once_a_ride_ends_once():
    ride = OpenRideFactory()
    published = ride.vehicle.public_id
    ends = at_once(*(end(ride, f"Place {number}") for number in range(10)))
    assert outcomes(ends) == {DONE: 10}
    ended = Ride.objects.select_related("vehicle", "rider").get()
    assert {(one.end_time, one.end_location) for one in ends} == {(ended.end_time, ended.end_location)}
    assert ended.vehicle.last_location == ended.end_location
    assert ended.vehicle.public_id != published
    assert ended.rider.open_rides == 0
    assert_everything_agrees()


def test_20_rides_that_end_at_once_all_end():
    ends = at_once(*(end(ride) for ride in OpenRideFactory.create_batch(20)))
    assert outcomes(ends) == {DONE: 20}
    assert not Ride.objects.open().exists()
    assert_everything_agrees()


def test_ended_by_one_and_started_by_another_both_rides_are_whole():
    ride, rider = OpenRideFactory(), UserFactory()
    ended, started = at_once(end(ride), start(rider, ride.vehicle))
    assert outcomes([ended]) == {DONE: 1}
    assert not Ride.objects.get(pk=ride.pk).is_open
    assert Ride.objects.open().exists() == (outcomes([started]) == {DONE: 1})
    assert_everything_agrees()


def test_someone_who_ends_one_ride_and_starts_another_rides_one_at_most():
    ride = OpenRideFactory()
    results = at_once(end(ride), *(start(ride.rider, vehicle) for vehicle in VehicleFactory.create_batch(5)))
    assert set(outcomes(results)) <= {DONE, "already_riding"}
    assert Ride.objects.open().count() <= 1
    assert_everything_agrees()


def test_ten_who_start_and_an_owner_who_removes_never_both_succeed():
    owner = UserFactory()
    vehicle = VehicleFactory(owner=owner)
    results = at_once(
        lambda: remove_vehicle(city="paris", vehicle_id=vehicle.id, by=owner),
        *(start(rider, vehicle) for rider in UserFactory.create_batch(10)),
    )
    assert outcomes(results)[DONE] == 1
    vehicle.refresh_from_db()
    assert vehicle.is_removed != Ride.objects.open().exists()
    assert_everything_agrees()


def test_removed_while_its_ride_ends_the_vehicle_is_removed_or_free():
    owner = UserFactory()
    ride = OpenRideFactory(vehicle=VehicleFactory(owner=owner))
    _ended, removed = at_once(end(ride), lambda: remove_vehicle(city="paris", vehicle_id=ride.vehicle_id, by=owner))
    vehicle = Vehicle.objects.get()
    owner.refresh_from_db()
    assert vehicle.is_removed == (outcomes([removed]) == {DONE: 1}) == (not owner.is_owner)
    assert_everything_agrees()


def test_a_password_saved_while_starting_never_disturbs_the_count(rider):
    copies = [User.objects.get(id=rider.id) for _number in range(5)]

    def save_password(user):
        user.set_password("a-new-and-strange-word")
        user.save()

    results = at_once(
        *(lambda user=user: save_password(user) for user in copies),
        *(start(rider, vehicle) for vehicle in VehicleFactory.create_batch(5)),
    )
    assert outcomes(results[len(copies) :]) == {DONE: 1, "already_riding": 4}
    assert_everything_agrees()


def test_a_profile_loaded_before_the_start_and_saved_after_it_keeps_the_count(rider):
    old_copy = User.objects.get(id=rider.id)
    start(rider, VehicleFactory())()
    old_copy.save()
    assert_everything_agrees()
