"""A vehicle for an interval ahead."""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists
from django.utils.translation import gettext as _

from accounts.models import User
from movr_project.db.retry import retry_transaction

from ..choices import AllocationKind, VehicleState
from ..events import record_calendar
from ..intervals import Interval
from ..locking import LockedVehicle
from ..models import Allocation, Vehicle
from ..querysets import guard
from .calendar import end_allocation, set_aside
from .refusals import VehicleRefused, conflict, locked_on_the_road, refuse_while_ridden
from .reservations import allocation_id

# A form says "from now" in minutes, and takes a while to fill in.
PATIENCE = timedelta(minutes=10)


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
    """Book a vehicle for ``[starts_at, ends_at)``, aware times (rows I1, I2, I12, I15).

    The same ``token`` is one booking. One's own reservation of the vehicle becomes part of the booking that
    meets it. Locks the vehicle. Raises ``CalendarConflict`` and ``VehicleRefused``: ``vehicle_gone``,
    ``awaits_approval``, ``vehicle_in_use``, ``in_the_past``, ``too_short``, ``too_long``, ``too_far_ahead``,
    ``too_many_bookings``, ``already_ended``, ``email_unconfirmed``, ``account_changed``.
    """
    id_ = allocation_id(rider, token, vehicle_city, vehicle_id)
    this = Allocation.objects.filter(city=vehicle_city, id=id_)
    vehicles = Vehicle.objects.annotate(has_this=Exists(this))
    locked = locked_on_the_road(vehicle_city, vehicle_id, among=vehicles)
    if locked.vehicle.has_this:
        return _repeated(locked, this.get())
    interval = _within_limits(locked, starts_at, ends_at)
    _refuse_while_in_use(locked, interval)
    before = locked.current
    _refuse_conflict(locked, interval, rider)
    _refuse_too_many(locked, rider)
    booking = set_aside(
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


def check_limits(starts_at: datetime, ends_at: datetime, *, now: datetime) -> None:
    """Refuse an interval that nobody may book, whatever the vehicle (IB5).

    Raises ``VehicleRefused``: ``in_the_past``, ``too_short``, ``too_long``, ``too_far_ahead``.
    """
    if starts_at < now - PATIENCE:
        raise VehicleRefused(_("That is in the past."), code="in_the_past")
    if ends_at - starts_at < timedelta(minutes=settings.BOOKING_MIN_MINUTES):
        sentence = _("A booking takes at least %(minutes)d minutes.") % {"minutes": settings.BOOKING_MIN_MINUTES}
        raise VehicleRefused(sentence, code="too_short")
    if ends_at - starts_at > timedelta(hours=settings.BOOKING_MAX_HOURS):
        sentence = _("A booking takes at most %(hours)d hours.") % {"hours": settings.BOOKING_MAX_HOURS}
        raise VehicleRefused(sentence, code="too_long")
    if starts_at > now + timedelta(days=settings.BOOKING_DAYS_AHEAD):
        sentence = _("You can book up to %(days)d days ahead.") % {"days": settings.BOOKING_DAYS_AHEAD}
        raise VehicleRefused(sentence, code="too_far_ahead")


def _within_limits(locked: LockedVehicle, starts_at: datetime, ends_at: datetime) -> Interval:
    check_limits(starts_at, ends_at, now=locked.moment)
    start = max(starts_at, locked.moment)
    if start >= ends_at:
        raise VehicleRefused(_("That is in the past."), code="in_the_past")
    return Interval(start, ends_at)


def _refuse_while_in_use(locked: LockedVehicle, interval: Interval) -> None:
    """Nobody knows when a ride ends, so it stands in the way of what begins soon."""
    if interval.start < locked.moment + guard():
        refuse_while_ridden(locked)


def _refuse_conflict(locked: LockedVehicle, interval: Interval, rider: User) -> None:
    in_the_way = locked.in_the_way_of(interval)
    own_holds = [other for other in in_the_way if other.is_reservation and other.is_for(rider)]
    if len(in_the_way) > len(own_holds):
        for hold in own_holds:
            locked.drop(hold)  # so that the answer names what is really in the way
        raise conflict(locked, interval)
    for hold in own_holds:
        end_allocation(locked, hold)


def _refuse_too_many(locked: LockedVehicle, rider: User) -> None:
    """So that nobody books a whole city. Counted in this city alone, as other rows are elsewhere."""
    row = User.objects.active().filter(id=rider.id, city=rider.city).first()
    if row is None:
        raise VehicleRefused(_("Your account has changed. Please try again."), code="account_changed")
    if settings.EMAIL_VERIFICATION and not row.email_is_confirmed:
        sentence = _("Please confirm your e-mail address first: we have sent you a link.")
        raise VehicleRefused(sentence, code="email_unconfirmed")
    bookings = Allocation.objects.in_city(locked.vehicle.city).from_now_on(locked.moment).bookings().for_rider(rider)
    if bookings.count() >= settings.MAX_BOOKINGS:
        sentence = _("You have %(number)d bookings here. Cancel one to make another.")
        raise VehicleRefused(sentence % {"number": settings.MAX_BOOKINGS}, code="too_many_bookings")


def _repeated(locked: LockedVehicle, booking: Allocation) -> Allocation:
    if booking.has_ended(locked.moment):
        raise VehicleRefused(_("The booking that this form made is over or cancelled."), code="already_ended")
    booking.vehicle = locked.vehicle
    return booking
