"""The guard itself fails when a query doesn't name the city."""

import uuid

import pytest
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.utils import timezone

from accounts.api_access.models import ApiToken
from accounts.api_access.services import find_token
from accounts.models import User
from accounts.tests.factories import UserFactory
from cities.placement.locality import (
    ALWAYS,
    LOG_IN_BY_MAIL,
    LOG_IN_BY_NAME,
    OWN_HISTORY,
    complaints_about,
    partitioned_tables,
)
from fleet.calendar.locking import LockedVehicle
from fleet.models import Allocation, Vehicle, VehicleEvent
from fleet.tests.factories import VehicleFactory
from movr_project.tests.databases import on_server
from movr_project.tests.locality import NotLocal, assert_local
from rides.models import Ride
from rides.tests.factories import RideFactory

ID = uuid.UUID(int=7)


def run(queryset):
    list(queryset)


def test_every_table_with_a_city_key_is_watched_and_the_people():
    calendars = {"allocations", "vehicle_events", "problem_reports"}
    assert {"users", "vehicles", "rides"} | calendars <= partitioned_tables()
    assert not {"cities", "auth_group", "django_admin_log"} & partitioned_tables()


LOCAL = {
    "city =": lambda: run(Vehicle.objects.filter(city="paris")),
    "city in": lambda: run(Vehicle.objects.filter(city__in=["paris", "rome"])),
    "key =": lambda: run(Vehicle.objects.filter(pk=("paris", ID))),
    "key in": lambda: run(Vehicle.objects.filter(pk__in=[("paris", ID), ("rome", ID)])),
    "count": lambda: Vehicle.objects.filter(city="paris").count(),
    "aggregate over a subquery": lambda: Vehicle.objects.filter(city="paris")[:3].count(),
    "beside an or": lambda: run(Vehicle.objects.filter(Q(type="bike") | Q(color="red"), city="paris")),
    "join": lambda: run(Ride.objects.filter(city="paris").select_related("vehicle")),
    "join, named on the other side": lambda: run(Ride.objects.filter(vehicle__city="paris")),
    "outer join": lambda: run(Vehicle.objects.filter(city="paris", rides__isnull=True)),
    "exists with both columns": lambda: run(
        Vehicle.objects.filter(~Exists(Ride.objects.filter(city=OuterRef("city"), rider_id=ID)), city="paris")
    ),
    "prefetch": lambda: run(Vehicle.objects.filter(city="paris").prefetch_related("rides")),
    "union": lambda: run(Vehicle.objects.filter(city="paris").union(Vehicle.objects.filter(city="rome"))),
    "update": lambda: Vehicle.objects.filter(city="paris").update(color="red"),
    "update by key": lambda: Vehicle.objects.filter(pk=("paris", ID)).update(color="red"),
    "delete": lambda: Vehicle.objects.filter(city="rome", id=ID).delete(),
    "what is free": lambda: run(Vehicle.objects.filter(city="paris").rideable_by(UserFactory.build())),
    "a calendar": lambda: run(Allocation.objects.live().filter(city="paris", vehicle_id=ID)),
    "a vehicle's calendar": lambda: LockedVehicle.read(VehicleFactory.build(city="paris"), repeated=ID),
    "bookings that meet a ride": lambda: run(Allocation.objects.in_city("paris").meeting_a_ride(timezone.now())),
    "a log": lambda: run(VehicleEvent.objects.filter(city="paris", vehicle_id=ID)),
    "people": lambda: run(User.objects.filter(city="paris", is_active=True)),
    "the logged-in person": lambda: run(User.objects.filter(id=ID)),
    "the person of a token": lambda: find_token("movr_p_x"),
    "insert": lambda: VehicleFactory(),
}


@pytest.mark.django_db
@pytest.mark.parametrize("query", LOCAL.values(), ids=LOCAL)
def test_a_query_that_names_the_city_passes(query):
    RideFactory()
    with assert_local() as statements:
        query()
    assert statements


