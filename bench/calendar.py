"""Pages that read calendars, in a city with a million allocations and in one with a thousand, in the same run.

Both cities have as many vehicles, and the first ones, whose pages are asked for, have as long a calendar: twenty
allocations each, a day apart, most of them past. So what grows is the table alone. Whole requests, in process, the
two cities in turn, the median of many. On PostgreSQL, which makes a million rows in one statement.
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
from accounts.tests.factories import StaffFactory, UserFactory
from cities.registry import registry
from fleet import geohash
from fleet.choices import VehicleType
from fleet.intervals import Interval
from fleet.models import Vehicle
from fleet.services import book_vehicle, give_back, reserve_vehicle
from fleet.tests.factories import numbered_code

FULL, SPARSE = "paris", "rome"
EACH, PAST = 20, 15  # allocations of a vehicle, and those of them that are over
TURNS = 31
BATCH = 1000

ALLOCATIONS = """
    INSERT INTO allocations (city, id, vehicle_id, kind, state, starts_at, ends_at, description, data,
                             rider_city, rider_id, created_at, cancelled_at)
    SELECT v.city, gen_random_uuid(), v.id, 'booking', 'reserved', slot.starts_at, slot.starts_at + interval '1 hour',
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
    """The same every time, but for the day."""
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
    rider = UserFactory(city=city)
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
    """A rider and somebody of the staff, who look at one city."""

    def __init__(self, city: str):
        self.city = city
        self.rider: User = UserFactory(city=city)
        self.browser, self.staff = Client(), Client()
        self.browser.force_login(self.rider)
        self.staff.force_login(StaffFactory(city=city))
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
            "list, free from … until": lambda: self.browser.get("/vehicles/", interval),
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
        give_back(rider=self.rider, city=self.city, allocation_id=reservation.id)

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
    settings.DEBUG = False  # it keeps all statements
    settings.STAFF_SECOND_FACTOR = False
    settings.RESERVATION_COOLDOWN_MINUTES = 0
    settings.MAX_BOOKINGS = TURNS + 1
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
        raise SystemExit("This one needs PostgreSQL: BENCH_DATABASE_URL=postgres://… names an empty database.")
    fill(SPARSE, vehicles=vehicles, allocations=few)
    fill(FULL, vehicles=vehicles, allocations=allocations)
    yield f"{vehicles} vehicles in each of two cities, on {connection.vendor}, medians of {TURNS} in ms:"
    yield f"{'':<26}{few:>14} allocations{allocations:>12} allocations{'ratio':>8}"
    for one in measure():
        yield f"{one.what:<26}{one.sparse_ms:>26.2f}{one.full_ms:>24.2f}{one.ratio:>8.2f}"
