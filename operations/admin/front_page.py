"""The lines of work on the admin's front page, each with the number of rows in its list.

Staff look across all cities. Each statement names them, so that it reads an index of each city, and stops counting at
``MAX_COUNT``.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from cities.registry import registry
from fleet.models import Allocation, Vehicle
from fleet.models.choices import AllocationKind, VehicleState
from rides.models import Ride

from ..models import ProblemReport
from .worklists import place_unknown

MAX_COUNT = 999


@dataclass(frozen=True)
class Line:
    """A list of rows that need attention. ``rows`` finds as many as the list, but for less."""

    label: Promise
    model: type[Vehicle] | type[Ride] | type[ProblemReport]
    query: str
    rows: Callable[[], QuerySet]

    @property
    def url(self) -> str:
        opts = self.model._meta
        return f"{reverse(f'admin:{opts.app_label}_{opts.model_name}_changelist')}?{self.query}"

    def is_for(self, person: User) -> bool:
        opts = self.model._meta
        return person.has_perm(f"{opts.app_label}.view_{opts.model_name}")

    @property
    def number(self) -> str:
        count = self.rows().filter(city__in=list(registry.by_name)).order_by()[: MAX_COUNT + 1].count()
        return str(count) if count <= MAX_COUNT else f"{MAX_COUNT}+"


def _current_maintenance(state: VehicleState) -> QuerySet:
    """Return a row per vehicle that staff have taken off the street, as allocations of a vehicle never overlap."""
    return Allocation.objects.covering(timezone.now()).filter(kind=AllocationKind.MAINTENANCE, state=state)


def _awaiting_approval() -> QuerySet:
    waiting = Vehicle.objects.filter(status=VehicleState.AVAILABLE, approved_at__isnull=True)
    return waiting.filter(owner_id__isnull=False)  # which the index on owners finds


LINES = [
    Line(
        _("Booked but still in use"),
        Vehicle,
        "work=late",
        lambda: Allocation.objects.meeting_a_ride(timezone.now()),
    ),
    Line(_("Ridden for a long time"), Ride, "attention=long", lambda: Ride.objects.long()),
    Line(_("Ridden with an inactive account"), Ride, "attention=inactive", lambda: Ride.objects.of_inactive_riders()),
    Line(
        _("Open problem reports"),
        ProblemReport,
        "open=yes",
        lambda: ProblemReport.objects.filter(closed_at__isnull=True),
    ),
    Line(_("No known location"), Vehicle, "work=place_unknown", lambda: place_unknown(Vehicle.objects.all())),
    Line(_("Missing vehicles"), Vehicle, "state=missing", lambda: _current_maintenance(VehicleState.MISSING)),
    Line(_("Picked up"), Vehicle, "state=picked_up", lambda: _current_maintenance(VehicleState.REMOVED)),
    Line(
        _("In maintenance"),
        Vehicle,
        "state=maintenance",
        lambda: _current_maintenance(VehicleState.NON_OPERATIONAL),
    ),
    Line(
        _("Waiting for approval"),
        Vehicle,
        f"approved=no&whose=owner&status__exact={VehicleState.AVAILABLE}",
        _awaiting_approval,
    ),
]


def lines_for(person: User) -> Iterator[Line]:
    """Yield the lines whose lists a person may see."""
    return (line for line in LINES if line.is_for(person))
