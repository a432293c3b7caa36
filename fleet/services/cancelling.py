"""Cancel allocations: riders their own, staff any."""

import uuid

from django.utils.translation import gettext as _

from accounts.models import User
from movr_project.db.retry import retry_transaction

from ..calendar.events import record_calendar
from ..models import Allocation
from ..models.choices import VehicleState
from ..querysets.allocations import AllocationQuerySet
from .allocations import end_allocation
from .notifications import notify_cancelled
from .refusals import VehicleRefused, locked_vehicle


@retry_transaction(idempotent=True)
def cancel_own_allocation(*, rider: User, city: str, allocation_id: uuid.UUID) -> Allocation:
    """Cancel the rider's own reservation or booking, or the rest of it. Idempotent.

    Locks the vehicle, then the rider. Raises ``VehicleRefused``: ``allocation_gone`` (including other people's
    allocations), ``account_changed``.
    """
    return _withdraw(Allocation.objects.filter(rider_id=rider.id), city, allocation_id, by=rider, is_own=True)


@retry_transaction(idempotent=True)
def cancel_allocation(*, city: str, allocation_id: uuid.UUID, by: User | None) -> Allocation:
    """Cancel or end any allocation of a vehicle, and notify the person it was for. Idempotent.

    For staff, and for organisations (``by`` is None); the view checks permissions. Locks the vehicle, then the person.
    Raises ``VehicleRefused``:
    ``allocation_gone``, ``account_changed``, and ``not_on_the_street`` if the vehicle was picked up or is missing, as
    someone must say where it is.
    """
    return _withdraw(Allocation.objects.all(), city, allocation_id, by=by, is_own=False)


def _withdraw(
    among: AllocationQuerySet, city: str, allocation_id: uuid.UUID, *, by: User | None, is_own: bool
) -> Allocation:
    found = among.filter(city=city, id=allocation_id).first()
    if found is None:
        raise VehicleRefused(_("Booking not found."), code="allocation_gone")
    locked = locked_vehicle(city, found.vehicle_id, by=by)
    live = next((other for other in locked.calendar if other.id == found.id), None)
    if live is None:
        found.vehicle = locked.vehicle
        return found
    if live.state in {VehicleState.REMOVED, VehicleState.MISSING}:
        raise VehicleRefused(
            _("This vehicle was picked up or is missing. Enter its location when it's back."),
            code="not_on_the_street",
        )
    before = locked.current
    end_allocation(locked, live)
    if not is_own:
        notify_cancelled(locked, live, by, is_out_of_service=False)
    record_calendar(locked, before=before, actor=by, allocation=live)
    live.vehicle = locked.vehicle
    return live
