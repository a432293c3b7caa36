"""Services for bookings of vehicles."""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.refusals import account_changed
from movr_project.db.retry import retry_transaction

from ..calendar.events import record_calendar
from ..calendar.intervals import Interval, booking_buffer
from ..calendar.locking import LockedVehicle
from ..models import Allocation
from ..models.choices import AllocationKind, VehicleState
from .allocations import allocation_id, create_allocation, end_allocation
from .refusals import VehicleRefused, conflict, locked_on_the_road, refuse_while_ridden

# Filling in a form that starts "now" takes a while.
START_GRACE = timedelta(minutes=10)


@retry_transaction(idempotent=True)
def book_vehicle(
    *,
    rider: User,
    vehicle_city: str,
    vehicle_id: uuid.UUID,
    starts_at: datetime,
    ends_at: datetime,
    description: str = "",
    token: str,
) -> Allocation:
    """Book a vehicle for ``[starts_at, ends_at)``, aware times.

    The same ``token`` is the same booking. The rider's own conflicting reservation of the vehicle becomes part of the
    booking. Locks the vehicle, then the rider. Raises ``CalendarConflict`` and ``VehicleRefused``: ``vehicle_gone``,
    ``awaits_approval``, ``vehicle_in_use``, ``in_the_past``, ``too_short``, ``too_long``, ``too_far_ahead``,
    ``too_many_bookings``, ``too_many_hours``, ``cool_down``, ``already_ended``, ``email_unconfirmed``,
    ``account_changed``.
    """
    id_ = allocation_id(rider, token, vehicle_city, vehicle_id)
    locked = locked_on_the_road(vehicle_city, vehicle_id, repeated=id_)
    if locked.repeated:
        return _repeated(locked, locked.repeated)
    interval = _within_limits(locked, starts_at, ends_at)
    _refuse_while_in_use(locked, interval)
    before = locked.current
    _refuse_conflict(locked, interval, rider)
    _refuse_after_no_show(locked, rider, starts_at)
    _refuse_too_many(locked, rider, length=ends_at - starts_at)
    booking = create_allocation(
        locked,
        AllocationKind.BOOKING,
        interval,
        state=VehicleState.RESERVED,
        rider=rider,
        by=rider,
        id_=id_,
        description=description,
    )
    record_calendar(locked, before=before, actor=rider, allocation=booking)
    return booking


@retry_transaction(idempotent=True)
def book_for_organisation(
    *,
    city: str,
    vehicle_id: uuid.UUID,
    starts_at: datetime,
    ends_at: datetime,
    description: str = "",
    data: dict | None = None,
    id_: uuid.UUID,
) -> Allocation:
    """Book a vehicle for an organisation, whose right to do so the API has checked. It knows for whom.

    The same ``id_`` is the same booking. Locks the vehicle. Raises ``CalendarConflict`` and ``VehicleRefused`` as
    ``book_vehicle`` does, but for its limits of people.
    """
    locked = locked_on_the_road(city, vehicle_id, repeated=id_)
    if locked.repeated:
        return _repeated(locked, locked.repeated)
    interval = _within_limits(locked, starts_at, ends_at)
    _refuse_while_in_use(locked, interval)
    before = locked.current
    if locked.conflicts_with(interval):
        raise conflict(locked, interval)
    booking = create_allocation(
        locked,
        AllocationKind.BOOKING,
        interval,
        state=VehicleState.RESERVED,
        by=None,
        id_=id_,
        description=description,
        data=data,
    )
    record_calendar(locked, before=before, actor=None, allocation=booking)
    return booking


def _refuse_after_no_show(locked: LockedVehicle, rider: User, starts_at: datetime) -> None:
    """Refuse to book the same vehicle repeatedly without riding it, which would keep others from using it."""
    cool_down = timedelta(minutes=settings.RESERVATION_COOLDOWN_MINUTES)
    if starts_at > locked.now + cool_down:
        return
    missed = Allocation.objects.in_city(locked.vehicle.city).filter(vehicle_id=locked.vehicle.id, rider_id=rider.id)
    if missed.filter(start_by__gt=locked.now - cool_down, start_by__lte=locked.now).exists():
        raise VehicleRefused(
            _("Your last booking of this vehicle was just released. Wait %(minutes)d minutes to book it again.")
            % {"minutes": settings.RESERVATION_COOLDOWN_MINUTES},
            code="cool_down",
        )


