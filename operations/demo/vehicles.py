"""Vehicles parked around a city."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from math import gcd
from random import Random
from uuid import UUID

from cities.models import City
from fleet.models import CODE_ALPHABET, CODE_DIGITS, Vehicle
from fleet.models.choices import COLORS, VehicleType

from .places import Scatter
from .streams import next_id, stream
from .words import BRANDS, TYPE_WEIGHTS

OWNED = 0.15  # maximum share of a city's vehicles
OWNED_EACH = 2  # average per owner, if there are enough vehicles
ADDED_DAYS_AGO = 50, 500  # before the first ride
FULLY_CHARGED, NEARLY_EMPTY = 100, 4
LABELS = len(CODE_ALPHABET) ** CODE_DIGITS  # number of codes available in a city

TYPES = list(TYPE_WEIGHTS)
TYPES_UP_TO = list(accumulate(TYPE_WEIGHTS.values()))


def vehicles(
    city: City, number: int, *, owners: Sequence[UUID], scatter: Scatter, seed: int, now: datetime
) -> Iterator[Vehicle]:
    """Yield unsaved free vehicles of a city. Some belong to owners, most to the operator."""
    ids = stream(seed, "vehicle ids", city.name)
    rng = stream(seed, "vehicles", city.name)
    codes = labels(city, seed)
    owned = min(OWNED, OWNED_EACH * len(owners) / number) if number else 0
    for _index in range(number):
        type_ = rng.choices(TYPES, cum_weights=TYPES_UP_TO)[0]
        battery, range_m = energy(rng, type_)
        added = now - timedelta(days=rng.randint(*ADDED_DAYS_AGO))
        vehicle = Vehicle(
            city=city.name,
            id=next_id(ids),
            code=next(codes),
            public_id=next_id(ids),
            type=type_,
            brand=rng.choice(BRANDS[type_]),
            color=rng.choice(COLORS),
            owner_id=rng.choice(owners) if rng.random() < owned else None,
            date_added=added.astimezone(UTC).date(),
            approved_at=added,
            battery_percent=battery,
            range_m=range_m,
            lock_code=lock_code(rng),
        )
        name, *position = scatter.point(rng, scatter.place(rng))
        vehicle.park(name, tuple(position))
        yield vehicle


def lock_code(rng: Random) -> str:
    return f"{rng.randrange(10_000):04}"


def energy(rng: Random, type_: VehicleType) -> tuple[int | None, int | None]:
    """Return battery in percent and range in metres. No range without a motor, no battery with a fuel tank."""
    if not type_.is_motorised:
        return None, None
    percent = round(rng.triangular(NEARLY_EMPTY, FULLY_CHARGED, 85))
    return percent if type_.has_battery else None, range_at(type_, percent)


def range_at(type_: VehicleType, percent: int) -> int:
    """Return the remaining range in metres, rounded down to hundreds."""
    return type_.full_range_m * percent // 100 // 100 * 100


def labels(city: City, seed: int) -> Iterator[str]:
    """Yield all codes of a city once each, in pseudo-random order.

    The n-th code is ``start + n * step`` modulo the number of codes. ``step`` is coprime to that number, so the
    sequence repeats only after all codes.
    """
    rng = stream(seed, "labels", city.name)
    start = rng.randrange(LABELS)
    step = rng.randrange(LABELS // 3, LABELS // 2)
    while gcd(step, LABELS) != 1:
        step += 1
    for index in range(LABELS):
        yield city.code + label_digits((start + index * step) % LABELS)


def label_digits(number: int) -> str:
    digits = ""
    for _place in range(CODE_DIGITS):
        number, digit = divmod(number, len(CODE_ALPHABET))
        digits = CODE_ALPHABET[digit] + digits
    return digits
