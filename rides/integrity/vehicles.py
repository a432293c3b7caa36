"""Vehicles and their rides."""

from math import cos, radians, sin
from typing import Any

from django.db.models import Exists, F, FloatField, IntegerField, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat, Cos, Floor, Left, Radians, Sin, Substr

from accounts.models import User
from cities.geography import EARTH_RADIUS_KM
from cities.models import City
from fleet import geohash
from fleet.choices import VehicleStatus
from fleet.models import Vehicle

from ..models import Ride
from .counting import number_of
from .rules import rule

ROUNDING_KM = 0.001  # the database may count a position on the edge to the other side


@rule("A vehicle is on a trip exactly while one ride of it is open; a removed one never is.")
def vehicle_on_trip(city: City) -> QuerySet:
    open_rides = Ride.objects.in_city(city.name).open()
    on_trip = Q(status=VehicleStatus.ON_TRIP)
    # Only those that are ridden, by either account.
    ridden = Vehicle.objects.in_city(city.name).filter(on_trip | Q(id__in=open_rides.values("vehicle_id")))
    number = number_of(open_rides.filter(vehicle_id=OuterRef("id")), "vehicle_id")
    return ridden.annotate(number=number).exclude(on_trip, number=1)


@rule("A vehicle's status is one that there is.")
def vehicle_status(city: City) -> QuerySet:
    return Vehicle.objects.in_city(city.name).exclude(status__in=VehicleStatus.values)


@rule("A vehicle's position is whole: both numbers and its cell, or nothing.")
def vehicle_position(city: City) -> QuerySet:
    known = Q(latitude__isnull=False, longitude__isnull=False) & ~Q(cell="")
    unknown = Q(latitude__isnull=True, longitude__isnull=True, cell="")
    return Vehicle.objects.in_city(city.name).exclude(known | unknown)


@rule("A vehicle's cell is the one in which its position lies.")
def vehicle_cell(city: City) -> QuerySet:
    located = Vehicle.objects.in_city(city.name).filter(latitude__isnull=False, longitude__isnull=False)
    return located.exclude(cell=_cell())


@rule("A vehicle on the road stands within its city.")
def vehicle_in_city(city: City) -> QuerySet:
    # Not asked of removed vehicles and of rides: a city's radius may have been another one at their time.
    on_the_road = Vehicle.objects.in_city(city.name).not_removed().filter(latitude__isnull=False)
    return on_the_road.annotate(haversine=_haversine(city)).filter(haversine__gt=_haversine_of_radius(city))


@rule("A vehicle's code begins with its city's.")
def vehicle_code(city: City) -> QuerySet:
    beginning = Left("code", len(city.code))  # LIKE ignores case on SQLite
    return Vehicle.objects.in_city(city.name).annotate(beginning=beginning).exclude(beginning=city.code)


@rule("A vehicle's owner exists, and lives in its city.")
def vehicle_owner(city: City) -> QuerySet:
    owner = User.objects.in_city(city.name).filter(id=OuterRef("owner_id"))
    return Vehicle.objects.in_city(city.name).filter(~Exists(owner), owner_id__isnull=False)


@rule("A ride's vehicle exists.")
def ride_vehicle(city: City) -> QuerySet:
    vehicle = Vehicle.objects.in_city(city.name).filter(id=OuterRef("vehicle_id"))
    return Ride.objects.in_city(city.name).filter(~Exists(vehicle))


@rule("A ride's rider exists, and lives in the city that the ride names.")
def ride_rider(city: City) -> QuerySet:
    """Looks across the riders' home cities: guests ride as well."""
    rider = User.objects.filter(city=OuterRef("rider_city"), id=OuterRef("rider_id"))
    return Ride.objects.in_city(city.name).filter(~Exists(rider), rider_id__isnull=False)


@rule("A ride ends after it began, and its length is the time between; an open one has no end at all.")
def ride_end(city: City) -> QuerySet:
    is_open = Q(end_time__isnull=True, length__isnull=True, end_location="", end_latitude__isnull=True)
    ended = Q(end_time__gte=F("start_time"), length=F("end_time") - F("start_time"))
    return Ride.objects.in_city(city.name).exclude(Q(end_time__isnull=False) & ended | is_open)


@rule("A ride's positions are whole: both numbers, or neither.")
def ride_position(city: City) -> QuerySet:
    start = Q(start_latitude__isnull=True, start_longitude__isnull=False)
    start |= Q(start_latitude__isnull=False, start_longitude__isnull=True)
    end = Q(end_latitude__isnull=True, end_longitude__isnull=False)
    end |= Q(end_latitude__isnull=False, end_longitude__isnull=True)
    return Ride.objects.in_city(city.name).filter(start | end)


# --- In SQL ---------------------------------------------------------------------------------------------


def _haversine(city: City) -> Any:
    """Of the angle between a row's position and the city's center: ``cities.geography`` in SQL."""
    north = Sin(Radians(F("latitude") - _float(city.latitude)) / _float(2))
    east = Sin(Radians(F("longitude") - _float(city.longitude)) / _float(2))
    return north * north + _float(cos(radians(city.latitude))) * Cos(Radians("latitude")) * east * east


def _haversine_of_radius(city: City) -> float:
    """Haversines grow with distances, and need no arc sine to be compared."""
    return sin((city.radius_km + ROUNDING_KM) / EARTH_RADIUS_KM / 2) ** 2


def _cell() -> Any:
    """``geohash.encode`` in SQL: of each letter's five bits, every second one is the longitude's."""
    column = (F("longitude") + _float(180)) / _float(geohash.CELL_WIDTH)
    row = (F("latitude") + _float(90)) / _float(geohash.CELL_HEIGHT)
    bits = [_bit((column, row)[position % 2], (geohash.BITS - 1 - position) // 2) for position in range(geohash.BITS)]
    return Concat(*(_letter(bits[first : first + 5]) for first in range(0, geohash.BITS, 5)))


def _bit(number: Any, place: int) -> Any:
    """One binary digit of a number's whole part, without MOD: engines differ on what numbers that takes."""
    return Floor(number / _float(2**place)) - Floor(number / _float(2 ** (place + 1))) * _float(2)


def _letter(bits: list[Any]) -> Any:
    value = bits[0]
    for bit in bits[1:]:
        value = value * _float(2) + bit
    return Substr(Value(geohash.ALPHABET), Cast(value, IntegerField()) + 1, 1)


def _float(value: float) -> Any:
    return Value(float(value), output_field=FloatField())
