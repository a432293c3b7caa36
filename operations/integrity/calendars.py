"""Rules for vehicles' calendars and problem reports."""

from datetime import UTC, datetime

from django.db.models import Case, DateTimeField, Exists, F, OuterRef, Q, QuerySet, Value, When, Window
from django.db.models.functions import Coalesce, Lag
from django.utils import timezone

from accounts.models import User
from cities.models import City
from fleet.models import Allocation, Vehicle
from rides.models import Ride

from ..models import ProblemReport
from .rules import rule

BEGINNING = Value(datetime(1900, 1, 1, tzinfo=UTC), output_field=DateTimeField())
FOREVER = Value(datetime(9999, 1, 1, tzinfo=UTC), output_field=DateTimeField())


@rule("No two live allocations of a vehicle overlap.")
def allocation_overlap(city: City) -> QuerySet:
    # The vehicle's last event is in the future if the clock was set back.
    released = Q(start_by__lte=timezone.now()) | Q(start_by__lte=F("vehicle__last_event_at"))
    until = Case(When(released, then=F("start_by")), default=Coalesce("ends_at", FOREVER))
    # If each allocation starts no earlier than the previous one ends, no others overlap either.
    before = Window(
        Lag(until, default=BEGINNING),
        partition_by="vehicle_id",
        order_by=[Coalesce("starts_at", BEGINNING), "id"],
    )
    begun = Allocation.objects.in_city(city.name).live().annotate(begins=Coalesce("starts_at", BEGINNING))
    return begun.annotate(before_until=before).filter(before_until__gt=F("begins"))


@rule("An allocation's vehicle exists.")
def allocation_vehicle(city: City) -> QuerySet:
    return Allocation.objects.in_city(city.name).filter(~Exists(_own_vehicle(city)))


@rule("An allocation's rider and creator exist and live in the cities that it names.")
def allocation_people(city: City) -> QuerySet:
    """Reads the people's home cities too."""
    without_rider = Q(rider_id__isnull=False) & ~Exists(_person("rider"))
    without_maker = Q(made_by_id__isnull=False) & ~Exists(_person("made_by"))
    return Allocation.objects.in_city(city.name).filter(without_rider | without_maker)


@rule("A removed vehicle has no live allocation.")
def allocation_of_removed(city: City) -> QuerySet:
    # The calendar ended with the vehicle's last event, which is in the future if the clock was set back.
    removed = Vehicle.objects.in_city(city.name).removed().filter(id=OuterRef("vehicle_id"))
    longer = removed.filter(last_event_at__lt=Coalesce(OuterRef("start_by"), OuterRef("ends_at")))
    return (
        Allocation.objects.in_city(city.name).live().filter(Q(ends_at__isnull=True) & Exists(removed) | Exists(longer))
    )


@rule("No booking is released while its vehicle is ridden.")
def release_during_ride(city: City) -> QuerySet:
    # A booking that was released before the ride has kept its deadline.
    open_rides = Ride.objects.in_city(city.name).open().filter(vehicle_id=OuterRef("vehicle_id"))
    before = open_rides.filter(start_time__lt=OuterRef("start_by"))
    return Allocation.objects.in_city(city.name).live().filter(Exists(before), start_by__isnull=False)


@rule("No ride starts within someone else's allocation.")
def ride_within_allocation(city: City) -> QuerySet:
    """Allocations whose person has left are ignored, as their owner is unknown."""
    there = Allocation.objects.in_city(city.name).covering(OuterRef("start_time"))
    there = there.filter(vehicle_id=OuterRef("vehicle_id"), created_at__lte=OuterRef("start_time"))
    for_nobody = ~Q(kind__in=["reservation", "booking"])
    for_another = Q(rider_id__isnull=False) & ~Q(rider_id=Coalesce(OuterRef("rider_id"), F("rider_id")))
    return Ride.objects.in_city(city.name).filter(Exists(there.filter(for_nobody | for_another)))


@rule("A problem report's vehicle and reporter exist, and the reporter lives in the city that it names.")
def report_vehicle(city: City) -> QuerySet:
    """Reads the reporters' home cities too."""
    without_reporter = Q(reporter_id__isnull=False) & ~Exists(_person("reporter"))
    return ProblemReport.objects.filter(city=city.name).filter(~Exists(_own_vehicle(city)) | without_reporter)


def _own_vehicle(city: City) -> QuerySet:
    return Vehicle.objects.in_city(city.name).filter(id=OuterRef("vehicle_id"))


def _person(role: str) -> QuerySet:
    return User.objects.filter(city=OuterRef(f"{role}_city"), id=OuterRef(f"{role}_id"))
