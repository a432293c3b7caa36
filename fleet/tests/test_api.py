"""Vehicles and their calendars in the API."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.tests.factories import StaffFactory, UserFactory
from fleet.tests.factories import EIFFEL_TOWER, NOTRE_DAME, BookingFactory, VehicleFactory
from movr_project.tests.api import api_client, organisations_client
from movr_project.tests.locality import assert_local

PARIS = "/api/v1/cities/paris/vehicles"


@pytest.fixture
def client(rider):
    return api_client(rider)


def path_of(vehicle, *, permanent=False):
    return f"{PARIS}/{vehicle.id if permanent else vehicle.public_id}"


def test_people_see_vehicles_by_their_public_id_only(client):
    vehicle = VehicleFactory()
    shown = client.get(path_of(vehicle)).json()
    assert shown["id"] == str(vehicle.public_id)
    assert (shown["permanent_id"], shown["code"]) == (None, None)
    assert (shown["situation"], shown["available"], shown["position"]["latitude"]) == ("available", True, NOTRE_DAME[0])
    assert client.get(PARIS).json()["items"] == [shown]
    assert str(vehicle.id) not in str(shown)
    assert client.get(path_of(vehicle, permanent=True)).status_code == 404


def test_who_sees_codes_and_permanent_ids(rider, client, subtests):
    owned = VehicleFactory(owner=rider)
    booked = VehicleFactory()
    BookingFactory(vehicle=booked, rider=rider)
    staff = api_client(StaffFactory(), "fleet:read")
    for name, caller, vehicle, knows in (
        ("owner", client, owned, True),
        ("holder", client, booked, True),
        ("someone else", api_client(UserFactory()), owned, False),
        ("staff", staff, owned, True),
        ("staff without a scope of the fleet", api_client(StaffFactory(), "rides"), owned, False),
        ("organisation", organisations_client(["paris"], "fleet:read"), owned, True),
        ("organisation of another city", organisations_client(["rome"], "fleet:read"), owned, False),
    ):
        with subtests.test(name):
            response = caller.get(path_of(vehicle, permanent=True))
            assert response.status_code == (200 if knows else 404)
            if knows:
                assert response.json()["code"] == vehicle.code
                assert response.json()["_links"]["self"] == path_of(vehicle, permanent=True)


def test_who_is_let_in(rider, subtests):
    VehicleFactory()
    for name, caller, status in (
        ("nobody", api_client(), 401),
        ("wrong scope", api_client(rider, "profile"), 403),
        ("rider", api_client(rider, "rides"), 200),
        ("other city's client", organisations_client(["rome"]), 404),
        ("client", organisations_client(["paris"], "fleet:read"), 200),
    ):
        with subtests.test(name):
            assert caller.get(PARIS).status_code == status


def test_filters(client, subtests):
    car = VehicleFactory(type="car", battery_percent=80, range_m=250_000)
    far = VehicleFactory(latitude=EIFFEL_TOWER[0], longitude=EIFFEL_TOWER[1])
    start = timezone.now() + timedelta(days=1)
    booked = VehicleFactory(latitude=None, longitude=None)
    BookingFactory(vehicle=booked, starts_at=start)
    VehicleFactory(city="rome")
    VehicleFactory(status="removed")
    VehicleFactory(approved_at=None)
    end = (start + timedelta(hours=1)).isoformat()
    box = "48.857,2.29,48.86,2.3"
    for query, expected in (
        ({}, {car, far, booked}),
        ({"type": "car"}, {car}),
        ({"available": "true"}, {car, far, booked}),
        ({"available_from": start.isoformat(), "available_to": end}, {car, far}),
        ({"bbox": box}, {far}),
        ({"min_battery": "80"}, {car}),
        ({"min_range_m": "250000"}, {car}),
        ({"min_range_m": "250001"}, set()),
        ({"bbox": "48,2,49,3"}, {car, far}),
        ({"bbox": box, "type": "car"}, set()),
    ):
        with subtests.test(query), assert_local():
            page = client.get(PARIS, query).json()
            assert {item["id"] for item in page["items"]} == {str(vehicle.public_id) for vehicle in expected}
            assert page["_meta"]["total_items"] == len(expected)
    near = client.get(PARIS, {"near": "48.858370,2.294481"}).json()["items"]
    assert [item["id"] for item in near] == [str(vehicle.public_id) for vehicle in (far, car, booked)]
    assert near[0]["distance_m"] < 1 < near[1]["distance_m"]
    everything = organisations_client(["paris"], "fleet:read").get(PARIS).json()
    assert everything["_meta"]["total_items"] == 4  # the one that waits for approval too


def test_bad_filters(client, subtests):
    for query in (
        {"type": "spaceship"},
        {"min_battery": "101"},
        {"min_range_m": "-1"},
        {"min_range_m": "9" * 5000},
        {"near": "here"},
        {"near": "91,0"},
        {"bbox": "1,2,3"},
        {"bbox": "nan,0,1,1"},
        {"available_from": "2030-01-01T00:00:00Z"},
        {"available_to": "2030-01-01T00:00:00"},
        {"available_to": "0001-01-01T00:00:00Z"},
        {"available_to": "2001-01-01T00:00:00Z"},
        {"available_from": "2030-01-02T00:00:00Z", "available_to": "2030-01-01T00:00:00Z"},
        {"available_to": "9" * 5000},
    ):
        with subtests.test(str(query)[:60]):
            assert client.get(PARIS, query).status_code == 422
    assert client.get(f"{PARIS}/{uuid4()}").json()["code"] == "vehicle_gone"
    assert client.get("/api/v1/cities/atlantis/vehicles").status_code == 404


def test_a_hundred_vehicles_take_three_statements(client):
    VehicleFactory.create_batch(100, logged=False)
    client.get(PARIS)  # notes the token's use
    for query in ({}, {"near": "48.85,2.35"}, {"available": "true"}):
        with CaptureQueriesContext(connection) as queries:
            page = client.get(PARIS, {"per_page": 100, **query}).json()
        assert len(page["items"]) == 100
        assert len(queries) <= 1 + 3, query
