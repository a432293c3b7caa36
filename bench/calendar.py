"""Compare pages that read calendars in a city with a million allocations and in one with a thousand.

Both cities have the same number of vehicles, and the vehicles whose pages are requested have calendars of the same
length: twenty allocations each, a day apart, mostly past. Only the size of the table differs. Requests run in process,
alternating between the cities, and the median is reported. PostgreSQL only, as it creates a million rows in one
statement.
"""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from statistics import median
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import User
from cities import geohash
from cities.registry import registry
from fleet.calendar.intervals import Interval
from fleet.models import Vehicle
from fleet.models.choices import VehicleType
from fleet.services import book_vehicle, cancel_own_allocation, reserve_vehicle

from .made import add_person, numbered_code

FULL, SPARSE = "paris", "rome"
EACH, PAST = 20, 15  # allocations per vehicle, and how many of them are past
TURNS = 31
BATCH = 1000

ALLOCATIONS = """
    INSERT INTO allocations (city, id, vehicle_id, kind, state, starts_at, ends_at, start_by, description,
                             data, rider_city, rider_id, created_at, cancelled_at)
    SELECT v.city, gen_random_uuid(), v.id, 'booking', 'reserved', slot.starts_at, slot.starts_at + interval '1 hour',
           CASE WHEN n >= %(past)s THEN slot.starts_at + interval '30 minutes' END,
           '', '{}', %(rider_city)s, %(rider_id)s, slot.starts_at - interval '3 days',
           CASE WHEN n %% 5 = 4 AND n < %(past)s THEN slot.starts_at - interval '1 day' END
    FROM (SELECT city, id, row_number() OVER (ORDER BY code) - 1 AS number FROM vehicles WHERE city = %(city)s) AS v,
         generate_series(0, %(each)s - 1) AS n,
         LATERAL (SELECT date_trunc('hour', now()) + (n - %(past)s) * interval '1 day'
                         + (v.number %% 48) * interval '30 minutes' AS starts_at) AS slot
    WHERE v.number * %(each)s + n < %(allocations)s
"""


@dataclass(frozen=True)
class Measured:
    what: str
    sparse_ms: float
    full_ms: float

    @property
    def ratio(self) -> float:
        return self.full_ms / self.sparse_ms


def fill(city: str, *, vehicles: int, allocations: int) -> None:
    """Insert the vehicles. Reproducible, except for the date."""
    chance, place, now = random.Random(1), registry[city], timezone.now()  # noqa: S311
    cell = geohash.encode(place.latitude, place.longitude)
    made = (
        Vehicle(
            city=city,
            code=numbered_code(city, number),
            type=chance.choice(VehicleType.values),
            color="red",
            last_location="Somewhere",
            latitude=place.latitude,
            longitude=place.longitude,
            cell=cell,
            approved_at=now,
        )
        for number in range(vehicles)
    )
    Vehicle.objects.bulk_create(made, batch_size=BATCH)
    rider = add_person(city)
    values = {
        "city": city,
        "rider_city": rider.city,
        "rider_id": rider.id,
        "each": EACH,
        "past": PAST,
        "allocations": allocations,
    }
    with connection.cursor() as cursor:
        cursor.execute(ALLOCATIONS, values)
        cursor.execute("ANALYZE vehicles")
        cursor.execute("ANALYZE allocations")


class Visit:
    """A rider and a staff member who browse the same city."""

    def __init__(self, city: str):
        self.city = city
        self.rider: User = add_person(city)
        self.browser, self.staff = Client(), Client()
        self.browser.force_login(self.rider)
        self.staff.force_login(add_person(city, is_staff=True, is_superuser=True))
        self.now = timezone.now().replace(second=0, microsecond=0)
        soon = Interval(self.now, self.now + timedelta(hours=2))
        self.vehicle = Vehicle.objects.in_city(city).free_for(soon).in_order().first()
        self.turns = count()

    def asked(self) -> dict[str, Callable[[], Any]]:
        page = self.vehicle.get_absolute_url()
        interval = {"from": self._in(hours=2), "until": self._in(hours=5)}
        return {
            "list": lambda: self.browser.get("/vehicles/"),
            "list, free now": lambda: self.browser.get("/vehicles/", {"available": "on"}),
            "list, free at a certain time": lambda: self.browser.get("/vehicles/", interval),
            "a vehicle": lambda: self.browser.get(page),
            "its calendar": lambda: self.browser.get(f"{page}calendar/"),
            "booking form": lambda: self.browser.get(f"{page}book/"),
            "own bookings": lambda: self.browser.get("/bookings/"),
            "reserving and cancelling": self._reserve,
            "booking": self._book,
            "staff: a day": lambda: self.staff.get("/admin/fleet/allocation/calendar/", {"city": self.city}),
        }

    def _in(self, **ahead: int) -> str:
        return (self.now + timedelta(**ahead)).isoformat()

    def _reserve(self) -> None:
        reservation = reserve_vehicle(
            rider=self.rider,
            city=registry[self.city],
            vehicle_city=self.city,
            vehicle_id=self.vehicle.id,
            token=str(next(self.turns)),
        )
        cancel_own_allocation(rider=self.rider, city=self.city, allocation_id=reservation.id)

    def _book(self) -> None:
        turn = next(self.turns)
        start = self.now + timedelta(days=20, hours=turn)
        book_vehicle(
            rider=self.rider,
            vehicle_city=self.city,
            vehicle_id=self.vehicle.id,
            starts_at=start,
            ends_at=start + timedelta(hours=1),
            token=str(turn),
        )


def measure() -> Iterator[Measured]:
    settings.DEBUG = False  # DEBUG would keep all queries
    settings.STAFF_SECOND_FACTOR = False
    settings.RESERVATION_COOLDOWN_MINUTES = 0
    settings.MAX_BOOKINGS = TURNS + 1
    settings.MAX_BOOKED_HOURS = 100_000
    sparse, full = Visit(SPARSE).asked(), Visit(FULL).asked()
    for what in sparse:
        times: dict[Callable[[], Any], list[float]] = {sparse[what]: [], full[what]: []}
        for run in (sparse[what], full[what]) * (TURNS + 1):
            began = time.perf_counter()
            response = run()
            times[run].append((time.perf_counter() - began) * 1000)
            if response is not None and response.status_code != 200:
                raise RuntimeError(f"{what}: answered with {response.status_code}")
        few, many = (median(taken[1:]) for taken in times.values())
        yield Measured(what, few, many)


def printed(*, vehicles: int, allocations: int, few: int) -> Iterator[str]:
    if connection.vendor != "postgresql":
        raise SystemExit("This benchmark needs PostgreSQL. Set BENCH_DATABASE_URL=postgres://… to an empty database.")
    fill(SPARSE, vehicles=vehicles, allocations=few)
    fill(FULL, vehicles=vehicles, allocations=allocations)
    yield f"{vehicles} vehicles in each of two cities, on {connection.vendor}, medians of {TURNS} in ms:"
    yield f"{'':<26}{few:>14} allocations{allocations:>12} allocations{'ratio':>8}"
    for one in measure():
        yield f"{one.what:<26}{one.sparse_ms:>26.2f}{one.full_ms:>24.2f}{one.ratio:>8.2f}"
