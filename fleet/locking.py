"""A vehicle under its lock, with its calendar: where every act on it begins.

Locks are taken in one order: vehicle, ride, allocation, user.
"""

import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.db.models import F, FilteredRelation, Model, Q, QuerySet
from django.utils import timezone

from .choices import VehicleState
from .intervals import Interval
from .models import Allocation, Vehicle
from .states import state_of

FIELDS = [field.attname for field in Allocation._meta.concrete_fields]


TICK = timedelta(microseconds=1)
LONGEST_WAIT = timedelta(minutes=1)  # for the lock, within the time that a transaction has


class LockedVehicle:
    """A vehicle that nobody else changes until the transaction ends.

    ``moment`` is the time of what is done now: no earlier than any event of the vehicle. ``calendar`` holds
    its live allocations from then on, in order (up to ``ahead``, where that was given).
    """

    def __init__(self, vehicle: Vehicle, calendar: Iterable[Allocation]):
        self.vehicle = vehicle
        self.moment = _moment(vehicle)
        self.calendar = [allocation for allocation in calendar if not allocation.has_ended(self.moment)]
        self.state = state_of(vehicle, self.current)

    @classmethod
    def new(cls, vehicle: Vehicle) -> "LockedVehicle":
        """A vehicle that this transaction has just inserted: not on the street yet."""
        locked = cls(vehicle, [])
        locked.state = VehicleState.REMOVED
        return locked

    @property
    def current(self) -> Allocation | None:
        """The allocation that covers the moment."""
        return next((allocation for allocation in self.calendar if allocation.covers(self.moment)), None)

    @property
    def ahead(self) -> list[Allocation]:
        return [allocation for allocation in self.calendar if not allocation.covers(self.moment)]

    def in_the_way_of(self, interval: Interval) -> list[Allocation]:
        return [allocation for allocation in self.calendar if allocation.interval.overlaps(interval)]

    def add(self, allocation: Allocation) -> None:
        allocation.vehicle = self.vehicle
        self.calendar = sorted([*self.calendar, allocation], key=_start)

    def drop(self, allocation: Allocation) -> None:
        self.calendar = [other for other in self.calendar if other.id != allocation.id]


def lock_vehicle(
    city: str, vehicle_id: uuid.UUID, *, ahead: timedelta | None = None, among: QuerySet | None = None
) -> LockedVehicle | None:
    """Lock a vehicle and read its calendar, ``ahead`` from now or all of it, in one statement; None without one."""
    vehicles = Vehicle.objects.all() if among is None else among
    rows = list(with_calendar(vehicles.filter(city=city, id=vehicle_id), ahead=ahead).select_for_update(of=("self",)))
    return LockedVehicle(rows[0], calendar_of(rows)) if rows else None


def with_calendar(rows: QuerySet, *, vehicle: str = "", ahead: timedelta | None = None) -> QuerySet:
    """Each row once for each live allocation from now on, whose fields it carries; ``calendar_of`` reads them.

    ``vehicle`` is the path to the vehicle. A join, because another statement would be another round trip.
    """
    path = f"{vehicle}__" if vehicle else ""
    allocations = f"{path}allocations"
    now = timezone.now()
    live = Q(**{f"{allocations}__cancelled_at__isnull": True})
    live &= Q(**{f"{allocations}__ends_at__isnull": True}) | Q(**{f"{allocations}__ends_at__gt": now})
    if ahead is not None:
        live &= Q(**{f"{allocations}__starts_at__isnull": True}) | _starts_before(allocations, path, now, ahead)
    joined = rows.annotate(calendar=FilteredRelation(allocations, condition=live))
    return joined.annotate(**{f"calendar_{name}": F(f"calendar__{name}") for name in FIELDS})


def _starts_before(allocations: str, path: str, now: datetime, ahead: timedelta) -> Q:
    """``ahead`` of the moment that ``LockedVehicle`` will have: the lock may be waited for, the clock set back."""
    by_the_clock = Q(**{f"{allocations}__starts_at__lt": now + ahead + LONGEST_WAIT})
    return by_the_clock | Q(**{f"{allocations}__starts_at__lte": F(f"{path}last_event_at") + ahead + TICK})


def calendar_of(rows: Iterable[Model]) -> list[Allocation]:
    return sorted(_allocations(rows), key=_start)


def _allocations(rows: Iterable[Model]) -> Iterator[Allocation]:
    for row in rows:
        if row.calendar_id is not None:
            yield Allocation.from_db(None, FIELDS, [getattr(row, f"calendar_{name}") for name in FIELDS])


def _start(allocation: Allocation) -> float:
    return allocation.starts_at.timestamp() if allocation.starts_at else float("-inf")


def _moment(vehicle: Vehicle) -> datetime:
    """Now; by a clock that was set back, just after the vehicle's last event."""
    if vehicle.last_event_at is None:
        return timezone.now()
    return max(timezone.now(), vehicle.last_event_at + TICK)
