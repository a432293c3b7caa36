"""Rides in past weeks and current ones."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from math import ceil
from random import Random
from typing import NamedTuple
from uuid import UUID

from cities.models import City
from fleet.models import Vehicle
from rides.models import Ride

from .places import Place, Scatter, distance_m
from .streams import next_id, stream
from .words import SPEED

HISTORY_DAYS = 42
ROUNDS_A_DAY = 12
MAX_ROUNDS = HISTORY_DAYS * ROUNDS_A_DAY
FIRST_HOUR, LAST_HOUR = 6, 24
MIN_DURATION, MAX_DURATION = timedelta(minutes=2), timedelta(minutes=55)
OPEN_SINCE_MINUTES = 2, 45
# The probability that a possible ride takes place, by hour: commuting, lunch and evening.
BUSY = {6: 0.2, 7: 0.6, 8: 1.0, 9: 0.7, 12: 0.7, 13: 0.6, 16: 0.7, 17: 1.0, 18: 1.0, 19: 0.8, 22: 0.3, 23: 0.15}
OTHERWISE_BUSY = 0.45
TRIES = 6


class RiddenVehicle(NamedTuple):
    """The part of a vehicle that a ride needs. Small, as there may be many."""

    id: UUID
    type: str
    place: Place

    @classmethod
    def of(cls, vehicle: Vehicle) -> "RiddenVehicle":
        return cls(vehicle.id, vehicle.type, Place(vehicle.last_location, vehicle.latitude, vehicle.longitude))


class Rider(NamedTuple):
    city: str  # where the rider lives, not necessarily the ride's city
    id: UUID


class Timetable:
    """The time slots of the rounds, latest first. They never overlap."""

    def __init__(self, city: City, rounds: int, now: datetime):
        self.zone = city.tzinfo
        self.today = now.astimezone(self.zone).date()
        self.days_each = max(1, HISTORY_DAYS // rounds) if rounds else 1
        self.rounds_a_day = ceil(rounds / HISTORY_DAYS) or 1

    def start(self, rng: Random, round_: int, length: timedelta) -> datetime:
        """Return a start time, in UTC, from which a ride of this length ends within its round."""
        day, later_that_day = divmod(round_, self.rounds_a_day)
        days_ago = 1 + day * self.days_each + rng.randrange(self.days_each)
        hours = (LAST_HOUR - FIRST_HOUR) / self.rounds_a_day
        earliest = FIRST_HOUR + hours * (self.rounds_a_day - 1 - later_that_day)
        latest = earliest + hours - length / timedelta(hours=1)
        for _try in range(TRIES):
            hour = rng.uniform(earliest, latest)
            if rng.random() < BUSY.get(int(hour), OTHERWISE_BUSY):
                break
        midnight = datetime.combine(self.today - timedelta(days=days_ago), time.min, self.zone)
        return (midnight + timedelta(hours=hour)).astimezone(UTC)


def vehicles_ridden(vehicles: int, rides: int) -> int:
    """Return how many of a city's vehicles have rides: about three each, or more if there are few vehicles."""
    return min(vehicles, ceil(rides / 3))


def most_rides(vehicles: int, riders: int) -> int:
    """Return how many past rides fit without anyone riding twice at the same time."""
    return min(vehicles, riders) * MAX_ROUNDS


def ended_rides(
    city: City,
    number: int,
    *,
    vehicles: Sequence[RiddenVehicle],
    riders: Sequence[Rider],
    scatter: Scatter,
    seed: int,
    now: datetime,
) -> Iterator[Ride]:
    """Yield unsaved past rides of a city, latest first.

    A vehicle's last ride ends where it is parked, and each ride starts where the previous one ended. Rides take place
    in consecutive rounds, in each of which a vehicle or a rider has at most one ride, so no one is in two places at
    the same time.
    """
    if not number:
        return
    ids = stream(seed, "ride ids", city.name)
    rng = stream(seed, "rides", city.name)
    in_a_round = min(len(vehicles), len(riders))
    timetable = Timetable(city, ceil(number / in_a_round), now)
    where = [vehicle.place for vehicle in vehicles]
    for index in range(number):
        round_ = index // in_a_round
        # The rider changes each time. Within a round, the shift is the same for all vehicles.
        rider = riders[(index + 7 * round_) % len(riders)]
        turn = index % len(vehicles)
        end = where[turn]
        start = where[turn] = scatter.point(rng, scatter.place_to_ride_to(rng, end))
        length = time_it_takes(rng, vehicles[turn].type, distance_m(start, end))
        start_time = timetable.start(rng, round_, length)
        ride = begun(city.name, next_id(ids), vehicles[turn].id, rider, start, start_time)
        ride.end_location, ride.end_latitude, ride.end_longitude = end
        ride.end_time, ride.length = start_time + length, length
        yield ride


def open_rides(
    city: City,
    number: int,
    *,
    vehicles: Sequence[RiddenVehicle],
    riders: Sequence[Rider],
    seed: int,
    now: datetime,
) -> Iterator[Ride]:
    """Yield unsaved rides in progress, each with a different vehicle and rider."""
    ids = stream(seed, "open ride ids", city.name)
    rng = stream(seed, "open rides", city.name)
    # A ride of the previous day may have ended at midnight.
    midnight = datetime.combine(now.astimezone(city.tzinfo).date(), time.min, city.tzinfo).astimezone(UTC)
    pairs = zip(rng.sample(vehicles, number), rng.sample(riders, number), strict=True)
    for vehicle, rider in pairs:
        start_time = max(midnight, now - timedelta(minutes=rng.uniform(*OPEN_SINCE_MINUTES)))
        yield begun(city.name, next_id(ids), vehicle.id, rider, vehicle.place, start_time)


def begun(city: str, id_: UUID, vehicle_id: UUID, rider: Rider, start: Place, start_time: datetime) -> Ride:
    return Ride(
        city=city,
        id=id_,
        vehicle_id=vehicle_id,
        rider_city=rider.city,
        rider_id=rider.id,
        start_location=start.name,
        start_latitude=start.latitude,
        start_longitude=start.longitude,
        start_time=start_time,
    )


def time_it_takes(rng: Random, type_: str, metres: float) -> timedelta:
    """Return a plausible ride length, with stops and detours."""
    seconds = metres * rng.uniform(1.1, 1.6) / SPEED[type_] + rng.uniform(60, 240)
    return min(max(timedelta(seconds=seconds), MIN_DURATION), MAX_DURATION)
