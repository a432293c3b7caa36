"""PostgreSQL finds conflicts with partial indexes, however many allocations there are."""

import re
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from accounts.tests.factories import StaffFactory, UserFactory
from bench.calendar import FULL, fill
from fleet.calendar.intervals import Interval
from fleet.calendar.locking import lock_vehicle
from fleet.models import Allocation, Vehicle
from movr_project.tests.databases import on_postgresql

pytestmark = [on_postgresql, pytest.mark.django_db(transaction=True)]

OF_A_VEHICLE, OF_A_CITY = "allocations_vehicle_ends", "allocations_city_ends"


def plans(ask) -> list[str]:
    """Return the plans of the block's queries on allocations.

    Without sequential scans, which PostgreSQL may well choose for a table of this size: the question is whether an
    index can answer.
    """
    found = []

    def explain(execute, sql, params, many, context):
        if '"allocations"' in sql and sql.startswith("SELECT"):
            with connection.cursor() as cursor:
                cursor.cursor.execute("SET enable_seqscan = off")
                cursor.cursor.execute(f"EXPLAIN {sql}", params)
                found.append("\n".join(line for (line,) in cursor.cursor.fetchall()))
                cursor.cursor.execute("RESET enable_seqscan")
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


def test_every_query_about_the_calendar_is_answered_by_an_index(subtests):
    fill(FULL, vehicles=1500, allocations=30_000)
    person = UserFactory(city=FULL)
    vehicle = Vehicle.objects.in_city(FULL).first()
    client = Client()
    client.force_login(person)

    now = timezone.now()
    free_for = {"from": (now + timedelta(hours=2)).isoformat(), "until": (now + timedelta(hours=4)).isoformat()}
    for query in ({}, {"available": "on"}, free_for):
        with subtests.test("the list", query=query):
            assert_by_the_index(lambda query=query: client.get("/vehicles/", query), OF_A_VEHICLE, OF_A_CITY)

    for page in ("", "calendar/", "book/"):
        with subtests.test("a vehicle's page", page=page):
            assert_by_the_index(lambda page=page: client.get(f"{vehicle.get_absolute_url()}{page}"))

    with subtests.test("the lock of a vehicle and its calendar"), transaction.atomic():
        assert_by_the_index(lambda: lock_vehicle(FULL, vehicle.id))

    with subtests.test("what is free for an interval"):
        free = Vehicle.objects.in_city(FULL).free_for(Interval.lasting(now, timedelta(hours=2))).in_order()[:20]
        assert_by_the_index(lambda: list(free), OF_A_VEHICLE, OF_A_CITY)

    with subtests.test("what a leaving person created"):
        assert_by_the_index(lambda: list(person.allocations_made.all()), "allocations_maker")

    client.force_login(StaffFactory())
    Allocation.objects.filter(ends_at__gt=now).exclude(vehicle__code__endswith="2").delete()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE allocations")
    for when in ("live", "now", "ahead"):
        with subtests.test("what staff see first of all cities", when=when):
            assert_by_the_index(lambda when=when: client.get("/admin/fleet/allocation/", {"when": when}), OF_A_CITY)
