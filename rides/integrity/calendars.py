"""Vehicles' calendars, and what is reported of vehicles."""

from datetime import UTC, datetime

from django.db.models import DateTimeField, Exists, F, OuterRef, Q, QuerySet, Value, Window
from django.db.models.functions import Coalesce, Lag

from accounts.models import User
from cities.models import City
from fleet.models import Allocation, ProblemReport, Vehicle

from ..models import Ride
from .rules import rule

SINCE_EVER = Value(datetime(1900, 1, 1, tzinfo=UTC), output_field=DateTimeField())
FOREVER = Value(datetime(9999, 1, 1, tzinfo=UTC), output_field=DateTimeField())


@rule("No two live allocations of a vehicle overlap.")
def allocation_overlap(city: City) -> QuerySet:
    # Where each begins no earlier than the one before it ends, no two others meet either.
    before = Window(
        Lag(Coalesce("ends_at", FOREVER), default=SINCE_EVER),
        partition_by="vehicle_id",
        order_by=[Coalesce("starts_at", SINCE_EVER), "id"],
    )
    begun = Allocation.objects.in_city(city.name).live().annotate(begins=Coalesce("starts_at", SINCE_EVER))
    return begun.annotate(before_until=before).filter(before_until__gt=F("begins"))


@rule("An allocation's vehicle exists.")
def allocation_vehicle(city: City) -> QuerySet:
    return Allocation.objects.in_city(city.name).filter(~Exists(_own_vehicle(city)))


@rule("An allocation's rider and who made it exist, and live in the cities that it names.")
def allocation_people(city: City) -> QuerySet:
    """Looks across the people's home cities."""
    without_rider = Q(rider_id__isnull=False) & ~Exists(_person("rider"))
    without_maker = Q(made_by_id__isnull=False) & ~Exists(_person("made_by"))
    return Allocation.objects.in_city(city.name).filter(without_rider | without_maker)


@rule("Nothing is set aside of a vehicle that was removed.")
def allocation_of_removed(city: City) -> QuerySet:
    # Its calendar ended with its last event, which a clock that was set back puts ahead of now.
    removed = Vehicle.objects.in_city(city.name).removed().filter(id=OuterRef("vehicle_id"))
    longer = removed.filter(last_event_at__lt=OuterRef("ends_at"))
    return (
        Allocation.objects.in_city(city.name).live().filter(Q(ends_at__isnull=True) & Exists(removed) | Exists(longer))
    )


@rule("No ride starts within somebody else's allocation.")
def ride_within_allocation(city: City) -> QuerySet:
    """Of those whose person has left, nobody knows any more whose they were."""
    there = (
        Allocation.objects.in_city(city.name)
        .live()
        .filter(vehicle_id=OuterRef("vehicle_id"), created_at__lte=OuterRef("start_time"))
    )
    begun = Q(starts_at__isnull=True) | Q(starts_at__lte=OuterRef("start_time"))
    going_on = Q(ends_at__isnull=True) | Q(ends_at__gt=OuterRef("start_time"))
    for_nobody = ~Q(kind__in=["reservation", "booking"])
    for_another = Q(rider_id__isnull=False) & ~Q(rider_id=Coalesce(OuterRef("rider_id"), F("rider_id")))
    return Ride.objects.in_city(city.name).filter(Exists(there.filter(begun, going_on, for_nobody | for_another)))


@rule("A problem report's vehicle exists, and who reported it, who lives in the city that it names.")
def report_vehicle(city: City) -> QuerySet:
    """Looks across the reporters' home cities."""
    without_reporter = Q(reporter_id__isnull=False) & ~Exists(_person("reporter"))
    return ProblemReport.objects.filter(city=city.name).filter(~Exists(_own_vehicle(city)) | without_reporter)


def _own_vehicle(city: City) -> QuerySet:
    return Vehicle.objects.in_city(city.name).filter(id=OuterRef("vehicle_id"))


def _person(role: str) -> QuerySet:
    return User.objects.filter(city=OuterRef(f"{role}_city"), id=OuterRef(f"{role}_id"))
