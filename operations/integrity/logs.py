"""Rules for vehicles' event logs."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from uuid import UUID

from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import User
from cities.models import City
from fleet.calendar.replay import BrokenLog, present_state
from fleet.models import Allocation, Vehicle, VehicleEvent
from fleet.models.choices import VehicleState
from movr_project.db.retry import one_snapshot, retry_read
from rides.models import Ride

from .rules import rule

BATCH = 500


@rule("An event's vehicle exists, and so does its actor if known.")
def event_vehicle(city: City) -> QuerySet:
    """Reads the people's home cities too."""
    vehicle = Vehicle.objects.in_city(city.name).filter(id=OuterRef("vehicle_id"))
    actor = User.objects.filter(city=OuterRef("actor_city"), id=OuterRef("actor_id"))
    without_actor = Q(actor_id__isnull=False) & ~Exists(actor)
    return _events(city).filter(~Exists(vehicle) | without_actor)


@rule("An event's ride and allocation exist and belong to the same vehicle.")
def event_subject(city: City) -> QuerySet:
    same = {"vehicle_id": OuterRef("vehicle_id")}
    ride = Ride.objects.in_city(city.name).filter(id=OuterRef("ride_id"), **same)
    allocation = Allocation.objects.in_city(city.name).filter(id=OuterRef("allocation_id"), **same)
    without_ride = Q(ride_id__isnull=False) & ~Exists(ride)
    return _events(city).filter(without_ride | Q(allocation_id__isnull=False) & ~Exists(allocation))


@rule("A ride's start and end are in its vehicle's log, unless they are older than the log.")
def ride_events(city: City) -> QuerySet:
    # Retention deletes a log's beginning.
    log = _events(city).filter(vehicle_id=OuterRef("vehicle_id"))
    begins = Subquery(log.order_by("occurred_at").values("occurred_at")[:1])
    own = log.filter(ride_id=OuterRef("id"))
    start = own.filter(occurred_at__gte=OuterRef("start_time"), state=VehicleState.ON_TRIP)
    end = own.filter(occurred_at__gte=OuterRef("end_time")).exclude(state=VehicleState.ON_TRIP)
    without = ~Exists(start) | Q(end_time__isnull=False) & ~Exists(end)
    return Ride.objects.in_city(city.name).filter(without, start_time__gte=begins)


@rule("A ride that is paused has the pause in its vehicle's log.")
def ride_pause(city: City) -> QuerySet:
    log = _events(city).filter(vehicle_id=OuterRef("vehicle_id"), ride_id=OuterRef("id"), state=VehicleState.ON_TRIP)
    paused = Ride.objects.in_city(city.name).filter(paused_at__isnull=False)
    return paused.filter(~Exists(log.filter(occurred_at=OuterRef("paused_at"))))


@rule("A vehicle's last_event_at is the time of its latest event.")
def vehicle_last_event(city: City) -> QuerySet:
    log = _events(city).filter(vehicle_id=OuterRef("id")).order_by("-occurred_at")
    vehicles = Vehicle.objects.in_city(city.name).annotate(newest=Subquery(log.values("occurred_at")[:1]))
    return vehicles.exclude(last_event_at__isnull=False, newest__isnull=False, last_event_at=F("newest"))


@rule("A vehicle's row and calendar agree with its latest event.")
def vehicle_state(city: City) -> QuerySet:
    """Changes since the last event follow from the calendar alone."""
    last = _events(city).filter(vehicle_id=OuterRef("id"), occurred_at=OuterRef("last_event_at")).values("state")[:1]
    allocations = Allocation.objects.in_city(city.name).filter(vehicle_id=OuterRef("id"))
    covering = allocations.covering(OuterRef("last_event_at")).values("state")[:1]
    free = Case(
        When(approved_at__isnull=True, then=Value(VehicleState.NON_OPERATIONAL)), default=Value(VehicleState.AVAILABLE)
    )
    expected = Case(
        When(status=VehicleState.ON_TRIP, then=Value(VehicleState.ON_TRIP)),
        When(status=VehicleState.REMOVED, then=Value(VehicleState.REMOVED)),
        default=Coalesce(Subquery(covering), free),
        output_field=CharField(),
    )
    vehicles = Vehicle.objects.in_city(city.name).filter(last_event_at__isnull=False)
    return vehicles.annotate(said=Subquery(last), expected=expected).exclude(said=F("expected"), said__isnull=False)


@rule("A vehicle's events follow from one another and its calendar, by the Mobility Data Specification.")
def vehicle_log(city: City) -> Sequence[Vehicle]:
    """Replay every log. Reads in batches, without a lock or a transaction.

    Events may be added between its statements, so logs that look broken are read again in one snapshot.
    """
    # No index covers allocations that were cancelled as they started, but they are few.
    cancelled_at_start = _cancelled_at_start(Allocation.objects.in_city(city.name))
    broken: list[Vehicle] = []
    last: UUID | None = UUID(int=0)
    while last is not None:
        last, suspects = _replay_batch(city, last, cancelled_at_start)
        broken += _look_again(city, suspects) if suspects else []
    return broken


@retry_read
def _replay_batch(city: City, after: UUID, cancelled_at_start: dict) -> tuple[UUID | None, list[UUID]]:
    """Return the last vehicle's id, and the ids of those whose logs look broken."""
    vehicles = Vehicle.objects.in_city(city.name).filter(id__gt=after).order_by("id")
    ids = list(vehicles.values_list("id", flat=True)[:BATCH])
    if not ids:
        return None, []
    return ids[-1], list(_broken(city, ids, cancelled_at_start, vehicle_id__gte=ids[0], vehicle_id__lte=ids[-1]))


@retry_read
def _look_again(city: City, suspects: list[UUID]) -> list[Vehicle]:
    with one_snapshot():
        cancelled_at_start = _cancelled_at_start(Allocation.objects.in_city(city.name).filter(vehicle_id__in=suspects))
        broken = list(_broken(city, suspects, cancelled_at_start, vehicle_id__in=suspects))
        return list(Vehicle.objects.in_city(city.name).filter(id__in=broken))


def _broken(city: City, ids: Sequence[UUID], cancelled_at_start: dict, **which) -> Iterator[UUID]:
    events = _by_vehicle(_events(city).filter(**which).order_by("vehicle_id", "occurred_at"))
    allocations = _by_vehicle(Allocation.objects.in_city(city.name).live().filter(**which).order_by("vehicle_id"))
    now = timezone.now()
    for id_ in ids:
        log = events.get(id_, [])
        try:
            # Events are in the future if the clock was set back.
            until = max(now, log[-1].occurred_at) if log else now
            present_state(log, [*allocations.get(id_, []), *cancelled_at_start.get(id_, [])], until)
        except BrokenLog:
            yield id_


def _cancelled_at_start(allocations: QuerySet) -> dict[UUID, list[Allocation]]:
    return _by_vehicle(allocations.filter(cancelled_at=F("starts_at")).order_by("vehicle_id"))


def _by_vehicle(rows: QuerySet) -> dict[UUID, list]:
    return {id_: list(own) for id_, own in groupby(rows, lambda row: row.vehicle_id)}


def _events(city: City) -> QuerySet:
    return VehicleEvent.objects.filter(city=city.name)
