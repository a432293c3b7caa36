"""Rules for vehicles and rides."""

from math import cos, radians, sin
from typing import Any

from django.db.models import Exists, F, FloatField, IntegerField, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat, Cos, Floor, Left, Radians, Sin, Substr

from accounts.models import User
from cities import geohash
from cities.geography import EARTH_RADIUS_KM
from cities.models import City
from fleet.models import Vehicle
from fleet.models.choices import VehicleState
from rides.models import Ride

from .counting import number_of
from .rules import rule

ROUNDING_KM = 0.001  # the database may round a position at the limit differently


@rule("A vehicle is on a trip exactly while it has one open ride. A removed vehicle never is.")
def vehicle_on_trip(city: City) -> QuerySet:
    open_rides = Ride.objects.in_city(city.name).open()
    on_trip = Q(status=VehicleState.ON_TRIP)
    # Only vehicles in use, by either count.
    ridden = Vehicle.objects.in_city(city.name).filter(on_trip | Q(id__in=open_rides.values("vehicle_id")))
    number = number_of(open_rides.filter(vehicle_id=OuterRef("id")), "vehicle_id")
    return ridden.annotate(number=number).exclude(on_trip, number=1)


@rule("A vehicle's status is a known one.")
def vehicle_status(city: City) -> QuerySet:
    return Vehicle.objects.in_city(city.name).exclude(status__in=VehicleState.values)


@rule("A vehicle has both coordinates and a cell, or none of them.")
def vehicle_position(city: City) -> QuerySet:
    known = Q(latitude__isnull=False, longitude__isnull=False) & ~Q(cell="")
    unknown = Q(latitude__isnull=True, longitude__isnull=True, cell="")
    return Vehicle.objects.in_city(city.name).exclude(known | unknown)


@rule("A vehicle's cell contains its position.")
def vehicle_cell(city: City) -> QuerySet:
    located = Vehicle.objects.in_city(city.name).filter(latitude__isnull=False, longitude__isnull=False)
    return located.exclude(cell=_cell())


@rule("A vehicle in service is within its city.")
def vehicle_in_city(city: City) -> QuerySet:
    # Not for removed vehicles and rides, as the city's radius may have been different at the time.
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
    """Reads the riders' home cities too, as visitors also ride."""
    rider = User.objects.filter(city=OuterRef("rider_city"), id=OuterRef("rider_id"))
    return Ride.objects.in_city(city.name).filter(~Exists(rider), rider_id__isnull=False)


@rule("A ride ends after it starts, and its duration is the time between. An open ride has no end.")
def ride_end(city: City) -> QuerySet:
    is_open = Q(end_time__isnull=True, length__isnull=True, end_location="", end_latitude__isnull=True)
    ended = Q(end_time__gte=F("start_time"), length=F("end_time") - F("start_time"))
    return Ride.objects.in_city(city.name).exclude(Q(end_time__isnull=False) & ended | is_open)


@rule("A ride is paused until a time after the pause began, and only while it is open. It is never parked for longer.")
def ride_parked(city: City) -> QuerySet:
    going_on = Q(paused_at__isnull=True, pause_until__isnull=True)
    paused = Q(end_time__isnull=True, paused_at__isnull=False, pause_until__gt=F("paused_at"))
    too_long = Q(length__isnull=False, paused_for__gt=F("length"))
    return Ride.objects.in_city(city.name).exclude((going_on | paused) & ~too_long)


@rule("Each of a ride's positions has both coordinates or neither.")
def ride_position(city: City) -> QuerySet:
    start = Q(start_latitude__isnull=True, start_longitude__isnull=False)
    start |= Q(start_latitude__isnull=False, start_longitude__isnull=True)
    end = Q(end_latitude__isnull=True, end_longitude__isnull=False)
    end |= Q(end_latitude__isnull=False, end_longitude__isnull=True)
    return Ride.objects.in_city(city.name).filter(start | end)


# --- In SQL ---------------------------------------------------------------------------------------------


def _haversine(city: City) -> Any:
    """Return the haversine of the angle between a row's position and the city's centre, in SQL."""
    north = Sin(Radians(F("latitude") - _float(city.latitude)) / _float(2))
    east = Sin(Radians(F("longitude") - _float(city.longitude)) / _float(2))
    return north * north + _float(cos(radians(city.latitude))) * Cos(Radians("latitude")) * east * east


def _haversine_of_radius(city: City) -> float:
    """Return the haversine of a distance. Haversines increase with distance, so comparing them needs no arcsine."""
    return sin((city.radius_km + ROUNDING_KM) / EARTH_RADIUS_KM / 2) ** 2


def _cell() -> Any:
    """``geohash.encode`` in SQL. Of each letter's five bits, every other one belongs to the longitude."""
    column = (F("longitude") + _float(180)) / _float(geohash.CELL_WIDTH)
    row = (F("latitude") + _float(90)) / _float(geohash.CELL_HEIGHT)
    bits = [_bit((column, row)[position % 2], (geohash.BITS - 1 - position) // 2) for position in range(geohash.BITS)]
    return Concat(*(_letter(bits[first : first + 5]) for first in range(0, geohash.BITS, 5)))


def _bit(number: Any, place: int) -> Any:
    """Return a binary digit of a number's integer part. Avoids MOD, whose argument types differ between engines."""
    return Floor(number / _float(2**place)) - Floor(number / _float(2 ** (place + 1))) * _float(2)


def _letter(bits: list[Any]) -> Any:
    value = bits[0]
    for bit in bits[1:]:
        value = value * _float(2) + bit
    return Substr(Value(geohash.ALPHABET), Cast(value, IntegerField()) + 1, 1)


def _float(value: float) -> Any:
    return Value(float(value), output_field=FloatField())
