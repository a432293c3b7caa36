"""Errors of the fleet's rules, and common checks."""

import uuid
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.refusals import account_changed
from cities.local_times import local_moment
from cities.models import City
from movr_project.errors import Refused

from ..calendar.intervals import Interval, first_gap
from ..calendar.locking import LockedVehicle, lock_vehicle
from ..models import Allocation


class VehicleRefused(Refused):
    """Codes.

    Of a vehicle: ``vehicle_gone``, ``vehicle_in_use``, ``vehicle_has_rides``, ``not_yours``, ``outside_city``,
    ``already_removed``, ``awaits_approval``. Of its calendar: ``wrong_city``, ``reserved``, ``booked``,
    ``booked_soon``, ``off_the_road``, ``already_holding``, ``cool_down``, ``account_changed``,
    ``email_unconfirmed``, ``already_ended``, ``in_the_past``, ``too_short``, ``too_long``, ``too_far_ahead``,
    ``too_many_bookings``, ``too_many_hours``, ``allocation_gone``. Of work on it: ``not_in_maintenance``,
    ``not_paused``, ``not_picked_up``, ``not_missing``, ``not_on_the_street``, ``no_battery``. Of a
    report: ``report_gone``.
    """


class CalendarConflict(VehicleRefused):
    """Code: ``conflict``.

    The attribute ``interval`` is the conflicting interval, and ``next_free`` the next free one, or None. It does not
    say whose the conflicting allocation is.
    """

    def __init__(self, message: str, *, interval: Interval, next_free: Interval | None):
        super().__init__(message, code="conflict")
        self.interval = interval
        self.next_free = next_free


def locked_vehicle(
    city: str,
    vehicle_id: uuid.UUID,
    *,
    ahead: timedelta | None = None,
    repeated: uuid.UUID | None = None,
    by: User | None = None,
) -> LockedVehicle:
    """Lock a vehicle. Raises ``VehicleRefused``: ``vehicle_gone``, and ``account_changed`` of ``by``."""
    locked = lock_vehicle(city, vehicle_id, ahead=ahead, repeated=repeated)
    if locked is None:
        raise VehicleRefused(_("Vehicle not found."), code="vehicle_gone")
    refuse_if_changed(by)
    return locked


def refuse_if_changed(person: User | None) -> None:
    """Refuse a person who has moved or left since their page was rendered (``account_changed``).

    Locks the person's row, so that they can do neither before this transaction commits.
    """
    if person is not None and not User.objects.locked(person):
        raise account_changed(VehicleRefused)


def locked_on_the_road(city: str, vehicle_id: uuid.UUID, **options: Any) -> LockedVehicle:
    """Like ``locked_vehicle``, for vehicles that are not removed and have been approved (``awaits_approval``)."""
    locked = locked_vehicle(city, vehicle_id, **options)
    if locked.vehicle.is_removed:
        raise VehicleRefused(_("This vehicle has been removed."), code="vehicle_gone")
    if locked.vehicle.awaits_approval:
        raise VehicleRefused(_("Our staff have not approved this vehicle yet."), code="awaits_approval")
    return locked


def refuse_while_ridden(locked: LockedVehicle, sentence: str = "") -> None:
    if locked.vehicle.is_on_trip:
        raise VehicleRefused(sentence or _("This vehicle is in use."), code="vehicle_in_use")


def check_position(city: City, position: tuple[float, float] | None) -> None:
    """Refuse a position in degrees outside the city (``outside_city``)."""
    if position and not city.contains(*position):
        raise VehicleRefused(_("That position is outside %(city)s.") % {"city": city}, code="outside_city")


def conflict(locked: LockedVehicle, wanted: Interval) -> CalendarConflict:
    """Return the error for a wanted interval that conflicts with the calendar."""
    met = locked.conflicts_with(wanted)[0]
    taken = met.interval
    free = _next_free(locked, wanted)
    city = locked.vehicle.served_city
    sentence = _in_the_way(met, city)
    if free is not None and free.start is not None:
        sentence += " " + _("Available again from %(moment)s.") % {"moment": local_moment(free.start, city)}
    return CalendarConflict(sentence, interval=taken, next_free=free)


def _next_free(locked: LockedVehicle, wanted: Interval) -> Interval | None:
    """Return the next free interval of the wanted length. Without an end, it starts after all allocations."""
    start = wanted.start or locked.now
    if wanted.end is not None and wanted.end > start:
        length = wanted.end - start
        free_from = first_gap([other.interval for other in locked.calendar], start=start, length=length)
        return None if free_from is None else Interval.lasting(free_from, length)
    ends = [other.ends_at for other in locked.calendar if other.ends_at is not None]
    is_open_ended = len(ends) < len(locked.calendar)
    return None if is_open_ended or wanted.end is not None else Interval(max([start, *ends]))


def _in_the_way(allocation: Allocation, city: City) -> str:
    bounds = {
        "start": allocation.starts_at and local_moment(allocation.starts_at, city),
        "end": allocation.ends_at and local_moment(allocation.ends_at, city),
    }
    if bounds["start"] and bounds["end"]:
        return _("This vehicle is unavailable from %(start)s to %(end)s.") % bounds
    if bounds["start"]:
        return _("This vehicle is unavailable from %(start)s on.") % bounds
    if bounds["end"]:
        return _("This vehicle is unavailable until %(end)s.") % bounds
    return _("This vehicle is unavailable until further notice.")
