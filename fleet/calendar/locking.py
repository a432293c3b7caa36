"""Lock a vehicle and read its calendar: the first step of every action on a vehicle.

Lock the vehicle's row first, without joins, and read everything else in later statements: at READ COMMITTED, a row
joined to the one being locked is from before the wait for the lock.

Lock order: vehicle, ride, allocation, user.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Self

from django.db.models import Q, QuerySet
from django.utils import timezone

from movr_project.db.prepared import Prepared

from ..models import Allocation, Vehicle
from ..models.choices import VehicleState
from .intervals import Interval
from .states import state_of

TICK = timedelta(microseconds=1)


class LockedVehicle:
    """A vehicle that is locked until the end of the transaction.

    ``now`` is the time of the action, later than any event of the vehicle. ``calendar`` contains its live allocations
    from then on, in order, as far as ``ahead`` if that was given. ``repeated`` is the allocation with the requested id,
    whatever its state.
    """

    repeated: Allocation | None = None

    def __init__(self, vehicle: Vehicle, calendar: Iterable[Allocation] = (), *, moment: datetime | None = None):
        self.vehicle = vehicle
        self.now = moment or _moment(vehicle)
        live = [allocation for allocation in calendar if not allocation.has_ended(self.now)]
        self.calendar = sorted(live, key=_start)
        self.state = state_of(vehicle, self.current)

    @classmethod
    def read(cls, vehicle: Vehicle, *, ahead: timedelta | None = None, repeated: uuid.UUID | None = None) -> Self:
        """Read the calendar of a vehicle that this transaction has locked, in one query."""
        moment = _moment(vehicle)
        rows = _calendar(vehicle, moment, ahead, repeated)
        locked = cls(vehicle, rows, moment=moment)
        locked.repeated = next((row for row in rows if row.id == repeated), None)
        return locked

    @classmethod
    def new(cls, vehicle: Vehicle) -> "LockedVehicle":
        """Return a vehicle that this transaction has just inserted. It is not on the street yet."""
        locked = cls(vehicle)
        locked.state = VehicleState.REMOVED
        return locked

    @property
    def current(self) -> Allocation | None:
        """Return the allocation that is in effect now."""
        return next((allocation for allocation in self.calendar if allocation.covers(self.now)), None)

    @property
    def ahead(self) -> list[Allocation]:
        return [allocation for allocation in self.calendar if not allocation.covers(self.now)]

    def conflicts_with(self, interval: Interval) -> list[Allocation]:
        return [allocation for allocation in self.calendar if allocation.interval.overlaps(interval)]

    def add(self, allocation: Allocation) -> None:
        allocation.vehicle = self.vehicle
        self.calendar = sorted([*self.calendar, allocation], key=_start)

    def drop(self, allocation: Allocation) -> None:
        self.calendar = [other for other in self.calendar if other.id != allocation.id]


def lock_vehicle(
    city: str, vehicle_id: uuid.UUID, *, ahead: timedelta | None = None, repeated: uuid.UUID | None = None
) -> LockedVehicle | None:
    """Lock a vehicle, then read its calendar, for ``ahead`` from now or as a whole. None if there is no vehicle.

    ``repeated`` is the id for a new allocation: if a form is sent twice, the first one's is found.
    """
    for vehicle in _vehicle_to_lock.objects(None, {"city": city, "id": vehicle_id}):
        return LockedVehicle.read(vehicle, ahead=ahead, repeated=repeated)
    return None


def _calendar(
    vehicle: Vehicle, moment: datetime, ahead: timedelta | None, repeated: uuid.UUID | None
) -> list[Allocation]:
    values = {"city": vehicle.city, "vehicle_id": vehicle.id, "moment": moment}
    if ahead is not None:
        values["last_start"] = moment + ahead
    if repeated is not None:
        values["repeated"] = repeated
    return _calendar_rows.objects(tuple(values), values)


def _build_calendar(
    _shape: tuple,
    *,
    city: str,
    vehicle_id: uuid.UUID,
    moment: datetime,
    last_start: datetime | None = None,
    repeated: uuid.UUID | None = None,
) -> QuerySet:
    in_city = Allocation.objects.in_city(city)
    wanted = in_city.filter(vehicle_id=vehicle_id).from_now_on(moment)
    if last_start is not None:
        wanted = wanted.filter(Q(starts_at__isnull=True) | Q(starts_at__lte=last_start))
    return wanted | in_city.filter(id=repeated) if repeated else wanted


_vehicle_to_lock = Prepared(lambda _shape, **key: Vehicle.objects.filter(**key).select_for_update())
_calendar_rows = Prepared(_build_calendar)


def _start(allocation: Allocation) -> float:
    return allocation.starts_at.timestamp() if allocation.starts_at else float("-inf")


def _moment(vehicle: Vehicle) -> datetime:
    """Return the current time or, if the clock was set back, the time just after the vehicle's last event."""
    if vehicle.last_event_at is None:
        return timezone.now()
    return max(timezone.now(), vehicle.last_event_at + TICK)
