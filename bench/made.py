"""Test data for in-process benchmarks, created by services where they exist."""

from itertools import count
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from cities import geohash
from cities.registry import registry
from fleet.models import CODE_ALPHABET, CODE_DIGITS, Vehicle
from rides.models import Ride
from rides.services import end_ride, start_ride

PASSWORD = "a-long-and-strange-word"  # noqa: S105
NUMBERS, TOKENS = count(), count()


def new_person(city: str, **fields: Any) -> User:
    """Return an unsaved rider."""
    name = f"bench{next(NUMBERS)}"
    return User(city=city, username=name, email=f"{name}@example.com", first_name="Ada", last_name="Byron", **fields)


def add_person(city: str, **fields: Any) -> User:
    """Create a rider who can log in with ``PASSWORD``."""
    person = new_person(city, password=make_password(PASSWORD), **fields)
    person.save()
    return person


def add_vehicle(city: str, owner: User | None = None) -> Vehicle:
    """Create a free vehicle in the centre of its city, owned by the operator by default."""
    place = registry[city]
    vehicle = Vehicle(
        city=city,
        code=numbered_code(city, next(NUMBERS)),
        type="scooter",
        brand="Razor",
        color="blue",
        last_location="The station",
        latitude=place.latitude,
        longitude=place.longitude,
        cell=geohash.encode(place.latitude, place.longitude),
        approved_at=timezone.now(),
        owner=owner,
    )
    vehicle.save()
    if owner:
        User.objects.filter(id=owner.id).update(owned_vehicles=F("owned_vehicles") + 1)
    return vehicle


def add_open_ride(rider: User, vehicle: Vehicle) -> Ride:
    return start_ride(
        rider=rider,
        city=registry[vehicle.city],
        vehicle_city=vehicle.city,
        vehicle_id=vehicle.id,
        token=f"bench-{next(TOKENS)}",
    )


def add_ride(rider: User, vehicle: Vehicle) -> Ride:
    """Create an ended ride."""
    ride = add_open_ride(rider, vehicle)
    return end_ride(city=ride.city, ride_id=ride.id, rider=rider, end_location="The station", position=None)


def numbered_code(city: str, number: int) -> str:
    """Return a vehicle code in sequence instead of at random."""
    digits = ""
    for _place in range(CODE_DIGITS):
        number, digit = divmod(number, len(CODE_ALPHABET))
        digits = CODE_ALPHABET[digit] + digits
    return registry[city].code + digits
