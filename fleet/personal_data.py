"""Export and erase a person's vehicles, allocations and events. See ``accounts.personal_data``.

A person's bookings and actions may be in any city, so this queries all of them.
"""

from typing import Any

from django.utils import timezone

from accounts.models import User
from accounts.personal_data import PersonalData, forget_words_in_staff_log, register

from .calendar.events import record_calendar
from .calendar.locking import lock_vehicle
from .models import Allocation, VehicleEvent
from .models.choices import AllocationKind
from .querysets.allocations import AllocationQuerySet
from .services.allocations import end_allocation
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
    "old_latitude",
    "old_longitude",
)


def export(user: User) -> list[dict[str, Any]]:
    return list(user.vehicles.newest_first().values(*FIELDS))


def release_removed_vehicles(user: User) -> None:
    """Remove the owner from removed vehicles. Part of a transaction."""
    user.vehicles.removed().update(owner_id=None)


def export_allocations(user: User) -> list[dict[str, Any]]:
    fields = (
        "city",
        "vehicle__code",
        "kind",
        "starts_at",
        "ends_at",
        "start_by",
        "reminded_at",
        "description",
        "created_at",
        "cancelled_at",
    )
    own = Allocation.objects.for_rider(user).order_by("created_at").values(*fields)
    pauses = user.allocations_made.filter(kind=AllocationKind.PAUSED).order_by("created_at").values(*fields)
    return [*own, *pauses]


def lock_vehicles_ahead(user: User) -> None:
    for allocation in _ahead(user):
        lock_vehicle(allocation.city, allocation.vehicle_id)


def _ahead(user: User) -> AllocationQuerySet:
    return Allocation.objects.for_rider(user).from_now_on(timezone.now()).order_by("city", "vehicle_id")


def end_allocations(user: User) -> None:
    """Cancel the person's current and future allocations, and anonymise past ones.

    Includes allocations made between ``lock_vehicles_ahead`` and locking the person.
    """
    for allocation in _ahead(user):
        _end_live(allocation)
    forget_words_in_staff_log(Allocation.objects.for_rider(user))
    forget_words_in_staff_log(user.allocations_made.all())
    Allocation.objects.for_rider(user).update(rider_id=None, description="")
    user.allocations_made.update(made_by_id=None)


def _end_live(allocation: Allocation) -> None:
    locked = locked_vehicle(allocation.city, allocation.vehicle_id)
    live = next((other for other in locked.calendar if other.id == allocation.id), None)
    if live is not None:
        before = locked.current
        end_allocation(locked, live)
        record_calendar(locked, before=before, actor=None, allocation=live)


def export_acts(user: User) -> list[dict[str, Any]]:
    fields = ("city", "vehicle__code", "event_types", "occurred_at", "place", "latitude", "longitude", "note")
    return list(_acts(user).order_by("occurred_at").values(*fields))


def _acts(user: User):
    return VehicleEvent.objects.filter(actor_city=user.city, actor_id=user.id)


register(PersonalData("vehicles", export, release_removed_vehicles))
register(PersonalData("reservations and bookings", export_allocations, end_allocations, lock=lock_vehicles_ahead))
register(PersonalData("vehicle events", export_acts, lambda user: _acts(user).update(actor_id=None)))
