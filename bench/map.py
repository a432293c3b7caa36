"""Compare the map's response with its bare queries: how much the request adds to the database's work.

A request runs in process through middleware, authentication, view and JSON. The bare variant sends the same queries
with the same values by a cursor, and calls ``json.dumps`` on the rows. They alternate, and the median is reported.
"""

import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from cities import geohash
from cities.registry import registry
from fleet.models import Vehicle
from fleet.models.choices import VehicleType

from .made import add_person, numbered_code

CITY = "paris"
TURNS = 31
BATCH = 1000
SPREAD = 0.04, 0.06  # degrees north and east: mostly within a few kilometres of the centre
VIEWS = {
    "whole city": {"zoom": 11},
    "half of it": {"bbox": "48.80,2.25,48.92,2.45", "zoom": 12},
    "some districts": {"bbox": "48.83,2.32,48.87,2.38", "zoom": 14},
    "some streets": {"bbox": "48.852,2.345,48.860,2.355", "zoom": 16},
    "free bikes there": {"bbox": "48.852,2.345,48.860,2.355", "zoom": 16, "type": "bike", "available": "on"},
}


@dataclass(frozen=True)
class Measured:
    view: str
    places: int
    vehicles: int
    statements: int
    bare_ms: float
    request_ms: float

    @property
    def ratio(self) -> float:
        return self.request_ms / self.bare_ms


def fill(number: int) -> None:
    """Insert vehicles in one city. Reproducible."""
    chance, city, now = random.Random(1), registry[CITY], timezone.now()  # noqa: S311
    made = []
    for index in range(number):
        latitude = round(chance.gauss(city.latitude, SPREAD[0]), 6)
        longitude = round(chance.gauss(city.longitude, SPREAD[1]), 6)
        made.append(
            Vehicle(
                city=CITY,
                code=numbered_code(CITY, index),
                type=chance.choice(VehicleType.values),
                color="red",
                last_location="Somewhere",
                latitude=latitude,
                longitude=longitude,
                cell=geohash.encode(latitude, longitude),
                approved_at=now,
                status=chance.choice(["available"] * 8 + ["on_trip", "removed"]),
                battery_percent=chance.randint(1, 100),
            )
        )
    Vehicle.objects.bulk_create(made, batch_size=BATCH)


def measure() -> Iterator[Measured]:
    settings.DEBUG = False  # DEBUG would keep all queries
    client = Client()
    client.force_login(add_person(CITY))
    client.get("/vehicles/map/")  # cached on a running server
    for view, query in VIEWS.items():
        yield _measured(view, lambda query=query: client.get("/vehicles/map/", query))


def _measured(view: str, ask: Callable[[], Any]) -> Measured:
    sent: list[tuple[str, Any]] = []

    def keep(execute, sql, params, many, context):
        sent.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(keep):
        answer = ask()
    places = answer.json()["places"]

    def bare() -> None:
        for sql, params in sent:
            with connection.cursor() as cursor:
                cursor.execute(sql, params)
                rows = cursor.fetchall()
        json.dumps({"places": rows})  # of the last query, the map's

    times: dict[Callable[[], Any], list[float]] = {bare: [], ask: []}
    for run in (bare, ask) * (TURNS + 1):
        began = time.perf_counter()
        run()
        times[run].append((time.perf_counter() - began) * 1000)
    vehicles = sum(place["count"] for place in places)
    return Measured(view, len(places), vehicles, len(sent), median(times[bare][1:]), median(times[ask][1:]))


def printed(vehicles: int) -> Iterator[str]:
    yield f"{vehicles} vehicles in one city, on {connection.vendor}, medians of {TURNS}:"
    yield f"{'view':<18}{'vehicles':>9}{'places':>8}{'statements':>12}{'bare ms':>9}{'request ms':>12}{'ratio':>7}"
    for one in measure():
        yield (
            f"{one.view:<18}{one.vehicles:>9}{one.places:>8}{one.statements:>12}"
            f"{one.bare_ms:>9.2f}{one.request_ms:>12.2f}{one.ratio:>7.2f}"
        )
