"""Write all demo data in batches, each in its own transaction with retries."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Model

from accounts.models import User
from cities.models import City
from cities.registry import registry
from fleet.models import Allocation, Vehicle, VehicleEvent
from rides.models import Ride

from .calendars import Parked, plans
from .inserts import (
    in_transaction,
    insert_allocations,
    insert_ended_rides,
    insert_open_rides,
    insert_people,
    insert_vehicles,
)
from .people import riders
from .places import Scatter
from .streams import shares
from .trips import RiddenVehicle, Rider, ended_rides, most_rides, open_rides, vehicles_ridden
from .vehicles import vehicles
from .words import CITY_WEIGHTS

BATCH_SIZE = 1000
OTHER_CITIES_WEIGHT = 5
OPEN_RIDES = 0.1  # maximum share of a city's rides
RIDING_NOW = 0.3  # maximum share of a city's riders
EVERY_NTH_OWNS = 4
EVERY_NTH_TRAVELS, FIRST_TO_TRAVEL = 8, 5

# Called after each batch with its kind, the rows done and the rows added.
Report = Callable[[str, int, int], None]


class Amounts(NamedTuple):
    """The number of rows of each kind, across all cities."""

    vehicles: int
    riders: int
    rides: int
    allocations: int = 0


@dataclass
class Seeding:
    """One run of the seeding. ``add_all`` adds what is missing."""

    amounts: Amounts
    seed: int
    now: datetime
    report: Report

    def __post_init__(self) -> None:
        self.cities: list[City] = list(registry)
        self.weights = {city.name: CITY_WEIGHTS.get(city.name, OTHER_CITIES_WEIGHT) for city in self.cities}
        self.vehicles_in = shares(self.amounts.vehicles, self.weights)
        self.fresh: set[UUID] = set()  # vehicles with rides that this run added
        self.parked: list[Parked] = []  # in the current city

    def add_all(self) -> None:
        residents = self.add_riders()
        # The plans so far, made for empty tables, would read all of a city's people for each foreign key check.
        refresh_statistics(User)
        riding_in = self.where_they_ride(residents)
        rides_in = self.share(self.amounts.rides, riding_in)
        allocations_in = self.share(self.amounts.allocations, riding_in)
        for city in self.cities:
            scatter = Scatter(city, self.vehicles_in[city.name])
            ridden = self.add_vehicles(city, scatter, residents[city.name], rides_in[city.name])
            if city == self.cities[0]:
                refresh_statistics(Vehicle)
            self.add_rides(city, scatter, rides_in[city.name], ridden, riding_in[city.name])
            self.add_allocations(city, allocations_in[city.name], riding_in[city.name])

    def add_riders(self) -> dict[str, list[UUID]]:
        """Return the ids of the riders by home city."""
        riders_in = shares(self.amounts.riders, self.weights)
        residents: dict[str, list[UUID]] = {}
        for city in self.cities:
            people = riders(city, riders_in[city.name], seed=self.seed, now=self.now)
            residents[city.name] = list(self._write_people(city, people))
        return residents

    def _write_people(self, city: City, people: Iterator[User]) -> Iterator[UUID]:
        for batch in batches(people):
            added = in_transaction(partial(insert_people, batch))
            self.report("riders", len(batch), added)
            if added == len(batch):
                yield from (user.id for user in batch)
                continue
            # An existing person may have moved to another city or left.
            ids = [user.id for user in batch]
            at_home = set(User.objects.active().in_city(city.name).filter(id__in=ids).values_list("id", flat=True))
            yield from (id_ for id_ in ids if id_ in at_home)

    def where_they_ride(self, residents: dict[str, list[UUID]]) -> dict[str, list[Rider]]:
        """Return who rides in which city: most at home, some also in the next city of the list."""
        riding_in: dict[str, list[Rider]] = {city.name: [] for city in self.cities}
        names = list(riding_in)
        for home, next_city in zip(names, names[1:] + names[:1], strict=True):
            for index, id_ in enumerate(residents[home]):
                travels = index % EVERY_NTH_TRAVELS == FIRST_TO_TRAVEL
                riding_in[next_city if travels else home].append(Rider(home, id_))
        return riding_in

    def share(self, number: int, riding_in: dict[str, list[Rider]]) -> dict[str, int]:
        """Return how many rides or allocations each city gets. None without vehicles or riders."""
        weights = {
            name: weight if self.vehicles_in[name] and riding_in[name] else 0 for name, weight in self.weights.items()
        }
        return shares(number, weights) if any(weights.values()) else dict.fromkeys(weights, 0)

    def add_vehicles(self, city: City, scatter: Scatter, residents: Sequence[UUID], rides: int) -> list[RiddenVehicle]:
        """Add vehicles and return those that will have rides."""
        number = self.vehicles_in[city.name]
        owners = residents[::EVERY_NTH_OWNS]
        rows = vehicles(city, number, owners=owners, scatter=scatter, seed=self.seed, now=self.now)
        ridden: list[RiddenVehicle] = []
        self.parked.clear()
        self.fresh.clear()
        missing = vehicles_ridden(number, rides)
        for batch in batches(rows):
            first = batch[: missing - len(ridden)]
            added = in_transaction(partial(insert_vehicles, city, batch))
            ridden += map(RiddenVehicle.of, first)
            if added == len(batch):
                self.fresh.update(vehicle.id for vehicle in first)
            if self.amounts.allocations:
                self.parked += map(Parked.of, batch)
            self.report("vehicles", len(batch), added)
        return ridden

    def add_rides(
        self, city: City, scatter: Scatter, number: int, ridden: Sequence[RiddenVehicle], pool: Sequence[Rider]
    ) -> None:
        going_on = min(round(number * OPEN_RIDES), int(len(pool) * RIDING_NOW), len(ridden))
        ended = min(number - going_on, most_rides(len(ridden), len(pool)))
        common = {"vehicles": ridden, "riders": pool, "seed": self.seed, "now": self.now}
        insert_open = partial(insert_open_rides, now=self.now)
        self._write_rides(city, insert_open, open_rides(city, going_on, **common))
        insert_ended = partial(insert_ended_rides, fresh=self.fresh)
        self._write_rides(city, insert_ended, ended_rides(city, ended, scatter=scatter, **common))

    def add_allocations(self, city: City, number: int, pool: Sequence[Rider]) -> None:
        rows = plans(city, number, vehicles=self.parked, riders=pool, seed=self.seed, now=self.now)
        for batch in batches(rows):
            added = in_transaction(partial(insert_allocations, city, batch, now=self.now))
            self.report("allocations", len(batch), added)

    def _write_rides(self, city: City, insert: Callable[[City, Sequence[Ride]], int], rows: Iterator[Ride]) -> None:
        for batch in batches(rows):
            self.report("rides", len(batch), in_transaction(partial(insert, city, batch)))


def batches(rows: Iterable) -> Iterator[list]:
    rows = iter(rows)
    while batch := list(islice(rows, BATCH_SIZE)):
        yield batch


def refresh_statistics(*models: type[Model]) -> None:
    """Update the planner's statistics. CockroachDB does so by itself."""
    if connection.vendor not in {"sqlite", "postgresql"}:
        return
    with connection.cursor() as cursor:
        for model in models or (User, Vehicle, Ride, Allocation, VehicleEvent):
            cursor.execute(f"ANALYZE {connection.ops.quote_name(model._meta.db_table)}")
