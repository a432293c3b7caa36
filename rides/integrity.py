"""What must hold in the data, as rules that look for rows which break them. ``manage.py check_integrity`` runs them.

A later app adds its own with ``@rule`` in a module that its ``AppConfig.ready`` imports. A rule is one
statement for each city, so that it compares its tables as they stood at one moment, whoever is riding
meanwhile; on CockroachDB each asks the city's own region, but for those that say so.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import cos, radians, sin
from typing import Any

from django.db.models import (
    Count,
    Exists,
    F,
    FloatField,
    IntegerField,
    Max,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Cast, Coalesce, Concat, Cos, Floor, Left, Lower, Radians, Sin, Substr

from accounts.models import Notice, TermsAcceptance, User
from cities.geography import EARTH_RADIUS_KM
from cities.models import City
from cities.registry import registry
from fleet import geohash
from fleet.choices import VehicleStatus
from fleet.models import Vehicle
from movr_project.db.retry import retry_read

from .models import Ride

SHOWN = 20  # rows of one finding that are named
ROUNDING_KM = 0.001  # the database may count a position on the edge to the other side

Offenders = Callable[[City], QuerySet]


@dataclass(frozen=True)
class Rule:
    """``offenders`` gives the rows of a city for which the sentence does not hold."""

    name: str
    sentence: str
    offenders: Offenders


@dataclass(frozen=True)
class Finding:
    """Rows that break a rule. ``keys`` names the first of them, ``number`` says how many there are."""

    rule: Rule
    city: str  # empty where the rule looks at all cities at once
    keys: list[str]
    number: int


RULES: list[Rule] = []


def rule(sentence: str) -> Callable[[Offenders], Offenders]:
    """Add a rule, named after the function."""

    def add(offenders: Offenders) -> Offenders:
        RULES.append(Rule(offenders.__name__, sentence, offenders))
        return offenders

    return add


def findings(cities: Iterable[City] | None = None) -> Iterator[Finding]:
    """Whatever breaks a rule in these cities; without an argument in all, and rows in cities that aren't served."""
    if cities is None:
        for unserved in UNSERVED:
            yield from _finding(unserved, unserved.offenders(None), city="")
    for city in registry if cities is None else cities:
        for each in RULES:
            yield from _finding(each, each.offenders(city), city=city.name)


@retry_read
def _finding(broken: Rule, offenders: QuerySet, *, city: str) -> list[Finding]:
    # In no order: to find none in order, the database would walk an index through the whole table.
    keys = sorted(str(row.pk) for row in offenders.order_by()[: SHOWN + 1])
    if not keys:
        return []
    number = len(keys) if len(keys) <= SHOWN else offenders.count()
    return [Finding(broken, city, keys[:SHOWN], number)]


# --- Vehicles and their rides ---------------------------------------------------------------------------


@rule("A vehicle is on a trip exactly while one ride of it is open; a removed one never is.")
def vehicle_on_trip(city: City) -> QuerySet:
    open_rides = Ride.objects.in_city(city.name).open()
    on_trip = Q(status=VehicleStatus.ON_TRIP)
    # Only those that are ridden, by either account.
    ridden = Vehicle.objects.in_city(city.name).filter(on_trip | Q(id__in=open_rides.values("vehicle_id")))
    number = _number(open_rides.filter(vehicle_id=OuterRef("id")), "vehicle_id")
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


# --- People ---------------------------------------------------------------------------------------------


@rule("A person's open_rides is how many rides they have open, in whichever city.")
def person_open_rides(city: City) -> QuerySet:
    """Looks across the rides' cities: people of this one ride as guests in others."""
    open_rides = Ride.objects.open().filter(rider_city=city.name)
    # Only those who ride, by either account: to count for everybody would read every ride there ever was.
    riding = User.objects.in_city(city.name).filter(Q(open_rides__gt=0) | Q(id__in=open_rides.values("rider_id")))
    return riding.exclude(open_rides=_number(open_rides.filter(rider_id=OuterRef("id")), "rider_id"))


@rule("A person's owned_vehicles is how many vehicles of theirs are not removed.")
def person_owned_vehicles(city: City) -> QuerySet:
    owned = Vehicle.objects.in_city(city.name).not_removed().filter(owner_id=OuterRef("id"))
    return User.objects.in_city(city.name).exclude(owned_vehicles=_number(owned, "owner_id"))


@rule("A person's unread_notices is how many of their notices are unread.")
def person_unread_notices(city: City) -> QuerySet:
    unread = Notice.objects.in_city(city.name).unread()
    # Only those who have some, by either account.
    told = User.objects.in_city(city.name).filter(Q(unread_notices__gt=0) | Q(id__in=unread.values("user_id")))
    return told.exclude(unread_notices=_number(unread.filter(user_id=OuterRef("id")), "user_id"))


@rule("Usernames and e-mail addresses are in lower case.")
def person_names(city: City) -> QuerySet:
    lower = Q(username=Lower("username")) & (Q(email__isnull=True) | Q(email=Lower("email")))
    return User.objects.in_city(city.name).exclude(lower)


@rule("A person's terms_version is the newest version that they accepted, or 0.")
def person_terms(city: City) -> QuerySet:
    accepted = TermsAcceptance.objects.filter(user_id=OuterRef("id")).order_by().values("user_id")
    newest = Coalesce(Subquery(accepted.annotate(newest=Max("version")).values("newest")), 0)
    return User.objects.in_city(city.name).exclude(terms_version=newest)


@rule("Nothing points at an account that was removed.")
def removed_account(city: City) -> QuerySet:
    """Looks across the rides' cities."""
    theirs = Ride.objects.filter(rider_city=city.name, rider_id=OuterRef("id"))
    owned = Vehicle.objects.in_city(city.name).filter(owner_id=OuterRef("id"))
    told = Notice.objects.in_city(city.name).filter(user_id=OuterRef("id"))
    removed = User.objects.in_city(city.name).filter(is_active=False, email__isnull=True)
    return removed.filter(Exists(theirs) | Exists(owned) | Exists(told))


# --- Cities ---------------------------------------------------------------------------------------------


def _unserved(model: type[Model], column: str) -> Rule:
    """No rule that goes from city to city sees such rows. Looks at the whole table."""

    def offenders(_all_cities: None) -> QuerySet:
        return model._default_manager.exclude(**{f"{column}__in": list(registry.by_name)})

    table = model._meta.db_table
    return Rule(f"{table}_{column}", f"The {column} of all {table} is a city that is served.", offenders)


UNSERVED = [
    _unserved(User, "city"),
    _unserved(Notice, "city"),
    _unserved(Vehicle, "city"),
    _unserved(Ride, "city"),
    _unserved(Ride, "rider_city"),
]


# --- In SQL ---------------------------------------------------------------------------------------------


def _number(rows: QuerySet, group: str) -> Any:
    """How many rows a subquery has that is bound to one value of ``group``."""
    counted = rows.order_by().values(group).annotate(number=Count("*")).values("number")
    return Coalesce(Subquery(counted), 0)


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
