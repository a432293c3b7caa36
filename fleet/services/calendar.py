"""Steps that several services take on a vehicle's calendar. Each is part of a transaction under its lock."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.functional import lazy
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.notices import tell
from cities.models import City

from ..choices import AllocationKind, VehicleState
from ..events import record_calendar
from ..intervals import Interval
from ..locking import LockedVehicle
from ..models import Allocation
from .refusals import VehicleRefused, local_moment, locked_vehicle


def set_aside(
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
    """Insert an allocation into a calendar that has room for it. No event yet."""
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
        created_at=locked.moment,
    )
    allocation.save(force_insert=True)
    locked.add(allocation)
    return allocation


def end_allocation(locked: LockedVehicle, allocation: Allocation) -> None:
    """Let it end now, or not begin at all. No event yet. A rider who held the vehicle may hold another."""
    held_until = allocation.ends_at
    allocation.save(update_fields=allocation.end(locked.moment))
    locked.drop(allocation)
    if allocation.is_reservation and allocation.rider_id:
        holder = User.objects.filter(id=allocation.rider_id, city=allocation.rider_city, hold_until=held_until)
        holder.update(hold_until=None)


def cancel_calendar(locked: LockedVehicle, allocations: Iterable[Allocation], *, by: User | None) -> None:
    """End these because something outranks them, and tell the people they were for. No event yet."""
    for allocation in list(allocations):
        end_allocation(locked, allocation)
        _tell_cancelled(locked, allocation, by)


def withdraw(city: str, allocation_id: uuid.UUID, *, kinds: Iterable[AllocationKind], by: User, rider: User | None):
    """Cancel one allocation of these kinds: ``rider``'s own, or, with None, anybody's, who is then told.

    Ended already, it stays as it is. Returns it. Raises ``VehicleRefused``: ``allocation_gone``,
    ``account_changed``.
    """
    allocations = Allocation.objects.filter(city=city, id=allocation_id, kind__in=list(kinds))
    if rider is not None:
        allocations = allocations.filter(rider_id=rider.id)
    found = allocations.first()
    if found is None:
        raise VehicleRefused(_("There is no such booking."), code="allocation_gone")
    locked = locked_vehicle(city, found.vehicle_id, by=by)
    live = next((other for other in locked.calendar if other.id == found.id), None)
    if live is None:
        found.vehicle = locked.vehicle
        return found
    before = locked.current
    if rider is None:
        cancel_calendar(locked, [live], by=by)
    else:
        end_allocation(locked, live)
    record_calendar(locked, before=before, actor=by, allocation=live)
    live.vehicle = locked.vehicle
    return live


def _tell_cancelled(locked: LockedVehicle, allocation: Allocation, by: User | None) -> None:
    person = allocation.made_by if allocation.is_paused else allocation.rider
    if person is None or (by is not None and person.id == by.id):
        return
    vehicle = locked.vehicle
    tell(
        person,
        code=f"{allocation.kind}_cancelled",
        text=_cancelled(allocation, f"{vehicle.get_type_display()} {vehicle.code}", vehicle.served_city),
        url=reverse("fleet:booking_list"),
        mail=allocation.is_booking,
        key=str(allocation.id),
    )


def _cancelled_sentence(kind: str, vehicle: str, starts_at: datetime, city: City) -> str:
    if kind == AllocationKind.RESERVATION:
        sentence = _("We had to end your reservation of %(vehicle)s: it is out of service.")
    elif kind == AllocationKind.PAUSED:
        sentence = _("Your pause of %(vehicle)s is over: our staff look after it.")
    else:
        sentence = _("We had to cancel your booking of %(vehicle)s from %(start)s: it is out of service.")
    return sentence % {"vehicle": vehicle, "start": local_moment(starts_at, city)}


def _cancelled(allocation: Allocation, vehicle: str, city: City) -> Any:
    """Translated when it is read in the person's language."""
    return lazy(_cancelled_sentence, str)(allocation.kind, vehicle, allocation.starts_at, city)
