"""Steps that several services take on a vehicle's calendar. Each is part of a transaction under its lock."""

import uuid
from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils.functional import lazy
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.notices import tell

from ..availability import list_query
from ..choices import AllocationKind, ProblemKind, VehicleState
from ..intervals import Interval
from ..locking import LockedVehicle
from ..models import Allocation, Vehicle
from .refusals import in_one_period, local_moment


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
        tell_cancelled(locked, allocation, by, is_out_of_service=True)


def tell_owner(
    locked: LockedVehicle, by: User | None, *, told_as: ProblemKind | None = None, is_for_good: bool = False
) -> None:
    """Tell an owner that their vehicle is taken off the road by somebody else. Part of a transaction."""
    vehicle = locked.vehicle
    if vehicle.owner_id is None or (by is not None and vehicle.owner_id == by.id):
        return
    tell(
        vehicle.owner,
        code="vehicle_taken_off",
        text=lazy(_taken_off, str)(vehicle, told_as, is_for_good),
        url="" if is_for_good else vehicle.get_absolute_url(),
        mail=True,
    )


def _taken_off(vehicle: Vehicle, told_as: ProblemKind | None, is_for_good: bool) -> str:
    if is_for_good:
        sentence = _("Our staff took your vehicle %(code)s off the road for good.")
    elif told_as is not None:
        sentence = _(
            "Somebody reported a problem with your vehicle %(code)s (%(problem)s): it is out of service for now."
        )
    else:
        sentence = _("Our staff look after your vehicle %(code)s: see its calendar.")
    return sentence % {"code": vehicle.code, "problem": told_as.label if told_as else ""}


def tell_cancelled(locked: LockedVehicle, allocation: Allocation, by: User | None, *, is_out_of_service: bool) -> None:
    """Tell who loses it, if that is somebody else than who took it. Part of a transaction."""
    person = allocation.made_by if allocation.is_paused else allocation.rider
    if person is None or (by is not None and person.id == by.id):
        return
    tell(
        person,
        code=f"{allocation.kind}_cancelled",
        # Put together when the person's language is known.
        text=lazy(_cancelled, str)(allocation, locked.vehicle, is_out_of_service),
        url=_next_step(person, locked, allocation),
        mail=allocation.is_booking,
        key=str(allocation.id),
    )


def _next_step(person: User, locked: LockedVehicle, allocation: Allocation) -> str:
    """To what is free instead of a booking ahead. The list is of the city where one looks: at home, most likely."""
    if allocation.is_booking and allocation.cancelled_at and allocation.city == person.city:
        return f"{reverse('fleet:vehicle_list')}?{list_query(locked.vehicle.type, allocation.interval)}"
    return reverse("fleet:booking_list")


def _cancelled(allocation: Allocation, vehicle: Vehicle, is_out_of_service: bool) -> str:
    if allocation.is_reservation:
        sentence = _("We had to end your reservation of %(vehicle)s.")
    elif allocation.is_paused:
        sentence = _("Your pause of %(vehicle)s is over.")
    else:
        sentence = _("We had to cancel your booking of %(vehicle)s from %(start)s.")
    start = local_moment(allocation.starts_at, vehicle.served_city)
    told = in_one_period(sentence % {"vehicle": str(vehicle), "start": start})
    return f"{told} {_('It is out of service: our staff look after it.')}" if is_out_of_service else told
