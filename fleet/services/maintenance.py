"""Services that take vehicles out of service: the operator's maintenance and an owner's pause."""

import uuid
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from accounts.models import User
from movr_project.db.retry import retry_transaction

from ..calendar.events import record_calendar
from ..calendar.intervals import Interval
from ..calendar.locking import LockedVehicle
from ..models import Allocation
from ..models.choices import AllocationKind, VehicleState
from .allocations import cancel_conflicting, create_allocation, end_allocation
from .notifications import notify_owner
from .refusals import VehicleRefused, conflict, locked_on_the_road


def put_in_maintenance(
    *,
    city: str,
    vehicle_id: uuid.UUID,
    by: User | None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    description: str = "",
) -> Allocation:
    """Schedule maintenance from ``starts_at`` (None: now) until ``ends_at`` (None: until further notice).

    It has priority over riders and the owner: their conflicting allocations are ended, and they are notified. A ride in
    progress may be finished. Locks the vehicle, then the people. Raises ``CalendarConflict`` if it conflicts with other
    maintenance, and ``VehicleRefused``: ``vehicle_gone``, ``awaits_approval``, ``in_the_past``,
    ``account_changed``.
    """
    return insert_maintenance(
        city=city,
        vehicle_id=vehicle_id,
        by=by,
        starts_at=starts_at,
        ends_at=ends_at,
        description=description,
        id_=uuid.uuid4(),
    )


@retry_transaction(idempotent=True)
def insert_maintenance(
    *,
    city: str,
    vehicle_id: uuid.UUID,
    by: User | None,
    starts_at: datetime | None,
    ends_at: datetime | None,
    description: str,
    id_: uuid.UUID,
    data: dict | None = None,
) -> Allocation:
    """Do what ``put_in_maintenance`` does, under an ID that the caller has drawn."""
    locked = locked_on_the_road(city, vehicle_id, by=by)
    done = Allocation.objects.filter(city=city, id=id_).first()
    if done is not None:
        return done  # by an attempt whose COMMIT was in doubt, or an earlier run of a job
    start = max(starts_at or locked.now, locked.now)
    if ends_at is not None and ends_at <= start:
        raise VehicleRefused(_("The end must be after the start and in the future."), code="in_the_past")
    interval = Interval(start, ends_at)
    conflicts = locked.conflicts_with(interval)
    planned = [other for other in conflicts if other.is_maintenance]
    if planned:
        locked.calendar = planned
        raise conflict(locked, interval)
    return take_out_of_service(locked, interval, by=by, id_=id_, description=description, data=data)


def take_out_of_service(
    locked: LockedVehicle,
    interval: Interval,
    *,
    by: User | None,
    id_: uuid.UUID | None = None,
    state: VehicleState = VehicleState.NON_OPERATIONAL,
    description: str = "",
    data: dict | None = None,
    note: str = "",
    notify_everyone: bool = False,
    problem: str | Promise = "",
) -> Allocation:
    """Schedule maintenance, ending conflicting allocations. Part of a transaction.

    The owner is notified; ``problem`` is what a rider reported. ``by`` is not notified about their own allocations,
    unless ``notify_everyone``.
    """
    before = locked.current
    cancel_conflicting(locked, locked.conflicts_with(interval), by=None if notify_everyone else by)
    notify_owner(locked, by, problem=problem)
    maintenance = create_allocation(
        locked, AllocationKind.MAINTENANCE, interval, state=state, by=by, id_=id_, description=description, data=data
    )
    record_calendar(locked, before=before, actor=by, allocation=maintenance, note=note)
    return maintenance


@retry_transaction(idempotent=True)
def end_maintenance(*, city: str, vehicle_id: uuid.UUID, by: User) -> Allocation:
    """End the current maintenance.

    Locks the vehicle. Raises ``VehicleRefused``: ``vehicle_gone``, ``awaits_approval``, ``not_in_maintenance``.
    """
    locked = locked_on_the_road(city, vehicle_id, by=by)
    current = locked.current
    if current is None or not current.is_maintenance or current.state != VehicleState.NON_OPERATIONAL:
        raise VehicleRefused(_("This vehicle is not in maintenance."), code="not_in_maintenance")
    _end_current(locked, current, by)
    return current


@retry_transaction(idempotent=True)
def pause_vehicle(*, city: str, vehicle_id: uuid.UUID, owner: User, ends_at: datetime | None = None) -> Allocation:
    """Pause an owner's vehicle from now until ``ends_at`` or until it is resumed.

    A pause does not cancel bookings: without ``ends_at``, it ends when the next one starts. Idempotent. Locks the
    vehicle. Raises ``CalendarConflict`` (with the conflicting interval), and
    ``VehicleRefused``: ``vehicle_gone``, ``not_yours``, ``awaits_approval``, ``vehicle_in_use``, ``in_the_past``.
    """
    locked = _own_vehicle(city, vehicle_id, owner)
    if locked.current is not None and locked.current.is_paused:
        return locked.current
    if locked.vehicle.is_on_trip:
        raise VehicleRefused(_("Your vehicle is in use. Pause it when the ride ends."), code="vehicle_in_use")
    if ends_at is not None and ends_at <= locked.now:
        raise VehicleRefused(_("Choose a time in the future."), code="in_the_past")
    if ends_at is None and locked.current is None and locked.ahead:
        ends_at = locked.ahead[0].starts_at
    interval = Interval(locked.now, ends_at)
    if locked.conflicts_with(interval):
        raise conflict(locked, interval)
    pause = create_allocation(locked, AllocationKind.PAUSED, interval, state=VehicleState.NON_OPERATIONAL, by=owner)
    record_calendar(locked, before=None, actor=owner, allocation=pause)
    return pause


@retry_transaction(idempotent=True)
def resume_vehicle(*, city: str, vehicle_id: uuid.UUID, owner: User) -> None:
    """End the pause of an owner's vehicle.

    Locks the vehicle. Raises ``VehicleRefused``: ``vehicle_gone``, ``not_yours``, ``awaits_approval``,
    ``not_paused``.
    """
    locked = _own_vehicle(city, vehicle_id, owner)
    if locked.current is None or not locked.current.is_paused:
        raise VehicleRefused(_("Your vehicle is not paused."), code="not_paused")
    _end_current(locked, locked.current, owner)


def _own_vehicle(city: str, vehicle_id: uuid.UUID, owner: User) -> LockedVehicle:
    locked = locked_on_the_road(city, vehicle_id, by=owner)
    if locked.vehicle.owner_id != owner.id:
        raise VehicleRefused(_("You don't own this vehicle."), code="not_yours")
    return locked


def _end_current(locked: LockedVehicle, current: Allocation, by: User) -> None:
    end_allocation(locked, current)
    record_calendar(locked, before=current, actor=by, allocation=current)
