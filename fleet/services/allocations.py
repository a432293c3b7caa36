"""Common steps on a vehicle's calendar. Each is part of a transaction that has locked the vehicle."""

import uuid
from collections.abc import Iterable
from typing import Any

from accounts.models import User
from movr_project.db.keys import CityKeyValue

from ..calendar.intervals import Interval
from ..calendar.locking import LockedVehicle
from ..models import Allocation
from ..models.choices import AllocationKind, VehicleState
from .notifications import notify_cancelled


def allocation_id(rider: User, token: str, vehicle_city: str, vehicle_id: uuid.UUID) -> uuid.UUID:
    """Derive an allocation's id from the form's token and the rider's id, so that others can't produce it."""
    return uuid.uuid5(rider.id, f"allocation:{token}:{CityKeyValue((vehicle_city, vehicle_id))}")


def create_allocation(
    locked: LockedVehicle,
    kind: AllocationKind,
    interval: Interval,
    *,
    state: VehicleState,
    rider: User | None = None,
    by: User | None,
    id_: uuid.UUID | None = None,
    description: str = "",
    data: dict[str, Any] | None = None,
) -> Allocation:
    """Insert an allocation into a calendar that has room for it. Does not record an event."""
    allocation = Allocation(
        city=locked.vehicle.city,
        id=id_ or uuid.uuid4(),
        vehicle_id=locked.vehicle.id,
        kind=kind,
        state=state,
        starts_at=interval.start,
        ends_at=interval.end,
        description=description,
        data=data or {},
        rider_city=rider.city if rider else None,
        rider_id=rider.id if rider else None,
        made_by_city=by.city if by else None,
        made_by_id=by.id if by else None,
        created_at=locked.now,
    )
    if allocation.is_booking and not locked.vehicle.is_on_trip:
        allocation.start_by = allocation.deadline(free_from=locked.now)
    allocation.save(force_insert=True)
    locked.add(allocation)
    return allocation


def end_allocation(locked: LockedVehicle, allocation: Allocation) -> None:
    """End or cancel an allocation, and free the rider to reserve again. Does not record an event."""
    held_until = allocation.ends_at
    allocation.save(update_fields=allocation.end(locked.now))
    locked.drop(allocation)
    if allocation.is_reservation and allocation.rider_id:
        holder = User.objects.filter(id=allocation.rider_id, city=allocation.rider_city, hold_until=held_until)
        holder.update(hold_until=None)


def cancel_conflicting(locked: LockedVehicle, allocations: Iterable[Allocation], *, by: User | None) -> None:
    """End conflicting allocations that have a lower priority, and notify their riders. Does not record an event."""
    for allocation in list(allocations):
        end_allocation(locked, allocation)
        notify_cancelled(locked, allocation, by, is_out_of_service=True)
