"""Registering vehicles, their calendars, and the inventory's addresses, in the API."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from accounts.tests.factories import StaffFactory, UserFactory
from cities.placement.locality import BOOKED_EVERYWHERE
from fleet.models import Allocation, Vehicle
from fleet.tests.factories import BookingFactory, VehicleFactory
from movr_project.tests.api import api_client, organisations_client
from movr_project.tests.locality import assert_local
from movr_project.tests.threads import at_once

PARIS = "/api/v1/cities/paris/vehicles"
NEW = {"type": "car", "color": "red", "location": "Louvre", "latitude": 48.861, "longitude": 2.336}
TOMORROW = timezone.now().replace(microsecond=0) + timedelta(days=1)


def at(hours):
    return (TOMORROW + timedelta(hours=hours)).isoformat().replace("+00:00", "Z")


def booking(vehicle, start=0, end=2, **more):
    return {"city": "paris", "vehicle": str(vehicle.public_id), "starts_at": at(start), "ends_at": at(end), **more}


@pytest.fixture
def organisation(db):
    return organisations_client(["paris"], "fleet:read", "fleet:write")


def test_an_organisation_registers_changes_and_decommissions(organisation):
    response = organisation.post(PARIS, NEW | {"lock_code": "1234"}, headers={"Idempotency-Key": "k"})
    assert response.status_code == 201
    assert organisation.post(PARIS, NEW | {"lock_code": "1234"}, headers={"Idempotency-Key": "k"}).status_code == 201
    vehicle = Vehicle.objects.get()
    path = f"{PARIS}/{vehicle.id}"
    assert response["Location"] == path
    assert (vehicle.owner_id, vehicle.lock_code, vehicle.last_location, bool(vehicle.cell)) == (
        None,
        "1234",
        "Louvre",
        True,
    )
    shown = organisation.get(path)
    assert organisation.patch(path, {"color": "blue"}).status_code == 428
    changed = organisation.patch(path, {"color": "blue"}, headers={"If-Match": shown["ETag"]})
    assert (changed.status_code, changed.json()["color"]) == (200, "blue")
    assert organisation.patch(path, {"color": "green"}, headers={"If-Match": shown["ETag"]}).status_code == 412
    assert organisation.get(path)["ETag"] == changed["ETag"]
    outside = organisation.patch(path, {"latitude": 0, "longitude": 0}, headers={"If-Match": "*"})
    assert outside.status_code == 422
    assert organisation.delete(path).status_code == 204
    assert organisation.get(path).status_code == 404


def test_who_may_register_and_decommission(rider, subtests):
    operations = StaffFactory(is_superuser=False)
    operations.groups.add(Group.objects.get(name="Operations"))
    support = StaffFactory(is_superuser=False, city="rome")
    support.groups.add(Group.objects.get(name="Support"))
    owned = VehicleFactory(owner=rider)
    for name, caller, registers, removes in (
        ("nobody", api_client(), 401, 401),
        ("wrong scope", api_client(rider, "rides"), 403, 403),
        ("other city's client", organisations_client(["rome"]), 404, 404),
        ("read-only client", organisations_client(["paris"], "fleet:read"), 403, 403),
        ("support, at home elsewhere", api_client(support, "fleet:write"), 422, 403),
        ("someone else", api_client(UserFactory(city="rome"), "fleet:write"), 422, 403),
        ("operations", api_client(operations, "fleet:write"), 201, 204),
        ("owner", api_client(rider, "fleet:write"), 201, 404),
    ):
        with subtests.test(name):
            response = caller.post(PARIS, NEW)
            assert response.status_code == registers, response.content
            assert caller.delete(f"{PARIS}/{owned.public_id}").status_code == removes
    assert set(Vehicle.objects.exclude(id=owned.id).values_list("owner_id", flat=True)) == {None, rider.id}


def test_bad_vehicles(organisation, rider, subtests):
    for data, field in (
        ({"type": "spaceship"}, "type"),
        ({"color": "x" * 33}, "color"),
        ({"brand": "\u2066"}, "brand"),
        ({"latitude": None}, None),
        ({"latitude": 0.0, "longitude": 0.0}, "latitude"),
        ({"location": "", "latitude": None, "longitude": None}, "location"),
        ({"type": "bike", "battery_percent": 5}, "battery_percent"),
        ({"battery_percent": 101}, "battery_percent"),
        ({"public_id": "x"}, "public_id"),
    ):
        with subtests.test(str(data)[:50]):
            response = organisation.post(PARIS, NEW | data)
            assert response.status_code == 422
            assert response.json()["errors"][0]["field"] == field
    assert not Vehicle.objects.exists()


def test_a_reservation_and_a_booking(rider):
    client, other = api_client(rider, "bookings"), api_client(UserFactory(), "bookings")
    vehicle, another = VehicleFactory.create_batch(2)
    held = client.post("/api/v1/reservations", {"city": "paris", "vehicle": str(vehicle.public_id)})
    assert (held.status_code, held.json()["kind"]) == (201, "reservation")
    assert other.post("/api/v1/reservations", {"city": "paris", "vehicle": str(vehicle.public_id)}).json()["code"] == (
        "reserved"
    )
    with assert_local(BOOKED_EVERYWHERE):
        made = client.post("/api/v1/bookings", booking(another, description="Picnic"))
    path = made["Location"]
    assert (made.status_code, made.json()["starts_at"]) == (201, at(0))
    assert client.get(path).json() == made.json()
    conflict = other.post("/api/v1/bookings", booking(another, 1, 3))
    assert (conflict.status_code, conflict.json()["code"]) == (409, "conflict")
    assert conflict.json()["interval"] == {"starts_at": at(0), "ends_at": at(2)}
    assert conflict.json()["next_free"] == {"starts_at": at(2), "ends_at": at(4)}
    assert [client.get(f"/api/v1/{name}").json()["_meta"]["total_items"] for name in ("reservations", "bookings")] == [
        1,
        1,
    ]
    assert other.get("/api/v1/bookings").json()["items"] == []
    assert (other.get(path).status_code, other.delete(path).status_code) == (404, 404)
    assert [client.delete(path).status_code for _time in range(2)] == [204, 204]
    assert client.delete(held["Location"]).status_code == 204
    assert client.get("/api/v1/bookings?when=upcoming").json()["items"] == []
    past = client.get("/api/v1/bookings?when=past").json()["items"][0]
    assert (past["is_over"], past["vehicle"]["id"], past["description"]) == (True, None, "Picnic")


def test_bad_bookings(rider, subtests):
    client, vehicle = api_client(rider, "bookings"), VehicleFactory()
    for data, code in (
        (booking(vehicle, 2, 1), "invalid"),
        (booking(vehicle, -48, -46), "in_the_past"),
        (booking(vehicle, 0, 100), "too_long"),
        (booking(vehicle, 24 * 100, 24 * 100 + 1), "too_far_ahead"),
        (booking(vehicle) | {"starts_at": "2030-01-01T00:00:00"}, "invalid"),
        (booking(vehicle) | {"starts_at": 0}, "invalid"),
        (booking(vehicle, description="x" * 101), "invalid"),
        (booking(vehicle) | {"city": "atlantis"}, "invalid"),
    ):
        with subtests.test(code):
            response = client.post("/api/v1/bookings", data)
            assert (response.status_code, response.json()["code"]) == (422, code)


def test_an_organisations_allocations(organisation, rider):
    vehicle = VehicleFactory()
    path = f"{PARIS}/{vehicle.id}/allocations"
    naive = at(0).removesuffix("Z")
    data = {"allocation_type": "booking", "from_datetime": naive, "to_datetime": at(2), "dump": {"order": 7}}
    made = organisation.post(path, data | {"description": "Cargo"})
    assert made.status_code == 201
    shown = made.json()
    assert (shown["starts_at"], shown["from_datetime"], shown["to_infinity"]) == (at(0), at(0), False)
    assert (shown["dump"], shown["description"]) == ({"order": 7}, "Cargo")
    assert organisation.get(made["Location"]).json() == shown
    assert Allocation.objects.get().start_by is None  # nobody starts a ride on it
    assert organisation.post(path, data).json()["interval"] == {"starts_at": at(0), "ends_at": at(2)}
    BookingFactory(vehicle=vehicle, rider=rider, description="Secret", starts_at=TOMORROW + timedelta(hours=5))
    listed = organisation.get(path).json()
    assert [item["description"] for item in listed["items"]] == ["Cargo", ""]
    forever = {"allocation_type": "maintenance", "from_infinity": True, "to_infinity": True}
    repair = organisation.post(path, forever)
    assert (repair.status_code, repair.json()["to_infinity"], repair.json()["ends_at"]) == (201, True, None)
    assert len(organisation.get(path).json()["items"]) == 1
    assert organisation.get(f"{PARIS}/{vehicle.id}").json()["situation"] == "maintenance"
    assert organisation.post(path, forever).status_code == 409
    assert [organisation.delete(repair["Location"]).status_code for _time in range(2)] == [204, 204]
    events = organisation.get(f"{PARIS}/{vehicle.id}/events").json()["items"]
    assert (events[0]["event_types"], events[0]["state"]) == (["maintenance"], "available")


@pytest.mark.parametrize("now", [{"reservation": True}, {}, {"maintenance": True}, {"paused": True}], ids=str)
def test_an_organisation_books_ahead_what_is_taken_now(organisation, now):
    vehicle = VehicleFactory(owner=UserFactory() if "paused" in now else None)
    moment = timezone.now()
    BookingFactory(vehicle=vehicle, starts_at=moment, ends_at=moment + timedelta(minutes=15), **now)
    path = f"{PARIS}/{vehicle.id}/allocations"
    response = organisation.post(path, {"allocation_type": "booking", "starts_at": at(0), "ends_at": at(2)})
    assert response.status_code == 201
    assert vehicle.events.latest("occurred_at").event_types == ["allocated"]


def test_contradictions(organisation, subtests):
    path = f"{PARIS}/{VehicleFactory().id}/allocations"
    whole = {"allocation_type": "maintenance", "starts_at": at(0), "ends_at": at(1)}
    for data in (
        {"from_infinity": True},
        {"from_datetime": at(1)},
        {"to_datetime": at(2)},
        {"starts_at": None},
        {"ends_at": at(-1)},
        {"allocation_type": "reservation"},
        {"allocation_type": "booking", "ends_at": None, "to_infinity": True},
        {"dump": {"a": "x" * 4096}},
        {"dump": []},
        {"description": "x" * 101},
    ):
        with subtests.test(str(data)[:50]):
            assert organisation.post(path, whole | data).status_code == 422
    assert not Allocation.objects.exists()


def test_who_may_allocate(rider, subtests):
    vehicle = VehicleFactory(owner=rider)
    path = f"{PARIS}/{vehicle.public_id}/allocations"
    pause = {"allocation_type": "paused", "from_infinity": True, "to_infinity": True}
    maintenance = pause | {"allocation_type": "maintenance"}
    for name, caller, data, status in (
        ("nobody", api_client(), maintenance, 401),
        ("other city's client", organisations_client(["rome"]), maintenance, 404),
        ("rider", api_client(UserFactory()), maintenance, 403),
        ("rider pausing", api_client(UserFactory()), pause, 403),
        ("booker", api_client(rider, "bookings"), maintenance, 403),
        ("owner", api_client(rider, "fleet:write"), pause, 201),
        ("staff", api_client(StaffFactory(), "fleet:write"), maintenance, 201),
    ):
        with subtests.test(name):
            assert caller.post(path, data).status_code == status
    stranger = api_client(UserFactory())
    assert stranger.get(path).json()["items"] == []
    assert api_client(rider).get(path).json()["items"][0]["allocation_type"] == "maintenance"
    assert stranger.get(f"{PARIS}/{vehicle.public_id}/events").status_code == 403


def test_the_inventorys_addresses(organisation, subtests):
    made = organisation.post("/api/v1/cars", {"color": "red", "location": "Louvre"})
    assert (made.status_code, made.json()["type"]) == (201, "car")
    id_ = made.json()["permanent_id"]
    VehicleFactory(type="truck")
    assert [item["permanent_id"] for item in organisation.get("/api/v1/cars?city=paris").json()["items"]] == [id_]
    assert organisation.get("/api/v1/vehicles").json()["_meta"]["total_items"] == 2
    assert organisation.get("/api/v1/cars?type=truck").status_code == 422
    with assert_local():
        assert organisation.get(f"/api/v1/cars/{id_}").json()["permanent_id"] == id_
    booked = {"allocation_type": "booking", "from_datetime": at(0), "to_datetime": at(1)}
    allocation = organisation.post(f"/api/v1/cars/{id_}/allocations", booked).json()
    for path, status in (
        (f"/api/v1/cars/{id_}/allocations/{allocation['id']}", 200),
        (f"/api/v1/cars/all/allocations/{allocation['id']}", 200),
        (f"/api/v1/cars/all/allocations/{allocation['id']}?city=paris", 200),
        (f"/api/v1/vehicles/all/allocations/{allocation['id']}", 200),
        (f"/api/v1/trucks/all/allocations/{allocation['id']}", 404),
        (f"/api/v1/trucks/{id_}", 404),
        (f"/api/v1/cars/{id_}?city=rome", 404),
        (f"/api/v1/cars/{id_}?city=atlantis", 422),
        (f"/api/v1/planes/{id_}", 404),
    ):
        with subtests.test(path):
            assert organisation.get(path).status_code == status
    other = organisations_client(["rome"])
    assert other.get(f"/api/v1/cars/all/allocations/{allocation['id']}").status_code == 404
    assert organisation.delete(f"/api/v1/cars/all/allocations/{allocation['id']}").status_code == 204
    assert organisation.delete(f"/api/v1/cars/{id_}").status_code == 204


@pytest.mark.django_db(transaction=True)
def test_twelve_bookings_of_one_slot_make_one():
    vehicle = VehicleFactory()
    people = [api_client(UserFactory(), "bookings") for _number in range(8)]
    calls = [lambda client=client: client.post("/api/v1/bookings", booking(vehicle)) for client in people]
    data = {"allocation_type": "booking", "starts_at": at(0), "ends_at": at(2)}
    path = f"{PARIS}/{vehicle.id}/allocations"
    for _number in range(4):
        client = organisations_client(["paris"])
        calls.append(lambda client=client: client.post(path, data))
    statuses = [getattr(response, "status_code", response) for response in at_once(*calls)]
    assert sorted(statuses) == [201] + [409] * 11
    assert Allocation.objects.count() == 1
