"""Rides in the API."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.api_access.models import KeptAnswer
from accounts.tests.factories import UserFactory
from cities.placement.locality import OWN_HISTORY
from fleet.tests.factories import AllocationFactory, VehicleFactory
from movr_project.tests.api import api_client, organisations_client
from movr_project.tests.locality import assert_local
from movr_project.tests.threads import at_once
from rides.models import Ride

from .factories import OpenRideFactory, RideFactory

RIDES = "/api/v1/rides"


@pytest.fixture
def app(rider):
    return api_client(rider, "rides")


def start(app, vehicle, key="", **data):
    headers = {"Idempotency-Key": key} if key else {}
    return app.post(RIDES, {"city": "paris", "vehicle": str(vehicle.public_id), **data}, headers=headers)


def test_a_ride_from_start_to_end(app, rider):
    vehicle = VehicleFactory()
    with assert_local():
        response = start(app, vehicle)
    ride = response.json()
    assert (response.status_code, response["Location"]) == (201, ride["_links"]["self"])
    assert ride["unlock"]["code"] == vehicle.lock_code
    assert ride["vehicle"] == {
        "id": str(vehicle.public_id),
        "permanent_id": str(vehicle.id),
        "code": vehicle.code,
        "type": "scooter",
    }
    assert app.get(f"/api/v1/cities/paris/vehicles/{vehicle.id}").json()["situation"] == "in_use"
    assert app.get(response["Location"]).json() == ride
    place = {"location": "Louvre", "latitude": 48.861, "longitude": 2.336}
    with assert_local():
        ended = app.post(ride["_links"]["end"], place)
    assert ended.status_code == 200
    assert ended.json()["end"] == {"location": "Louvre", "position": {"latitude": 48.861, "longitude": 2.336}}
    assert (ended.json()["unlock"], ended.json()["vehicle"]["id"]) == (None, None)
    assert app.post(ride["_links"]["end"], {"location": "Elsewhere"}).json() == ended.json()
    vehicle.refresh_from_db()
    assert (vehicle.last_location, vehicle.status) == ("Louvre", "available")


def test_own_rides_by_cursor(app, rider):
    RideFactory.create_batch(3, rider=rider)
    RideFactory()
    OpenRideFactory(rider=rider)
    with assert_local(OWN_HISTORY):
        page = app.get(RIDES, {"per_page": 3}).json()
    rest = app.get(page["_links"]["next"]).json()
    assert (len(page["items"]), len(rest["items"]), rest["_links"]["next"]) == (3, 1, None)
    assert page["items"][0]["end"] is None
    assert len(app.get(RIDES, {"open": "true"}).json()["items"]) == 1
    assert len(app.get(RIDES, {"open": "false"}).json()["items"]) == 3


def test_refusals_have_the_pages_codes(app, rider, subtests):
    held = VehicleFactory()
    AllocationFactory(vehicle=held, reservation=True)
    broken = VehicleFactory()
    AllocationFactory(vehicle=broken, maintenance=True)
    ridden = OpenRideFactory().vehicle
    for vehicle, status, code in (
        (held, 409, "reserved"),
        (broken, 409, "off_the_road"),
        (ridden, 409, "vehicle_in_use"),
        (VehicleFactory(status="removed"), 404, "vehicle_gone"),
        (VehicleFactory(city="rome"), 404, "vehicle_gone"),
    ):
        with subtests.test(code):
            response = start(app, vehicle)
            assert (response.status_code, response.json()["code"]) == (status, code)
    assert start(app, VehicleFactory()).status_code == 201
    assert start(app, VehicleFactory()).json()["code"] == "already_riding"


def test_bad_input(app, rider, subtests):
    vehicle = VehicleFactory()
    for data in ({}, {"city": "atlantis"}, {"vehicle": "x"}, {"vehicle": 1}, {"more": 1}):
        with subtests.test(data):
            whole = {"city": "paris", "vehicle": str(vehicle.public_id)} if data else {}
            assert app.post(RIDES, whole | data).status_code == 422
    end = f"/api/v1/cities/paris/rides/{OpenRideFactory(rider=rider).id}/end"
    for data, field in (
        ({}, "location"),
        ({"location": "x" * 201}, "location"),
        ({"location": "\u2066"}, "location"),
        ({"latitude": 48.8}, "longitude"),
        ({"latitude": 100, "longitude": 0}, "latitude"),
    ):
        with subtests.test(str(data)[:60]):
            response = app.post(end, data)
            assert (response.status_code, response.json()["errors"][0]["field"]) == (422, field)
    outside = app.post(end, {"latitude": 0, "longitude": 0})
    assert (outside.status_code, outside.json()["code"]) == (422, "outside_city")
    assert Ride.objects.open().count() == 1


def test_other_peoples_rides_do_not_exist(app, subtests):
    ride = OpenRideFactory()
    path = f"/api/v1/cities/paris/rides/{ride.id}"
    for name, caller, status in (
        ("someone else", app, 404),
        ("nobody", api_client(), 401),
        ("wrong scope", api_client(ride.rider, "bookings"), 403),
        ("organisation", organisations_client(["paris"]), 403),
    ):
        with subtests.test(name):
            assert caller.get(path).status_code == status
            assert caller.post(f"{path}/end", {"location": "Here"}).status_code == status
    assert app.get(f"/api/v1/cities/rome/rides/{uuid4()}").status_code == 404
    ride.refresh_from_db()
    assert ride.is_open


def test_a_start_costs_what_it_costs_on_the_page(rider, rider_client, app):
    first, second = VehicleFactory.create_batch(2)
    app.get(RIDES)  # notes the token's use
    app.delete("/api/v1/tokens/current-not")  # begins the count of writes
    with CaptureQueriesContext(connection) as by_page:
        rider_client.post(f"/rides/start/paris/{first.public_id}/", {"token": "form"})
    ride = Ride.objects.get()
    app.post(f"/api/v1/cities/paris/rides/{ride.id}/end", {"location": "Here"})
    with CaptureQueriesContext(connection) as by_api:
        assert start(app, second).status_code == 201
    assert len(by_api) <= len(by_page) + 1  # the count of writes


@pytest.mark.django_db(transaction=True)
def test_the_same_key_at_once_is_one_ride(rider):
    vehicle = VehicleFactory()
    clients = [api_client(rider), api_client(rider)]
    responses = at_once(*(lambda client=client: start(client, vehicle, key="once") for client in clients))
    assert [response.status_code for response in responses] == [201, 201]
    assert responses[0].json() == responses[1].json()
    ride = Ride.objects.get()
    assert KeptAnswer.objects.count() == 1
    clients[0].post(f"/api/v1/cities/paris/rides/{ride.id}/end", {"location": "Here"})
    again = start(clients[0], vehicle, key="once")  # though the public ID has changed
    assert (again.status_code, again["Idempotency-Replayed"]) == (201, "true")
    assert Ride.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_people_at_once_get_one_ride():
    vehicle = VehicleFactory()
    clients = [api_client(UserFactory()) for _number in range(3)]
    responses = at_once(*(lambda client=client: start(client, vehicle) for client in clients))
    assert sorted(response.status_code for response in responses) == [201, 409, 409]
    assert Ride.objects.count() == 1
