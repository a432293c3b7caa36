"""Budgets for the round trips of everyday requests by a logged-in user, on a server."""

import pytest
from django.db import transaction

from accounts.models import User
from fleet.tests.factories import NOTRE_DAME, VehicleFactory
from movr_project.tests.databases import on_server
from movr_project.tests.round_trips import counted_round_trips
from rides.tests.factories import OpenRideFactory, RideFactory

pytestmark = [on_server, pytest.mark.django_db(transaction=True)]


def round_trips(ask):
    """Count the round trips of a request, after a first one that sets up the connection."""
    with counted_round_trips() as relay:
        User.objects.count()
        relay.round_trips = 0
        response = ask()
        taken = relay.round_trips
    assert response.status_code in {200, 302}
    return taken


def test_a_statement_is_one_round_trip_and_a_transaction_two_more(rider):
    with counted_round_trips() as relay:
        User.objects.count()
        assert relay.round_trips == 1
        with transaction.atomic():
            User.objects.count()
        assert relay.round_trips == 4


def test_the_list_takes_at_most_3_round_trips(rider_client):
    VehicleFactory.create_batch(30)
    assert round_trips(lambda: rider_client.get("/vehicles/")) <= 3


def test_the_nearest_take_at_most_4_round_trips_where_there_are_few(rider_client):
    VehicleFactory()
    latitude, longitude = NOTRE_DAME
    assert round_trips(lambda: rider_client.get("/vehicles/", {"lat": latitude, "lon": longitude})) <= 4


def test_the_nearest_take_at_most_3_round_trips_where_there_are_many(rider_client):
    VehicleFactory.create_batch(30)
    latitude, longitude = NOTRE_DAME
    assert round_trips(lambda: rider_client.get("/vehicles/", {"lat": latitude, "lon": longitude})) <= 3


def test_a_vehicles_page_with_its_calendar_takes_at_most_3_round_trips(rider_client):
    vehicle = VehicleFactory()
    assert round_trips(lambda: rider_client.get(vehicle.get_absolute_url())) <= 3


def test_starting_a_reserved_vehicle_takes_at_most_11_round_trips(rider, rider_client):
    vehicle = VehicleFactory()
    rider_client.post(f"/vehicles/paris/{vehicle.public_id}/reserve/", {"token": "form"})
    url = f"/rides/start/paris/{vehicle.public_id}/"
    assert round_trips(lambda: rider_client.post(url, {"token": "form"})) <= 11
    rider.refresh_from_db()
    assert rider.is_riding


def test_reserving_takes_at_most_11_round_trips(rider_client):
    vehicle = VehicleFactory()
    url = f"/vehicles/paris/{vehicle.public_id}/reserve/"
    assert round_trips(lambda: rider_client.post(url, {"token": "form"})) <= 11
    assert vehicle.allocations.exists()


def test_starting_a_ride_takes_at_most_10_round_trips(rider_client):
    vehicle = VehicleFactory()
    url = f"/rides/start/paris/{vehicle.public_id}/"
    assert round_trips(lambda: rider_client.post(url, {"token": "form"})) <= 10
    vehicle.refresh_from_db()
    assert vehicle.is_on_trip


def test_ending_a_ride_takes_at_most_9_round_trips(rider_client, rider):
    ride = OpenRideFactory(rider=rider)
    url = f"/rides/paris/{ride.id}/end/"
    assert round_trips(lambda: rider_client.post(url, {"end_location": "Louvre"})) <= 9
    ride.refresh_from_db()
    assert not ride.is_open


def test_the_history_takes_at_most_3_round_trips(rider_client, rider):
    RideFactory.create_batch(3, rider=rider)
    OpenRideFactory(rider=rider)
    assert round_trips(lambda: rider_client.get("/rides/")) <= 3
