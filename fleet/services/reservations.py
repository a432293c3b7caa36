"""Services for reservations: a rider's short hold on a free vehicle."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.refusals import account_changed
from cities.models import City
from movr_project.db.retry import retry_transaction

from ..calendar.events import record_calendar
from ..calendar.intervals import Interval, booking_buffer
from ..calendar.locking import LockedVehicle
from ..models import Allocation, Vehicle
from ..models.choices import AllocationKind, VehicleState
from .allocations import allocation_id, create_allocation
from .refusals import VehicleRefused, locked_on_the_road, refuse_while_ridden


@retry_transaction(idempotent=True)
def reserve_vehicle(*, rider: User, city: City, vehicle_city: str, vehicle_id: uuid.UUID, token: str) -> Allocation:
    """Reserve a free vehicle for RESERVATION_MINUTES, after which the reservation expires.

    ``city`` is the city that the rider is browsing. The same ``token`` is the same reservation. Locks the
    vehicle, then the rider. Raises ``VehicleRefused``: ``vehicle_gone``, ``awaits_approval``, ``wrong_city``,
    ``vehicle_in_use``, ``reserved``, ``booked``, ``off_the_road``, ``booked_soon``, ``cool_down``,
    ``already_holding``, ``already_ended``, ``email_unconfirmed``, ``account_changed``.
    """
    id_ = allocation_id(rider, token, vehicle_city, vehicle_id)
    length = timedelta(minutes=settings.RESERVATION_MINUTES)
    locked = locked_on_the_road(vehicle_city, vehicle_id, ahead=length + booking_buffer(), repeated=id_)
    if locked.repeated:
        return _repeated(locked, locked.repeated)
    if vehicle_city != city.name:
        raise wrong_city(locked.vehicle, city)
    refuse_while_ridden(locked)
    refuse_if_taken(locked, rider)
    if locked.current is not None:
        raise VehicleRefused(_("You already have this vehicle. You can start your ride."), code="already_holding")
    if locked.conflicts_with(Interval.lasting(locked.now, length + booking_buffer())):
        raise VehicleRefused(
            _("Someone else has booked this vehicle, and their booking starts soon."), code="booked_soon"
        )
    _refuse_in_cool_down(locked, rider)
    interval = Interval.lasting(locked.now, length)
    _take_hold(rider, interval)
    reservation = create_allocation(
        locked, AllocationKind.RESERVATION, interval, state=VehicleState.RESERVED, rider=rider, by=rider, id_=id_
    )
    record_calendar(locked, before=None, actor=rider, allocation=reservation)
    return reservation


def wrong_city(vehicle: Vehicle, city: City) -> VehicleRefused:
    sentence = _("This vehicle is in %(vehicle_city)s, and you're browsing %(city)s.")
    return VehicleRefused(sentence % {"vehicle_city": vehicle.served_city, "city": city}, code="wrong_city")


def refuse_if_taken(locked: LockedVehicle, rider: User) -> None:
    """Refuse a vehicle that another person has now: ``reserved``, ``booked``, ``off_the_road``."""
    current = locked.current
    if current is None or current.is_for(rider):
        return
    if current.is_reservation:
        raise VehicleRefused(_("Someone else has reserved this vehicle."), code="reserved")
    if current.is_booking:
        raise VehicleRefused(_("Someone else has booked this vehicle."), code="booked")
    raise VehicleRefused(_("This vehicle is out of service."), code="off_the_road")


def _repeated(locked: LockedVehicle, reservation: Allocation) -> Allocation:
    if reservation.has_ended(locked.now):
        raise VehicleRefused(_("That reservation has ended."), code="already_ended")
    reservation.vehicle = locked.vehicle
    return reservation


def _refuse_in_cool_down(locked: LockedVehicle, rider: User) -> None:
    """Refuse to reserve the same vehicle repeatedly, which would keep others from using it.

    A booking counts if it kept others from using the vehicle, even if it was cancelled.
    """
    since = locked.now - timedelta(minutes=settings.RESERVATION_COOLDOWN_MINUTES)
    held = Allocation.objects.filter(
        city=locked.vehicle.city,
        vehicle_id=locked.vehicle.id,
        rider_id=rider.id,
        starts_at__lte=locked.now + booking_buffer(),
    )
    if (held.from_now_on(since) | held.filter(cancelled_at__gt=since)).exists():
        raise VehicleRefused(
            _("You just had this vehicle reserved. Start your ride, or wait %(minutes)d minutes to reserve it again.")
            % {"minutes": settings.RESERVATION_COOLDOWN_MINUTES},
            code="cool_down",
        )


def _take_hold(rider: User, interval: Interval) -> None:
    """Set the rider's ``hold_until``, or refuse if they have a reservation. The limit is in the WHERE clause.

    Do so before inserting rows that reference the rider, so that a rider who has moved or left is refused properly.
    """
    now = timezone.now()  # the clock's, not the vehicle's, as other vehicles' reservations count too
    row = User.objects.active().filter(id=rider.id, city=rider.city)
    free = row.filter(Q(hold_until__isnull=True) | Q(hold_until__lte=now))
    if settings.EMAIL_VERIFICATION:
        free = free.filter(email_confirmed_at__isnull=False)
    if free.update(hold_until=interval.end):
        return
    stored = row.first()
    if stored is None:
        raise account_changed(VehicleRefused)
    is_holding = stored.hold_until is not None and stored.hold_until > now
    if not is_holding and settings.EMAIL_VERIFICATION and not stored.email_is_confirmed:
        raise VehicleRefused(
            _("Please confirm your e-mail address first. We've sent you a link."), code="email_unconfirmed"
        )
    # Even if that reservation has been cancelled since the UPDATE.
    raise VehicleRefused(_("You already have a reservation. Cancel it first."), code="already_holding")
