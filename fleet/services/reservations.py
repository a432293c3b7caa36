"""A rider's short hold on a free vehicle."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from cities.models import City
from movr_project.db.keys import CityKeyValue
from movr_project.db.retry import retry_transaction

from ..choices import AllocationKind, VehicleState
from ..events import record_calendar
from ..intervals import Interval
from ..locking import LockedVehicle
from ..models import Allocation, Vehicle
from ..querysets import guard
from .calendar import set_aside
from .refusals import VehicleRefused, locked_on_the_road, refuse_while_ridden


def allocation_id(rider: User, token: str, vehicle_city: str, vehicle_id: uuid.UUID) -> uuid.UUID:
    """The same form is the same allocation; hanging on the rider's id, it can't be named by anybody else."""
    return uuid.uuid5(rider.id, f"allocation:{token}:{CityKeyValue((vehicle_city, vehicle_id))}")


@retry_transaction(idempotent=True)
def reserve_vehicle(*, rider: User, city: City, vehicle_city: str, vehicle_id: uuid.UUID, token: str) -> Allocation:
    """Hold a free vehicle for RESERVATION_MINUTES; it expires by itself.

    ``city`` is where the rider is looking, ``token`` the form's: the same form is one reservation. Locks the
    vehicle, then the rider. Raises ``VehicleRefused``: ``vehicle_gone``, ``awaits_approval``, ``wrong_city``,
    ``vehicle_in_use``, ``reserved``, ``booked``, ``off_the_road``, ``booked_soon``, ``cool_down``,
    ``already_holding``, ``already_ended``, ``email_unconfirmed``, ``account_changed``.
    """
    id_ = allocation_id(rider, token, vehicle_city, vehicle_id)
    length = timedelta(minutes=settings.RESERVATION_MINUTES)
    this = Allocation.objects.filter(city=vehicle_city, id=id_)
    vehicles = Vehicle.objects.annotate(has_this=Exists(this))
    locked = locked_on_the_road(vehicle_city, vehicle_id, ahead=length + guard(), among=vehicles)
    if locked.vehicle.has_this:
        return _repeated(locked, this.get())
    if vehicle_city != city.name:
        raise wrong_city(locked.vehicle, city)
    refuse_while_ridden(locked)
    refuse_if_taken(locked, rider)
    if locked.current is not None:
        raise VehicleRefused(_("This vehicle is yours already: you can ride it."), code="already_holding")
    if locked.in_the_way_of(Interval.lasting(locked.moment, length + guard())):
        raise VehicleRefused(_("This vehicle is booked by somebody else soon."), code="booked_soon")
    _refuse_in_cool_down(locked, rider)
    interval = Interval.lasting(locked.moment, length)
    _take_hold(rider, interval)
    reservation = set_aside(
        locked, AllocationKind.RESERVATION, interval, state=VehicleState.RESERVED, rider=rider, by=rider, id_=id_
    )
    record_calendar(locked, before=None, actor=rider, allocation=reservation)
    return reservation


def wrong_city(vehicle: Vehicle, city: City) -> VehicleRefused:
    sentence = _("This vehicle is in %(vehicle_city)s, and you are in %(city)s.")
    return VehicleRefused(sentence % {"vehicle_city": vehicle.served_city, "city": city}, code="wrong_city")


def refuse_if_taken(locked: LockedVehicle, rider: User) -> None:
    """Refuse what somebody else has just now: ``reserved``, ``booked``, ``off_the_road``."""
    current = locked.current
    if current is None or current.is_for(rider):
        return
    if current.is_reservation:
        raise VehicleRefused(_("Somebody else has reserved this vehicle."), code="reserved")
    if current.is_booking:
        raise VehicleRefused(_("Somebody else has booked this vehicle."), code="booked")
    raise VehicleRefused(_("This vehicle is out of service."), code="off_the_road")


def _repeated(locked: LockedVehicle, reservation: Allocation) -> Allocation:
    if reservation.has_ended(locked.moment):
        raise VehicleRefused(_("That reservation is over."), code="already_ended")
    reservation.vehicle = locked.vehicle
    return reservation


def _refuse_in_cool_down(locked: LockedVehicle, rider: User) -> None:
    """Nobody keeps a vehicle off the street by holding it again and again."""
    since = locked.moment - timedelta(minutes=settings.RESERVATION_COOLDOWN_MINUTES)
    held = Allocation.objects.live().filter(
        city=locked.vehicle.city,
        vehicle_id=locked.vehicle.id,
        ends_at__gt=since,
        kind=AllocationKind.RESERVATION,
        rider_id=rider.id,
    )
    if held.exists():
        raise VehicleRefused(
            _("You held this vehicle just now. Start your ride, or wait %(minutes)d minutes to hold it again.")
            % {"minutes": settings.RESERVATION_COOLDOWN_MINUTES},
            code="cool_down",
        )


def _take_hold(rider: User, interval: Interval) -> None:
    """Take the rider's one hold, or refuse: the rule stands in the UPDATE.

    Before anything points at the rider, so that who has moved or left is refused, not broken off.
    """
    now = timezone.now()  # the interval begins at the vehicle's time, and a hold of another vehicle is by the clock
    row = User.objects.active().filter(id=rider.id, city=rider.city)
    free = row.filter(Q(hold_until__isnull=True) | Q(hold_until__lte=now))
    if settings.EMAIL_VERIFICATION:
        free = free.filter(email_confirmed_at__isnull=False)
    if free.update(hold_until=interval.end):
        return
    stored = row.first()
    if stored is None:
        raise VehicleRefused(_("Your account has changed. Please try again."), code="account_changed")
    if stored.hold_until and stored.hold_until > now:
        raise VehicleRefused(
            _("You hold another vehicle. Cancel that reservation first, or let it expire."), code="already_holding"
        )
    raise VehicleRefused(
        _("Please confirm your e-mail address first: we have sent you a link."), code="email_unconfirmed"
    )