def check_limits(starts_at: datetime, ends_at: datetime, *, now: datetime) -> None:
    """Check an interval against the limits for bookings of any vehicle.

    Raises ``VehicleRefused``: ``in_the_past``, ``too_short``, ``too_long``, ``too_far_ahead``.
    """
    if starts_at < now - START_GRACE:
        raise VehicleRefused(_("Choose a time in the future."), code="in_the_past")
    if ends_at - starts_at < timedelta(minutes=settings.BOOKING_MIN_MINUTES):
        sentence = _("Bookings must last at least %(minutes)d minutes.") % {"minutes": settings.BOOKING_MIN_MINUTES}
        raise VehicleRefused(sentence, code="too_short")
    if ends_at - starts_at > timedelta(hours=settings.BOOKING_MAX_HOURS):
        sentence = _("Bookings can last up to %(hours)d hours.") % {"hours": settings.BOOKING_MAX_HOURS}
        raise VehicleRefused(sentence, code="too_long")
    if starts_at > now + timedelta(days=settings.BOOKING_DAYS_AHEAD):
        sentence = _("You can book up to %(days)d days ahead.") % {"days": settings.BOOKING_DAYS_AHEAD}
        raise VehicleRefused(sentence, code="too_far_ahead")


def _within_limits(locked: LockedVehicle, starts_at: datetime, ends_at: datetime) -> Interval:
    check_limits(starts_at, ends_at, now=locked.now)
    start = max(starts_at, locked.now)
    if start >= ends_at:
        raise VehicleRefused(_("Choose a time in the future."), code="in_the_past")
    return Interval(start, ends_at)


def _refuse_while_in_use(locked: LockedVehicle, interval: Interval) -> None:
    """Refuse a booking that starts soon during a ride, as the end of a ride is unknown."""
    if interval.start is None or interval.start < locked.now + booking_buffer():
        refuse_while_ridden(locked)


def _refuse_conflict(locked: LockedVehicle, interval: Interval, rider: User) -> None:
    conflicts = locked.conflicts_with(interval)
    own_holds = [other for other in conflicts if other.is_reservation and other.is_for(rider)]
    if len(conflicts) > len(own_holds):
        for hold in own_holds:
            locked.drop(hold)  # so that the error is about the actual conflict
        raise conflict(locked, interval)
    for hold in own_holds:
        end_allocation(locked, hold)


def _refuse_too_many(locked: LockedVehicle, rider: User, *, length: timedelta) -> None:
    """Limit a person's bookings and booked hours.

    Looks across cities (``BOOKED_EVERYWHERE``): what expires by the clock can't be counted on the person's row.
    Locks the person, as bookings of other vehicles count too.
    """
    row = User.objects.locked(rider)
    if row is None:
        raise account_changed(VehicleRefused)
    if settings.EMAIL_VERIFICATION and not row.email_is_confirmed:
        sentence = _("Please confirm your e-mail address first. We've sent you a link.")
        raise VehicleRefused(sentence, code="email_unconfirmed")
    bookings = Allocation.objects.for_rider(rider).from_now_on(locked.now).bookings()
    bounds = list(bookings.values_list("starts_at", "ends_at"))
    if len(bounds) >= settings.MAX_BOOKINGS:
        sentence = _("You already have %(number)d bookings. Cancel one to make another.")
        raise VehicleRefused(sentence % {"number": settings.MAX_BOOKINGS}, code="too_many_bookings")
    booked = sum((end - start for start, end in bounds), timedelta())
    if booked + length > timedelta(hours=settings.MAX_BOOKED_HOURS):
        sentence = _("You can book up to %(hours)d hours in all. Cancel a booking, or choose a shorter time.")
        raise VehicleRefused(sentence % {"hours": settings.MAX_BOOKED_HOURS}, code="too_many_hours")


def _repeated(locked: LockedVehicle, booking: Allocation) -> Allocation:
    if booking.has_ended(locked.now):
        raise VehicleRefused(_("The booking made with this form has ended or was cancelled."), code="already_ended")
    booking.vehicle = locked.vehicle
    return booking
