"""Vehicles' logs: what happened, and what follows from it."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from uuid import UUID

from django.db import transaction
from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import User
from cities.models import City
from fleet.choices import VehicleState, VehicleStatus
from fleet.models import Allocation, Vehicle, VehicleEvent
from fleet.replay import BrokenLog, present_state
from movr_project.db.retry import retry_read

from ..models import Ride
from .rules import rule

BATCH = 500


@rule("An event's vehicle exists; so does who acted, where that is known.")
def event_vehicle(city: City) -> QuerySet:
    """Looks across the people's home cities."""
    vehicle = Vehicle.objects.in_city(city.name).filter(id=OuterRef("vehicle_id"))
    actor = User.objects.filter(city=OuterRef("actor_city"), id=OuterRef("actor_id"))
    without_actor = Q(actor_id__isnull=False) & ~Exists(actor)
    return _events(city).filter(~Exists(vehicle) | without_actor)


@rule("An event's ride and allocation exist, and are of the same vehicle.")
def event_subject(city: City) -> QuerySet:
    same = {"vehicle_id": OuterRef("vehicle_id")}
    ride = Ride.objects.in_city(city.name).filter(id=OuterRef("ride_id"), **same)
    allocation = Allocation.objects.in_city(city.name).filter(id=OuterRef("allocation_id"), **same)
    without_ride = Q(ride_id__isnull=False) & ~Exists(ride)
    return _events(city).filter(without_ride | Q(allocation_id__isnull=False) & ~Exists(allocation))


@rule("A ride's start and end stand in its vehicle's log, unless they are older than that.")
def ride_events(city: City) -> QuerySet:
    # What is forgotten is a log's beginning.
    log = _events(city).filter(vehicle_id=OuterRef("vehicle_id"))
    begins = Subquery(log.order_by("occurred_at").values("occurred_at")[:1])
    own = log.filter(ride_id=OuterRef("id"))
    start = own.filter(occurred_at__gte=OuterRef("start_time"), state=VehicleState.ON_TRIP)
    end = own.filter(occurred_at__gte=OuterRef("end_time")).exclude(state=VehicleState.ON_TRIP)
    without = ~Exists(start) | Q(end_time__isnull=False) & ~Exists(end)
    return Ride.objects.in_city(city.name).filter(without, start_time__gte=begins)


@rule("A vehicle's last_event_at is when the last of its events was.")
def vehicle_last_event(city: City) -> QuerySet:
    log = _events(city).filter(vehicle_id=OuterRef("id")).order_by("-occurred_at")
    vehicles = Vehicle.objects.in_city(city.name).annotate(newest=Subquery(log.values("occurred_at")[:1]))
    return vehicles.exclude(last_event_at__isnull=False, newest__isnull=False, last_event_at=F("newest"))


@rule("What a vehicle does, by its row and its calendar, is what its last event says.")
def vehicle_state(city: City) -> QuerySet:
    """What the calendar has brought since that event follows from the calendar alone."""
    last = _events(city).filter(vehicle_id=OuterRef("id"), occurred_at=OuterRef("last_event_at")).values("state")[:1]
    allocations = Allocation.objects.in_city(city.name).live().filter(vehicle_id=OuterRef("id"))
    begun = Q(starts_at__isnull=True) | Q(starts_at__lte=OuterRef("last_event_at"))
    going_on = Q(ends_at__isnull=True) | Q(ends_at__gt=OuterRef("last_event_at"))
    covering = allocations.filter(begun, going_on).values("state")[:1]
    free = Case(
        When(approved_at__isnull=True, then=Value(VehicleState.NON_OPERATIONAL)), default=Value(VehicleState.AVAILABLE)
    )
    expected = Case(
        When(status=VehicleStatus.ON_TRIP, then=Value(VehicleState.ON_TRIP)),
        When(status=VehicleStatus.REMOVED, then=Value(VehicleState.REMOVED)),
        default=Coalesce(Subquery(covering), free),
        output_field=CharField(),
    )
    vehicles = Vehicle.objects.in_city(city.name).filter(last_event_at__isnull=False)
    return vehicles.annotate(said=Subquery(last), expected=expected).exclude(said=F("expected"), said__isnull=False)


@rule("A vehicle's events follow from one another and its calendar, as the Mobility Data Specification has it.")
def vehicle_log(city: City) -> Sequence[Vehicle]:
    """Replays every log, which no statement could. Reads without a lock or a transaction, in batches.

    Somebody may act between two of its statements: what looks broken then is read again in one transaction.
    """
    # No index leads to those that were cancelled as they began; they are few.
    stillborn = _stillborn(Allocation.objects.in_city(city.name))
    broken: list[Vehicle] = []
    last: UUID | None = UUID(int=0)
    while last is not None:
        last, suspects = _replay_batch(city, last, stillborn)
        broken += _look_again(city, suspects) if suspects else []
    return broken


@retry_read
def _replay_batch(city: City, after: UUID, stillborn: dict) -> tuple[UUID | None, list[UUID]]:
    """The last vehicle's id, and the ids of those whose logs look broken."""
    vehicles = Vehicle.objects.in_city(city.name).filter(id__gt=after).order_by("id")
    ids = list(vehicles.values_list("id", flat=True)[:BATCH])
    if not ids:
        return None, []
    return ids[-1], list(_broken(city, ids, stillborn, vehicle_id__gte=ids[0], vehicle_id__lte=ids[-1]))


@retry_read
def _look_again(city: City, suspects: list[UUID]) -> list[Vehicle]:
    with transaction.atomic():
        stillborn = _stillborn(Allocation.objects.in_city(city.name).filter(vehicle_id__in=suspects))
        broken = list(_broken(city, suspects, stillborn, vehicle_id__in=suspects))
        return list(Vehicle.objects.in_city(city.name).filter(id__in=broken))


def _broken(city: City, ids: Sequence[UUID], stillborn: dict, **which) -> Iterator[UUID]:
    events = _by_vehicle(_events(city).filter(**which).order_by("vehicle_id", "occurred_at"))
    allocations = _by_vehicle(Allocation.objects.in_city(city.name).live().filter(**which).order_by("vehicle_id"))
    now = timezone.now()
    for id_ in ids:
        log = events.get(id_, [])
        try:
            # A clock that was set back leaves events ahead of now.
            moment = max(now, log[-1].occurred_at) if log else now
            present_state(log, [*allocations.get(id_, []), *stillborn.get(id_, [])], moment)
        except BrokenLog:
            yield id_


def _stillborn(allocations: QuerySet) -> dict[UUID, list[Allocation]]:
    return _by_vehicle(allocations.filter(cancelled_at=F("starts_at")).order_by("vehicle_id"))


def _by_vehicle(rows: QuerySet) -> dict[UUID, list]:
    return {id_: list(own) for id_, own in groupby(rows, lambda row: row.vehicle_id)}


def _events(city: City) -> QuerySet:
    return VehicleEvent.objects.filter(city=city.name)
