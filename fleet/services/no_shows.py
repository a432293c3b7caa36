"""No-shows: a booking whose rider doesn't start a ride in time ends early.

Its ``start_by`` is the deadline. Nothing has to happen when it passes: queries and ``Allocation.until`` compare it with
the clock. While a vehicle is ridden, its bookings have no deadline, as nobody could meet it. Each function but the
last is part of a transaction that has locked the vehicle.
"""

import uuid
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext as _

from accounts.models import User
from cities.local_times import local_clock, local_moment
from cities.models import City
from cities.registry import registry
from movr_project.db.retry import retry_transaction
from notifications.services import notify

from ..calendar.locking import LockedVehicle, lock_vehicle
from ..models import Allocation, Vehicle
from ..querysets.allocations import AllocationQuerySet

NOTIFIED_FOR = timedelta(days=1)  # after that, the news is too old


def stop_deadlines(locked: LockedVehicle) -> None:
    """A ride starts. If that is on a booking, its rider has come; the others' riders can't come for now."""
    if any(booking.start_by for booking in locked.calendar):
        _bookings_of(locked).filter(start_by__gt=locked.now).update(start_by=None)
        for booking in locked.calendar:
            booking.start_by = None


def set_deadlines(locked: LockedVehicle, *, ridden_by: uuid.UUID | None) -> None:
    """A ride ends. Who waited for the vehicle has time to come; who rode into their own booking has come."""
    waiting = [booking for booking in locked.calendar if booking.is_booking]
    if locked.current in waiting and locked.current.rider_id == ridden_by:
        waiting.remove(locked.current)
    for booking in waiting:
        booking.start_by = booking.deadline(free_from=locked.now)
    waiting = [booking for booking in waiting if booking.start_by]
    if waiting:
        Allocation.objects.bulk_update(waiting, ["start_by"])


def explain_release(locked: LockedVehicle, rider: User, why: str) -> str:
    """Add to an error that the rider has missed the start of their booking, if so."""
    booking = _bookings_of(locked).filter(rider_id=rider.id, start_by__lte=locked.now, ends_at__gt=locked.now).first()
    if booking is None:
        return why
    sentence = _("Your booking was released, because you hadn't started a ride by %(time)s.")
    released = sentence % {"time": local_clock(booking.start_by, booking.served_city)}
    return f"{released} {why}"


def notify_released_bookings() -> int:
    """Notify everyone whose booking was released, once per booking. Return the number of recent such bookings."""
    return sum(_notify_in(city) for city in registry)


def _notify_in(city: City) -> int:
    found = list(_released_in(city).values_list("id", "vehicle_id"))
    for id_, vehicle_id in found:
        _notify(city, vehicle_id, id_)
    return len(found)


@retry_transaction(idempotent=True)
def _notify(city: City, vehicle_id: uuid.UUID, booking_id: uuid.UUID) -> None:
    # A ride that is being started at this moment has the lock, and may be in time.
    lock_vehicle(city.name, vehicle_id, ahead=timedelta())
    booking = _released_in(city).filter(id=booking_id).select_related("vehicle").first()
    if booking is None or booking.rider is None:
        return
    notify(
        booking.rider,
        code="booking_released",
        text=lazy(_sentence, str)(booking.vehicle, booking.starts_at, booking.start_by),
        url=reverse("fleet:booking_detail", args=[booking.city, booking.id]),
        mail=True,
        key=str(booking.id),
    )


def _released_in(city: City) -> AllocationQuerySet:
    now = timezone.now()
    # The end is later than the deadline, so an index finds the recent ones.
    recent = Allocation.objects.in_city(city.name).live().filter(ends_at__gt=now - NOTIFIED_FOR)
    return recent.filter(start_by__lte=now, start_by__gt=now - NOTIFIED_FOR)


def _bookings_of(locked: LockedVehicle) -> AllocationQuerySet:
    return Allocation.objects.in_city(locked.vehicle.city).live().filter(vehicle_id=locked.vehicle.id)


def _sentence(vehicle: Vehicle, start: datetime, start_by: datetime) -> str:
    sentence = _("Your booking of %(code)s from %(start)s was released, because you hadn't started a ride by %(time)s.")
    city = vehicle.served_city
    told = {"code": vehicle.code, "start": local_moment(start, city), "time": local_clock(start_by, city)}
    return sentence % told
