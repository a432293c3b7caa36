"""How the fleet's rules say no, and what several of them ask."""

import uuid
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from accounts.models import User
from cities.models import City
from movr_project.errors import Refused

from ..intervals import Interval, first_gap
from ..locking import LockedVehicle, lock_vehicle
from ..models import Allocation


def in_one_period(sentence: str) -> str:
    """A time such as "3 p.m." may end it, and has a period of its own."""
    return sentence.replace("..", ".")


class VehicleRefused(Refused):
    """Codes.

    Of a vehicle: ``vehicle_gone``, ``vehicle_in_use``, ``vehicle_has_rides``, ``not_yours``, ``outside_city``,
    ``home_city_changed``, ``already_removed``, ``awaits_approval``. Of its calendar: ``conflict``
    (``CalendarConflict``), ``wrong_city``, ``reserved``, ``booked``, ``booked_soon``, ``off_the_road``,
    ``already_holding``, ``cool_down``, ``account_changed``, ``email_unconfirmed``, ``already_ended``,
    ``in_the_past``, ``too_short``, ``too_long``, ``too_far_ahead``, ``too_many_bookings``,
    ``allocation_gone``. Of work on it: ``not_in_maintenance``, ``not_paused``, ``not_picked_up``, ``not_missing``,
    ``not_on_the_street``, ``no_battery``. Of a report: ``report_gone``.
    """

    def __init__(self, message: str, *, code: str):
        super().__init__(in_one_period(message), code=code)


class CalendarConflict(VehicleRefused):
    """``conflict``: what is in the way (``interval``), and from when on it would fit (``next_free``, or None).

    Whose it is stays untold.
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
    among: QuerySet | None = None,
    by: User | None = None,
) -> LockedVehicle:
    """The vehicle under its lock. Raises ``VehicleRefused``: ``vehicle_gone``, and ``account_changed`` of ``by``."""
    locked = lock_vehicle(city, vehicle_id, ahead=ahead, among=among)
    if locked is None:
        raise VehicleRefused(_("There is no such vehicle."), code="vehicle_gone")
    refuse_if_changed(by)
    return locked


def refuse_if_changed(person: User | None) -> None:
    """Refuse whoever has moved or left since their page was made: no row can point at them (``account_changed``)."""
    if person is not None and not User.objects.active().filter(id=person.id, city=person.city).exists():
        raise VehicleRefused(_("Your account has changed. Please try again."), code="account_changed")


def locked_on_the_road(city: str, vehicle_id: uuid.UUID, **options) -> LockedVehicle:
    """As ``locked_vehicle``, of those that were not removed and have been approved (``awaits_approval``)."""
    locked = locked_vehicle(city, vehicle_id, **options)
    if locked.vehicle.is_removed:
        raise VehicleRefused(_("This vehicle has been removed."), code="vehicle_gone")
    if locked.vehicle.awaits_approval:
        raise VehicleRefused(_("Our staff have not approved this vehicle yet."), code="awaits_approval")
    return locked


def refuse_while_ridden(locked: LockedVehicle, sentence: str = "") -> None:
    if locked.vehicle.is_on_trip:
        raise VehicleRefused(sentence or _("This vehicle is being ridden."), code="vehicle_in_use")


def check_position(city: City, position: tuple[float, float] | None) -> None:
    """Refuse a position in degrees that lies outside the city (``outside_city``)."""
    if position and not city.contains(*position):
        raise VehicleRefused(_("That position is not in %(city)s.") % {"city": city}, code="outside_city")


def conflict(locked: LockedVehicle, wanted: Interval) -> CalendarConflict:
    """What to answer where ``wanted`` meets something in the calendar."""
    met = locked.in_the_way_of(wanted)[0]
    taken = met.interval
    free = _next_free(locked, wanted)
    city = locked.vehicle.served_city
    sentence = _in_the_way(met, city)
    if free is not None:
        sentence += " " + _("It is next free from %(moment)s.") % {"moment": local_moment(free.start, city)}
    return CalendarConflict(sentence, interval=taken, next_free=free)


def _next_free(locked: LockedVehicle, wanted: Interval) -> Interval | None:
    """The next interval as long as the one wanted; for one without an end, after everything."""
    start = max(wanted.start or locked.moment, locked.moment)
    if wanted.end is not None and wanted.end > start:
        length = wanted.end - start
        free_from = first_gap([other.interval for other in locked.calendar], start=start, length=length)
        return None if free_from is None else Interval.lasting(free_from, length)
    ends = [other.ends_at for other in locked.calendar]
    return None if None in ends or wanted.end is not None else Interval(max([start, *ends]))


def _in_the_way(allocation: Allocation, city: City) -> str:
    bounds = {
        "start": allocation.starts_at and local_moment(allocation.starts_at, city),
        "end": allocation.ends_at and local_moment(allocation.ends_at, city),
    }
    if bounds["start"] and bounds["end"]:
        return _("This vehicle is taken from %(start)s to %(end)s.") % bounds
    if bounds["start"]:
        return _("This vehicle is taken from %(start)s on.") % bounds
    if bounds["end"]:
        return _("This vehicle is taken until %(end)s.") % bounds
    return _("This vehicle is taken until further notice.")


def local_moment(moment: datetime, city: City) -> str:
    """A moment by the clocks of a city, for a sentence."""
    return date_format(localtime(moment, city.tzinfo), "SHORT_DATETIME_FORMAT")


def local_clock(moment: datetime, city: City) -> str:
    """The time alone where it is today in the city, else as ``local_moment``."""
    local = localtime(moment, city.tzinfo)
    if local.date() != localtime(timezone=city.tzinfo).date():
        return local_moment(moment, city)
    return date_format(local, "TIME_FORMAT")
