"""Taking out of a calendar what is in it: riders their own, staff whatever stands in the way."""

import uuid

from django.utils.translation import gettext as _

from accounts.models import User
from movr_project.db.retry import retry_transaction

from ..choices import VehicleState
from ..events import record_calendar
from ..models import Allocation
from ..querysets import AllocationQuerySet
from .calendar import end_allocation, tell_cancelled
from .refusals import VehicleRefused, locked_vehicle


@retry_transaction(idempotent=True)
def give_back(*, rider: User, city: str, allocation_id: uuid.UUID) -> Allocation:
    """Cancel a reservation or booking of one's own, or give back what is left of it. Again changes nothing.

    Locks the vehicle, then the rider. Raises ``VehicleRefused``: ``allocation_gone`` (there is none, or it is
    somebody else's), ``account_changed``.
    """
    return _withdraw(Allocation.objects.filter(rider_id=rider.id), city, allocation_id, by=rider, is_own=True)


@retry_transaction(idempotent=True)
def cancel_allocation(*, city: str, allocation_id: uuid.UUID, by: User) -> Allocation:
    """End or call off whatever a vehicle is set aside for; whoever it was for is told. Again changes nothing.

    For staff, whom the view has checked. Locks the vehicle, then the person. Raises ``VehicleRefused``:
    ``allocation_gone``, ``account_changed``, and ``not_on_the_street`` where the vehicle was picked up or is
    missing: somebody has to say where it stands.
    """
    return _withdraw(Allocation.objects.all(), city, allocation_id, by=by, is_own=False)


def _withdraw(among: AllocationQuerySet, city: str, allocation_id: uuid.UUID, *, by: User, is_own: bool) -> Allocation:
    found = among.filter(city=city, id=allocation_id).first()
    if found is None:
        raise VehicleRefused(_("There is no such booking."), code="allocation_gone")
    locked = locked_vehicle(city, found.vehicle_id, by=by)
    live = next((other for other in locked.calendar if other.id == found.id), None)
    if live is None:
        found.vehicle = locked.vehicle
        return found
    if live.state in {VehicleState.REMOVED, VehicleState.MISSING}:
        raise VehicleRefused(
            _("This vehicle was picked up or is missing. Say where it stands when it is back."),
            code="not_on_the_street",
        )
    before = locked.current
    end_allocation(locked, live)
    if not is_own:
        tell_cancelled(locked, live, by, is_out_of_service=False)
    record_calendar(locked, before=before, actor=by, allocation=live)
    live.vehicle = locked.vehicle
    return live
