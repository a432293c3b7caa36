"""The fleet's part of ``accounts.personal_data``: what a person owns, booked, reported and did.

A person's bookings and acts lie in whichever cities they were in: these look across cities.
"""

from typing import Any

from django.utils import timezone

from accounts.models import User
from accounts.personal_data import PersonalData, register

from .choices import AllocationKind
from .events import record_calendar
from .models import Allocation, ProblemReport, VehicleEvent
from .services.calendar import end_allocation
from .services.refusals import locked_vehicle

FIELDS = (
    "city",
    "id",
    "code",
    "type",
    "brand",
    "color",
    "status",
    "date_added",
    "approved_at",
    "last_location",
    "latitude",
    "longitude",
)


def export(user: User) -> list[dict[str, Any]]:
    return list(user.vehicles.newest_first().values(*FIELDS))


def release_removed_vehicles(user: User) -> None:
    """Vehicles that were taken off the road no longer point at who owned them. Part of a transaction."""
    user.vehicles.removed().update(owner_id=None)


def export_allocations(user: User) -> list[dict[str, Any]]:
    fields = ("city", "vehicle__code", "kind", "starts_at", "ends_at", "description", "created_at", "cancelled_at")
    own = Allocation.objects.for_rider(user).order_by("created_at").values(*fields)
    pauses = user.allocations_made.filter(kind=AllocationKind.PAUSED).order_by("created_at").values(*fields)
    return [*own, *pauses]


def end_allocations(user: User) -> None:
    """Vehicles that the person has, or would have, are free again; what is past stays without the person."""
    ahead = Allocation.objects.for_rider(user).from_now_on(timezone.now()).order_by("city", "vehicle_id")
    for allocation in ahead:
        _give_back(allocation)
    Allocation.objects.for_rider(user).update(rider_id=None, description="")
    user.allocations_made.update(made_by_id=None)


def _give_back(allocation: Allocation) -> None:
    locked = locked_vehicle(allocation.city, allocation.vehicle_id)
    live = next((other for other in locked.calendar if other.id == allocation.id), None)
    if live is not None:
        before = locked.current
        end_allocation(locked, live)
        record_calendar(locked, before=before, actor=None, allocation=live)


def export_reports(user: User) -> list[dict[str, Any]]:
    fields = ("city", "vehicle__code", "kind", "text", "created_at", "closed_at", "resolution")
    return list(_reports(user).order_by("created_at").values(*fields))


def _reports(user: User):
    return ProblemReport.objects.filter(reporter_city=user.city, reporter_id=user.id)


def export_acts(user: User) -> list[dict[str, Any]]:
    fields = ("city", "vehicle__code", "event_types", "occurred_at", "place", "latitude", "longitude", "note")
    return list(_acts(user).order_by("occurred_at").values(*fields))


def _acts(user: User):
    return VehicleEvent.objects.filter(actor_city=user.city, actor_id=user.id)


register(PersonalData("vehicles", export, release_removed_vehicles))
register(PersonalData("reservations and bookings", export_allocations, end_allocations))
register(PersonalData("problem reports", export_reports, lambda user: _reports(user).update(reporter_id=None, text="")))
register(PersonalData("acts on vehicles", export_acts, lambda user: _acts(user).update(actor_id=None)))
