"""Notify people about their vehicles and bookings. Each function is part of a transaction."""

from django.urls import reverse
from django.utils.functional import Promise, lazy
from django.utils.translation import gettext as _

from accounts.models import User
from cities.local_times import local_moment
from notifications.services import notify

from ..calendar.locking import LockedVehicle
from ..links import list_url
from ..models import Allocation, Vehicle


def notify_owner(
    locked: LockedVehicle, by: User | None, *, problem: str | Promise = "", is_for_good: bool = False
) -> None:
    """Notify an owner that someone else has taken their vehicle out of service. Part of a transaction."""
    vehicle = locked.vehicle
    if vehicle.owner_id is None or (by is not None and vehicle.owner_id == by.id):
        return
    notify(
        vehicle.owner,
        code="vehicle_taken_off",
        text=lazy(_taken_off, str)(vehicle, problem, is_for_good),
        url="" if is_for_good else vehicle.lasting_url(),
        mail=True,
        key=str(vehicle.id),
        replace=True,  # only what is true of the vehicle now
    )


def _taken_off(vehicle: Vehicle, problem: str | Promise, is_for_good: bool) -> str:
    if is_for_good:
        sentence = _("Our staff have decommissioned your vehicle %(code)s.")
    elif problem:
        sentence = _("A problem was reported with your vehicle %(code)s (%(problem)s). It is out of service for now.")
    else:
        sentence = _("Your vehicle %(code)s is in maintenance. See its calendar.")
    return sentence % {"code": vehicle.code, "problem": problem}


def notify_cancelled(
    locked: LockedVehicle, allocation: Allocation, by: User | None, *, is_out_of_service: bool
) -> None:
    """Notify the rider of a cancelled allocation, unless they cancelled it themselves. Part of a transaction."""
    person = allocation.made_by if allocation.is_paused else allocation.rider
    if person is None or (by is not None and person.id == by.id):
        return
    notify(
        person,
        code=f"{allocation.kind}_cancelled",
        # Lazy, so that it is rendered in the person's language.
        text=lazy(_cancelled, str)(allocation, locked.vehicle, is_out_of_service),
        url=_next_step(person, locked, allocation),
        mail=allocation.is_booking,
        key=str(allocation.id),
    )


def _next_step(person: User, locked: LockedVehicle, allocation: Allocation) -> str:
    """Return the path of a list of free vehicles instead of a booking. It shows the city being browsed."""
    if allocation.is_booking and allocation.cancelled_at and allocation.city == person.city:
        return list_url(locked.vehicle.type, allocation.interval)
    return reverse("fleet:booking_list")


def _cancelled(allocation: Allocation, vehicle: Vehicle, is_out_of_service: bool) -> str:
    if allocation.is_reservation:
        sentence = _("We had to cancel your reservation of %(vehicle)s.")
    elif allocation.is_paused:
        sentence = _("%(vehicle)s is no longer paused.")
    else:
        sentence = _("We had to cancel your booking of %(vehicle)s from %(start)s.")
    start = allocation.starts_at and local_moment(allocation.starts_at, vehicle.served_city)
    text = sentence % {"vehicle": str(vehicle), "start": start}
    if not is_out_of_service:
        return text
    reason = _("The vehicle is out of service, and our team is on it.")  # gettext looks into no f-string
    return f"{text} {reason}"
