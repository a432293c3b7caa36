"""What staff take out of calendars."""

import uuid

from django.utils.translation import gettext as _

from accounts.models import User
from movr_project.db.retry import retry_transaction

from ..choices import AllocationKind, VehicleState
from ..models import Allocation
from .calendar import withdraw
from .refusals import VehicleRefused


@retry_transaction(idempotent=True)
def cancel_allocation(*, city: str, allocation_id: uuid.UUID, by: User) -> Allocation:
    """End or call off whatever a vehicle is set aside for; whoever it was for is told. Again changes nothing.

    For staff, whom the view has checked. Locks the vehicle, then the person. Raises ``VehicleRefused``:
    ``allocation_gone``, and ``not_on_the_street`` where the vehicle was picked up or is missing: somebody has
    to say where it stands.
    """
    away = Allocation.objects.filter(
        city=city, id=allocation_id, state__in=[VehicleState.REMOVED, VehicleState.MISSING]
    )
    if away.exists():
        raise VehicleRefused(
            _("This vehicle was picked up or is missing. Say where it stands when it is back."),
            code="not_on_the_street",
        )
    return withdraw(city, allocation_id, kinds=list(AllocationKind), by=by, rider=None)
