"""Starting and ending a ride.

Locks are taken in one order: vehicle, ride, allocation, user. Whoever changes a ride holds its vehicle's
lock, so the ride's own row needs none.
"""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from cities.models import City
from cities.registry import registry
from fleet.choices import EventType
from fleet.events import record_event
from fleet.locking import LockedVehicle, calendar_of, lock_vehicle, with_calendar
from fleet.models import Vehicle
from fleet.querysets import guard
from fleet.services import VehicleRefused, check_position, local_moment, refuse_if_changed, refuse_if_taken, wrong_city
from movr_project.db.keys import CityKeyValue
from movr_project.db.retry import retry_transaction
from movr_project.errors import Refused

from .models import Ride, ride_id


class RideRefused(Refused):
    """Codes.

    Of a start: ``vehicle_gone``, ``vehicle_in_use``, ``already_riding``, ``already_ended``,
    ``account_changed``, ``email_unconfirmed``; as ``fleet``'s ``VehicleRefused`` come ``wrong_city``,
    ``reserved``, ``booked``, ``booked_soon`` and ``off_the_road``. Of an end: ``ride_gone``, and from the fleet
    ``outside_city``.
    """


@retry_transaction(idempotent=True)
def start_ride(*, rider: User, city: City, vehicle_city: str, vehicle_id: uuid.UUID, token: str) -> Ride:
    """Start a ride on a free vehicle of the current city (rows M16, M36b, M45).

    ``city`` is where the rider is looking, ``token`` the form's: while the ride is open the same form returns
    it. A reservation of the rider's ends with it. The ride has ``due_at``: when somebody else's booking
    begins, if that is within BOOKING_WARNING_MINUTES. Locks the vehicle, then the rider. Raises
    ``RideRefused``, ``VehicleRefused``.
    """
    id_ = ride_id(rider.id, token, CityKeyValue((vehicle_city, vehicle_id)))
    locked = _lock_vehicle_for_start(vehicle_city, vehicle_id, id_)
    vehicle = locked.vehicle
    if vehicle.has_this_ride:
        return _repeated_start(vehicle_city, id_)
    if vehicle.city != city.name:
        raise wrong_city(vehicle, city)
    if not vehicle.is_available:
        raise RideRefused(_("This vehicle is in use."), code="vehicle_in_use")
    refuse_if_taken(locked, rider)
    due_at = _due_at(locked, rider)
    reservation = locked.current if locked.current and locked.current.is_reservation else None
    if reservation:
        reservation.save(update_fields=reservation.end(locked.moment))
        locked.drop(reservation)
    _count_open_ride(rider, ends_hold=reservation is not None)
    ride = Ride.objects.create(
        city=vehicle.city,
        id=id_,
        vehicle_id=vehicle.id,
        rider_city=rider.city,
        rider_id=rider.id,
        start_location=vehicle.last_location,
        start_latitude=vehicle.latitude,
        start_longitude=vehicle.longitude,
        start_time=locked.moment,
    )
    record_event(locked, EventType.TRIP_START, actor=rider, ride_id=ride.id, allocation=reservation or locked.current)
    ride.vehicle, ride.due_at = vehicle, due_at
    return ride


