"""Taking vehicles out of service for a while: the operator's maintenance, and an owner's pause."""

import uuid
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.models import User
from movr_project.db.retry import retry_transaction

from ..choices import AllocationKind, ProblemKind, VehicleState
from ..events import record_calendar
from ..intervals import Interval
from ..locking import LockedVehicle
from ..models import Allocation
from .calendar import cancel_calendar, end_allocation, set_aside, tell_owner
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
    """Maintenance of a vehicle, from ``starts_at`` (None: now) until ``ends_at`` (None: until further notice).

    It outranks riders and the owner: what they have in its way is ended, and they are told. A ride that goes
    on may be finished. Locks the vehicle, then the people. Raises ``CalendarConflict`` where other maintenance
    is in the way, and ``VehicleRefused``: ``vehicle_gone``, ``awaits_approval``, ``in_the_past``,
    ``account_changed``.
    """
    return _put_in_maintenance(city, vehicle_id, by, starts_at, ends_at, description, uuid.uuid4())


@retry_transaction(idempotent=True)
def _put_in_maintenance(
    city: str,
    vehicle_id: uuid.UUID,
    by: User | None,
    starts_at: datetime | None,
    ends_at: datetime | None,
    description: str,
    id_: uuid.UUID,
) -> Allocation:
    locked = locked_on_the_road(city, vehicle_id, by=by)
    done = next((other for other in locked.calendar if other.id == id_), None)
    if done is not None:
        return done  # by an attempt whose COMMIT was in doubt
    start = max(starts_at or locked.moment, locked.moment)
    if ends_at is not None and ends_at <= start:
        raise VehicleRefused(_("It has to end after it begins, and not in the past."), code="in_the_past")
    interval = Interval(start, ends_at)
    in_the_way = locked.in_the_way_of(interval)
    planned = [other for other in in_the_way if other.is_maintenance]
    if planned:
        locked.calendar = planned
        raise conflict(locked, interval)
    return take_out_of_service(locked, interval, by=by, id_=id_, description=description)


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
    tells_everybody: bool = False,
    told_as: ProblemKind | None = None,
) -> Allocation:
    """Maintenance over whatever is in its way. Part of a transaction.

    Its owner is told; ``told_as`` is the problem that somebody reported. Whoever does it is not told of what
    they lose themselves, unless ``tells_everybody``.
    """
    before = locked.current
    cancel_calendar(locked, locked.in_the_way_of(interval), by=None if tells_everybody else by)
    tell_owner(locked, by, told_as=told_as)
    maintenance = set_aside(
        locked, AllocationKind.MAINTENANCE, interval, state=state, by=by, id_=id_, description=description, data=data
    )
    record_calendar(locked, before=before, actor=by, allocation=maintenance, note=note)
    return maintenance


@retry_transaction(idempotent=True)
def end_maintenance(*, city: str, vehicle_id: uuid.UUID, by: User) -> Allocation:
    """Back to the riders: the maintenance that goes on ends now.

    Locks the vehicle. Raises ``VehicleRefused``: ``vehicle_gone``, ``awaits_approval``, ``not_in_maintenance``.
    """
    locked = locked_on_the_road(city, vehicle_id, by=by)
    current = locked.current
    if current is None or not current.is_maintenance or current.state != VehicleState.NON_OPERATIONAL:
        raise VehicleRefused(_("This vehicle is not in maintenance."), code="not_in_maintenance")
    _end_current(locked, by)
    return current


@retry_transaction(idempotent=True)
def pause_vehicle(*, city: str, vehicle_id: uuid.UUID, owner: User, ends_at: datetime | None = None) -> Allocation:
    """Keep one's own vehicle to oneself from now on, until ``ends_at`` or until one resumes it.

    A pause breaks no booking: without ``ends_at`` it ends when the next one begins. Pausing what is paused
    changes nothing. Locks the vehicle. Raises ``CalendarConflict`` (what is in its way), and
    ``VehicleRefused``: ``vehicle_gone``, ``not_yours``, ``awaits_approval``, ``vehicle_in_use``, ``in_the_past``.
    """
    locked = _own_vehicle(city, vehicle_id, owner)
    if locked.current is not None and locked.current.is_paused:
        return locked.current
    if locked.vehicle.is_on_trip:
        raise VehicleRefused(
            _("Your vehicle is being ridden. Pause it once the ride has ended."), code="vehicle_in_use"
        )
    if ends_at is not None and ends_at <= locked.moment:
        raise VehicleRefused(_("That is in the past."), code="in_the_past")
    if ends_at is None and locked.current is None and locked.ahead:
        ends_at = locked.ahead[0].starts_at
    interval = Interval(locked.moment, ends_at)
    if locked.in_the_way_of(interval):
        raise conflict(locked, interval)
    pause = set_aside(locked, AllocationKind.PAUSED, interval, state=VehicleState.NON_OPERATIONAL, by=owner)
    record_calendar(locked, before=None, actor=owner, allocation=pause)
    return pause


@retry_transaction(idempotent=True)
def resume_vehicle(*, city: str, vehicle_id: uuid.UUID, owner: User) -> None:
    """Put one's own vehicle back on the road.

    Locks the vehicle. Raises ``VehicleRefused``: ``vehicle_gone``, ``not_yours``, ``awaits_approval``,
    ``not_paused``.
    """
    locked = _own_vehicle(city, vehicle_id, owner)
    if locked.current is None or not locked.current.is_paused:
        raise VehicleRefused(_("Your vehicle is not paused."), code="not_paused")
    _end_current(locked, owner)


def _own_vehicle(city: str, vehicle_id: uuid.UUID, owner: User) -> LockedVehicle:
    locked = locked_on_the_road(city, vehicle_id, by=owner)
    if locked.vehicle.owner_id != owner.id:
        raise VehicleRefused(_("This vehicle is not yours."), code="not_yours")
    return locked


def _end_current(locked: LockedVehicle, by: User) -> None:
    current = locked.current
    end_allocation(locked, current)
    record_calendar(locked, before=current, actor=by, allocation=current)
