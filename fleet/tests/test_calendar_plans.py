"""How PostgreSQL finds what is in the way: by the partial indexes, however many allocations there are."""

import re
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from accounts.tests.factories import StaffFactory, UserFactory
from bench.calendar import FULL, fill
from cities.registry import registry
from fleet.intervals import Interval
from fleet.locking import lock_vehicle
from fleet.models import Allocation, Vehicle
from movr_project.tests.databases import on_postgresql

pytestmark = [on_postgresql, pytest.mark.django_db(transaction=True)]

OF_A_VEHICLE, OF_A_CITY = "allocations_vehicle_ends", "allocations_city_ends"


@pytest.fixture
def city():
    fill(FULL, vehicles=1500, allocations=30_000)
    return registry[FULL]


def plans(ask) -> list[str]:
    """Of each statement of a block that reads allocations."""
    found = []

    def explain(execute, sql, params, many, context):
        if '"allocations"' in sql and sql.startswith("SELECT"):
            with connection.cursor() as cursor:
                cursor.cursor.execute(f"EXPLAIN {sql}", params)
                found.append("\n".join(line for (line,) in cursor.cursor.fetchall()))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        ask()
    assert found
    return found


def assert_by_the_index(ask, *indexes):
    for plan in plans(ask):
        scans = re.findall(r"(?:Seq|Index|Index Only|Bitmap \w+) Scan[^\n]* on allocations[^\n]*", plan)
        assert any(index in plan for index in indexes or [OF_A_VEHICLE]), plan
        assert not any(scan.startswith("Seq") for scan in scans), plan


@pytest.mark.parametrize("query", [{}, {"available": "on"}, {"from": True}], ids=["all", "free now", "free for"])
def test_the_list(city, query):
    client = Client()
    client.force_login(UserFactory(city=city.name))
    if query.get("from"):
        now = timezone.now()
        query = {"from": (now + timedelta(hours=2)).isoformat(), "until": (now + timedelta(hours=4)).isoformat()}
    assert_by_the_index(lambda: client.get("/vehicles/", query))


@pytest.mark.parametrize("page", ["", "calendar/", "book/"])
def test_a_vehicles_pages(city, page):
    client = Client()
    client.force_login(UserFactory(city=city.name))
    vehicle = Vehicle.objects.in_city(city.name).first()
    assert_by_the_index(lambda: client.get(f"{vehicle.get_absolute_url()}{page}"))


def test_the_lock_of_a_vehicle_with_its_calendar(city):
    vehicle = Vehicle.objects.in_city(city.name).first()

    @transaction.atomic
    def lock():
        assert lock_vehicle(city.name, vehicle.id)

    assert_by_the_index(lock)


@pytest.mark.parametrize("when", ["live", "now", "ahead"])
def test_what_staff_see_first_of_all_cities(city, when):
    client = Client()
    client.force_login(StaffFactory())
    Allocation.objects.filter(ends_at__gt=timezone.now()).exclude(vehicle__code__endswith="2").delete()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE allocations")
    assert_by_the_index(lambda: client.get("/admin/fleet/allocation/", {"when": when}), OF_A_CITY)


def test_what_somebody_made_who_leaves(city):
    person = UserFactory(city=city.name)
    assert_by_the_index(lambda: list(person.allocations_made.all()), "allocations_maker")


def test_what_is_free_for_an_interval(city):
    soon = Interval.lasting(timezone.now(), timedelta(hours=2))
    vehicles = Vehicle.objects.in_city(city.name).free_for(soon).in_order()[:20]
    assert_by_the_index(lambda: list(vehicles), OF_A_VEHICLE, OF_A_CITY)