@retry_transaction(idempotent=True)
def end_ride(
    *,
    city: str,
    ride_id: uuid.UUID,
    rider: User | None,
    end_location: str,
    position: tuple[float, float] | None = None,
    by: User | None = None,
) -> Ride:
    """End an open ride; the vehicle is there and free again (rows M17, M36c), unless its calendar says otherwise.

    ``rider`` is who asks, and must be the ride's own; None is for staff (``by``), whose view has checked them.
    ``position`` is in degrees. Ending twice changes nothing. Locks the vehicle, then the rider. Raises
    ``RideRefused``: ``ride_gone`` (there is none, or it is somebody else's), and ``VehicleRefused``:
    ``outside_city``, ``account_changed`` (of ``by``).
    """
    check_position(registry[city], position)
    refuse_if_changed(by)
    rides = Ride.objects.filter(city=city, id=ride_id)
    if rider is not None:
        rides = rides.of_rider(rider)
    rows = list(
        with_calendar(rides.select_related("vehicle"), vehicle="vehicle", ahead=timedelta()).select_for_update(
            of=("vehicle",)
        )
    )
    if not rows:
        raise RideRefused(_("You have no such ride."), code="ride_gone")
    ride = rows[0]
    if not ride.is_open:
        return ride
    locked = LockedVehicle(ride.vehicle, calendar_of(rows))
    ride.save(update_fields=ride.finish(end_location, position, at=locked.moment))
    # Whoever followed the published id could follow the rider: each trip ends it.
    ride.vehicle.public_id = uuid.uuid4()
    parked = ride.vehicle.park(end_location, position)
    record_event(locked, EventType.TRIP_END, actor=rider or by, ride_id=ride.id, changed=["public_id", *parked])
    seen = {"last_seen": timezone.now()} if rider else {}
    User.objects.filter(id=ride.rider_id, city=ride.rider_city).update(open_rides=F("open_rides") - 1, **seen)
    return ride


def _lock_vehicle_for_start(city: str, vehicle_id: uuid.UUID, id_: uuid.UUID) -> LockedVehicle:
    """The vehicle with ``has_this_ride``, and what is ahead of it: one statement instead of three."""
    this_ride = Ride.objects.filter(city=city, id=id_)
    vehicles = Vehicle.objects.listed().annotate(has_this_ride=Exists(this_ride))
    ahead = timedelta(minutes=max(settings.BOOKING_WARNING_MINUTES, settings.BOOKING_GUARD_MINUTES))
    locked = lock_vehicle(city, vehicle_id, ahead=ahead, among=vehicles)
    if locked is None:
        raise RideRefused(_("There is no such vehicle."), code="vehicle_gone")
    return locked


def _due_at(locked: LockedVehicle, rider: User) -> datetime | None:
    """When somebody else needs the vehicle. Raises ``VehicleRefused``: ``booked_soon`` (within the guard).

    What one has reserved or booked is there to be ridden until its end, however soon the next one begins.
    """
    due_at = next((other.starts_at for other in locked.ahead if not other.is_for(rider)), None)
    if due_at is not None and locked.current is None and due_at < locked.moment + guard():
        sentence = _("This vehicle is booked from %(moment)s.")
        moment = local_moment(due_at, locked.vehicle.served_city)
        raise VehicleRefused(sentence % {"moment": moment}, code="booked_soon")
    return due_at


def _repeated_start(city: str, id_: uuid.UUID) -> Ride:
    ride = Ride.objects.select_related("vehicle").get(city=city, id=id_)
    ride.due_at = None
    if not ride.is_open:
        raise RideRefused(
            _("The ride that this form started has ended. You can start a new one now."),
            code="already_ended",
        )
    return ride


def _count_open_ride(rider: User, *, ends_hold: bool) -> None:
    """Take one of the rider's places for an open ride, or refuse: the limit stands in the UPDATE."""
    row = User.objects.active().filter(id=rider.id, city=rider.city)
    free = row.filter(open_rides__lt=settings.MAX_OPEN_RIDES)
    if settings.EMAIL_VERIFICATION:
        free = free.filter(email_confirmed_at__isnull=False)
    hold = {"hold_until": None} if ends_hold else {}
    if not free.update(open_rides=F("open_rides") + 1, last_seen=timezone.now(), **hold):
        raise _why_not_free(row.first())


def _why_not_free(rider: User | None) -> RideRefused:
    if rider is None:
        sentence = _("Your account has changed. Please try again.")
        return RideRefused(sentence, code="account_changed")
    if rider.open_rides >= settings.MAX_OPEN_RIDES:
        sentence = _("You are already riding. End your current ride before starting a new one!")
        return RideRefused(sentence, code="already_riding")
    sentence = _("Please confirm your e-mail address first: we have sent you a link.")
    return RideRefused(sentence, code="email_unconfirmed")