NOT_LOCAL = {
    "no condition": lambda: run(Vehicle.objects.all()),
    "id alone": lambda: run(Vehicle.objects.filter(id=ID)),
    "another column": lambda: run(Vehicle.objects.filter(status="available")),
    "not this city": lambda: run(Vehicle.objects.exclude(city="paris")),
    "greater than": lambda: run(Vehicle.objects.filter(city__gt="paris")),
    "like": lambda: run(Vehicle.objects.filter(city__startswith="par")),
    "this city or something else": lambda: run(Vehicle.objects.filter(Q(city="paris") | Q(color="red"))),
    "the city is the city": lambda: run(Vehicle.objects.filter(city=F("city"))),
    "only in an outer join": lambda: run(Vehicle.objects.filter(rides__isnull=True)),
    "count": lambda: Vehicle.objects.count(),
    "exists": lambda: Ride.objects.filter(id=ID).exists(),
    "join": lambda: run(Ride.objects.filter(id=ID).select_related("vehicle")),
    "subquery": lambda: run(
        Vehicle.objects.filter(city="paris", id__in=Subquery(Ride.objects.filter(rider_id=ID).values("vehicle_id")))
    ),
    "exclude across a relation": lambda: run(Vehicle.objects.filter(city="paris").exclude(rides__rider_id=ID)),
    "a person's bookings": lambda: run(Allocation.objects.for_rider(UserFactory.build())),
    "calendars without a city": lambda: run(Allocation.objects.live().filter(vehicle_id=ID)),
    "half of a union": lambda: run(Vehicle.objects.filter(city="paris").union(Vehicle.objects.filter(id=ID))),
    "a write on a person by id": lambda: User.objects.filter(id=ID).update(first_name="Ada"),
    "a person by id and more": lambda: User.objects.filter(id=ID, is_active=True).exists(),
    "a person by name": lambda: run(User.objects.filter(username="ada")),
    "a rider's rides": lambda: run(Ride.objects.filter(rider_city="paris", rider_id=ID)),
    "people of tokens": lambda: run(ApiToken.objects.filter(user__username="ada").select_related("user")),
    "update": lambda: Vehicle.objects.filter(id=ID).update(color="red"),
    "update everything": lambda: Vehicle.objects.update(color="red"),
    "update the city": lambda: Vehicle.objects.filter(id=ID).update(city="paris"),
    "delete": lambda: Ride.objects.filter(id=ID).delete(),
    "fast delete": lambda: Ride.objects.filter(id=ID)._raw_delete("default"),
}


@pytest.mark.django_db
@pytest.mark.parametrize("query", NOT_LOCAL.values(), ids=NOT_LOCAL)
def test_a_query_that_names_no_city_fails(query):
    with pytest.raises(NotLocal), assert_local():
        query()


RAW = [
    "SELECT * FROM rides",
    "SELECT * FROM rides r, vehicles v WHERE r.city = 'paris'",
    "SELECT * FROM vehicles LEFT JOIN rides ON rides.city = vehicles.city AND vehicles.city = 'paris'",
    "SELECT (SELECT max(start_time) FROM rides) FROM vehicles WHERE city = %s",
    "SELECT * FROM vehicles WHERE CASE WHEN color = 'red' AND city = 'paris' THEN 1 ELSE 0 END = 1",
    "SELECT * FROM vehicles WHERE NOT (city = 'paris')",
    "SELECT * FROM vehicles WHERE city NOT IN ('paris')",
    "SELECT * FROM vehicles WHERE city IN ('paris') OR 1 = 1",
    "UPDATE vehicles SET city = 'paris' WHERE id = %s",
    "DELETE FROM vehicles",
    "INSERT INTO rides (id) VALUES (%s)",
    "WITH all_of_them AS (SELECT * FROM rides) SELECT * FROM all_of_them",
    "TRUNCATE rides",
]


@pytest.mark.parametrize("sql", RAW)
def test_raw_statements_are_read_too(sql):
    assert complaints_about(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM rides WHERE city = %s AND id = %s",
        "SELECT * FROM rides r JOIN vehicles v ON r.city = v.city WHERE v.city = 'paris' AND 1 = 1",
        "SELECT * FROM rides AS r JOIN vehicles AS v ON r.city = v.city WHERE (v.city, v.id) = (%s, %s)",
        "SELECT * FROM cities",
        "SAVEPOINT x",
    ],
)
def test_raw_statements_that_name_the_city_pass(sql):
    assert not complaints_about(sql)


@pytest.mark.django_db
def test_the_complaint_names_the_table_and_shows_the_statement():
    with pytest.raises(NotLocal, match=r"(?s)SELECT on rides without its city.*SELECT .* FROM .rides."), assert_local():
        run(Ride.objects.filter(id=ID))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("exemption", "query"),
    [
        (LOG_IN_BY_NAME, lambda: User.objects.filter(username="ada").first()),
        (LOG_IN_BY_MAIL, lambda: User.objects.filter(email="ada@example.com").first()),
        (OWN_HISTORY, lambda: run(Ride.objects.of_rider(UserFactory.build()).select_related("vehicle"))),
    ],
)
def test_an_exemption_lets_its_own_read_pass_and_no_other(exemption, query):
    with assert_local(exemption):
        query()
    with pytest.raises(NotLocal), assert_local(exemption):
        run(Vehicle.objects.filter(id=ID))


@pytest.mark.django_db(transaction=True)
@on_server  # SQLite has no FOR UPDATE
def test_no_exemption_covers_a_lock():
    with pytest.raises(NotLocal), assert_local(*ALWAYS), transaction.atomic():
        run(User.objects.filter(id=ID).select_for_update())


def test_every_exemption_says_why():
    assert all(one.why for one in (*ALWAYS, LOG_IN_BY_NAME, LOG_IN_BY_MAIL, OWN_HISTORY))
