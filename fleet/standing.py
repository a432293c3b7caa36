"""What staff are told a vehicle is doing: its row, and what its calendar says now, in one word."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Case, Exists, F, OuterRef, QuerySet, Subquery, TextChoices, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .choices import AllocationKind, VehicleState
from .intervals import Interval
from .models import Allocation, Vehicle


class Standing(TextChoices):
    AVAILABLE = "available", _("Available")
    IN_USE = "in_use", _("In use")
    RESERVED = AllocationKind.RESERVATION.value, _("Reserved")
    BOOKED = AllocationKind.BOOKING.value, _("Booked")
    MAINTENANCE = AllocationKind.MAINTENANCE.value, _("In maintenance")
    PAUSED = AllocationKind.PAUSED.value, _("Paused by its owner")
    PICKED_UP = "picked_up", _("Picked up")
    MISSING = "missing", _("Missing")
    AWAITS_APPROVAL = "awaits_approval", _("Waiting for approval")
    REMOVED = "removed", _("Decommissioned")


# What an allocation makes of its vehicle; a kind of its own where its state says more than its kind.
_WORD = Case(
    When(state=VehicleState.REMOVED, then=Value(Standing.PICKED_UP.value)),
    When(state=VehicleState.MISSING, then=Value(Standing.MISSING.value)),
    default=F("kind"),
)


def with_standing(vehicles: QuerySet) -> QuerySet:
    """Each with ``set_aside_as``, the word for what covers this moment in its calendar: ``standing_of`` reads it."""
    return vehicles.annotate(set_aside_as=Subquery(_covering(timezone.now()).values("word")[:1]))


def set_aside(vehicles: QuerySet, words: Collection[Standing]) -> QuerySet:
    """Those that are set aside so at this moment."""
    return vehicles.filter(Exists(_covering(timezone.now()).filter(word__in=list(words))))


def not_set_aside(vehicles: QuerySet) -> QuerySet:
    return vehicles.filter(~Exists(_covering(timezone.now())))


def standing_of(vehicle: Vehicle) -> Standing:
    """Of a vehicle from ``with_standing``."""
    if vehicle.is_removed:
        return Standing.REMOVED
    if vehicle.awaits_approval:
        return Standing.AWAITS_APPROVAL
    if vehicle.is_on_trip:
        return Standing.IN_USE
    return Standing(vehicle.set_aside_as or Standing.AVAILABLE)


def also_set_aside_as(vehicle: Vehicle) -> Standing | None:
    """What its calendar says while somebody rides it all the same. Of a vehicle from ``with_standing``."""
    return Standing(vehicle.set_aside_as) if vehicle.is_on_trip and vehicle.set_aside_as else None


def word_of(allocation: Allocation) -> Standing:
    if allocation.state == VehicleState.REMOVED:
        return Standing.PICKED_UP
    if allocation.state == VehicleState.MISSING:
        return Standing.MISSING
    return Standing(allocation.kind)


def _covering(now: datetime) -> QuerySet:
    """The live allocation of each vehicle that has begun and not ended, with its ``word``, for a subquery."""
    live = Allocation.objects.live().filter(city=OuterRef("city"), vehicle_id=OuterRef("id"))
    return live.overlapping(Interval(start=now)).exclude(starts_at__gt=now).annotate(word=_WORD)
