"""Services that start and end rides.

Lock order: vehicle, ride, allocation, user. To change a ride, use ``locked_ride``.
"""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Case, Exists, F, Q, QuerySet, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from accounts.refusals import account_changed
from cities.local_times import local_moment
from cities.models import City
from cities.registry import registry
from fleet.calendar.events import record_event
from fleet.calendar.intervals import booking_buffer
from fleet.calendar.locking import LockedVehicle, lock_vehicle
from fleet.models.choices import EventType
from fleet.services import VehicleRefused, check_position, refuse_if_changed, refuse_if_taken, wrong_city
from fleet.services.no_shows import explain_release, set_deadlines, stop_deadlines
from movr_project.db.keys import CityKeyValue
from movr_project.db.prepared import Prepared, PreparedUpdate
from movr_project.db.retry import retry_transaction
from movr_project.errors import Refused
from photos.models import Subject
from photos.reading import photo_of
from throttling.services import HOUR, minutes_left

from .models import Ride, ride_id


class RideRefused(Refused):
    """Codes: ``vehicle_gone``, ``vehicle_in_use``, ``already_riding``, ``already_ended``, ``account_changed``,
    ``email_unconfirmed``, ``too_many_starts``, ``ride_gone``, ``ride_ended``, ``pause_used_up``, ``vehicle_needed``,
    ``photo_missing``.

    Starting and ending a ride also raise ``VehicleRefused``.
    """


@retry_transaction(idempotent=True)
def start_ride(*, rider: User, city: City, vehicle_city: str, vehicle_id: uuid.UUID, token: str) -> Ride:
    """Start a ride on a free vehicle of the current city.

    ``city`` is the city that the rider is browsing, and ``token`` comes from the form: while the ride is open, the same
    form returns it. The rider's reservation ends. The ride has a ``due_at``: the start of another person's booking, if
    it is within BOOKING_WARNING_MINUTES. None of the vehicle's bookings is released during the ride. Locks the vehicle,
    then the rider. Raises ``RideRefused``, ``VehicleRefused``.
    """
    id_ = ride_id(rider.id, token, CityKeyValue((vehicle_city, vehicle_id)))
    locked = _lock_vehicle_for_start(vehicle_city, vehicle_id)
    vehicle = locked.vehicle
    reservation = locked.current if locked.current and locked.current.is_reservation else None
    this = Ride.objects.filter(city=vehicle_city, id=id_)
    try:
        due_at = _refuse_start(locked, rider, city)
        _count_open_ride(rider, vehicle_city, id_, ends_hold=reservation is not None)
    except Refused:
        # Nothing is written yet. A form sent again always ends up here, as its own ride conflicts with it.
        if this.exists():
            return _repeated_start(this)
        raise
    if reservation:
        reservation.save(update_fields=reservation.end(locked.now))
        locked.drop(reservation)
    stop_deadlines(locked)
    ride = Ride.objects.create(
        city=vehicle.city,
        id=id_,
        vehicle_id=vehicle.id,
        rider_city=rider.city,
        rider_id=rider.id,
        start_location=vehicle.last_location,
        start_latitude=vehicle.latitude,
        start_longitude=vehicle.longitude,
        start_time=locked.now,
    )
    record_event(locked, EventType.TRIP_START, actor=rider, ride_id=ride.id, allocation=reservation or locked.current)
    ride.vehicle, ride.due_at = vehicle, due_at
    return ride


def ended_ride_of_form(*, rider: User, city: City, token: str) -> Ride | None:
    """Return the rider's latest ride in a city if it was started by the form with this token and has ended."""
    last = Ride.objects.in_city(city.name).of_rider(rider).ended().newest_first().first()
    if last is None or last.id != ride_id(rider.id, token, CityKeyValue((last.city, last.vehicle_id))):
        return None
    return last


@retry_transaction(idempotent=True)
def end_ride(
    *,
    city: str,
    ride_id: uuid.UUID,
    rider: User | None,
    end_location: str,
    position: tuple[float, float] | None = None,
    by: User | None = None,
    needs_photo: bool = True,
) -> Ride:
    """End an open ride. The vehicle is then available, unless its calendar says otherwise.

    A person whose booking has begun meanwhile then has BOOKING_NO_SHOW_MINUTES to start their ride.

    ``rider`` must be the ride's own, or None for staff (``by``), whose permission the view has checked. ``position``
    is in degrees. Idempotent. Locks the ride and its vehicle, then the rider. Raises ``RideRefused``: ``ride_gone``
    (including other people's rides), ``photo_missing`` (with PARKING_PHOTO_REQUIRED, unless staff end it, or the
    rider's could not be stored and so ``needs_photo`` is False), and ``VehicleRefused``: ``outside_city``,
    ``account_changed`` (of ``by``).
    """
    check_position(registry[city], position)
    ride = locked_ride(city, ride_id, rider=rider)
    refuse_if_changed(by)
    if not ride.is_open:
        return ride
    needs_photo = needs_photo and rider is not None and settings.PARKING_PHOTO_REQUIRED
    if needs_photo and photo_of(Subject.RIDE, city, ride_id) is None:
        raise RideRefused(_("Take a photo of the parked vehicle."), code="photo_missing")
    locked = LockedVehicle.read(ride.vehicle)
    changed = {name: getattr(ride, name) for name in ride.finish(end_location, position, at=locked.now)}
    Ride.objects.filter(city=city, id=ride_id).update(**changed)
    # A stable public id would let observers track riders, so each trip ends with a new one.
    ride.vehicle.public_id = uuid.uuid4()
    parked = ride.vehicle.park(end_location, position)
    set_deadlines(locked, ridden_by=ride.rider_id)
    record_event(locked, EventType.TRIP_END, actor=rider or by, ride_id=ride.id, changed=["public_id", *parked])
    seen = {"last_seen": timezone.now()} if rider else {}
    _counting_down.run(bool(seen), {"id_": ride.rider_id, "city": ride.rider_city} | seen)
    return ride


def _build_counting_down(
    _is_seen: bool, *, id_: uuid.UUID, city: str, **seen: datetime
) -> tuple[QuerySet, dict[str, Any]]:
    return User.objects.filter(id=id_, city=city), {"open_rides": F("open_rides") - 1, **seen}


_counting_down = PreparedUpdate(_build_counting_down)


def locked_ride(city: str, ride_id: uuid.UUID, *, rider: User | None) -> Ride:
    """Lock a ride and its vehicle, and return the ride as it is after any wait for them.

    Both rows are locked by one statement, as PostgreSQL returns the latest version only of rows that it locks. Nothing
    else waits for a ride while it has a vehicle. Without a ``rider``, any person's ride is found. Part of a
    transaction. Raises ``RideRefused``: ``ride_gone``.
    """
    key = {"city": city, "id": ride_id}
    if rider is not None:
        key |= {"rider_city": rider.city, "rider_id": rider.id}
    for ride in _ride_to_lock.objects(tuple(key), key):
        return ride
    raise RideRefused(_("Ride not found."), code="ride_gone")


_ride_to_lock = Prepared(
    lambda _shape, **key: Ride.objects.filter(**key).select_related("vehicle").select_for_update(of=("self", "vehicle"))
)


def _lock_vehicle_for_start(city: str, vehicle_id: uuid.UUID) -> LockedVehicle:
    locked = lock_vehicle(city, vehicle_id)
    if locked is None or locked.vehicle.is_removed or locked.vehicle.awaits_approval:
        raise RideRefused(_("Vehicle not found."), code="vehicle_gone")
    return locked


def _refuse_start(locked: LockedVehicle, rider: User, city: City) -> datetime | None:
    """Check the start's conditions. Return when the vehicle is due."""
    if locked.vehicle.city != city.name:
        raise wrong_city(locked.vehicle, city)
    try:
        if not locked.vehicle.is_available:
            raise RideRefused(_("This vehicle is in use."), code="vehicle_in_use")
        refuse_if_taken(locked, rider)
        return _due_at(locked, rider)
    except Refused as refused:
        raise type(refused)(explain_release(locked, rider, str(refused)), code=refused.code) from None


def _due_at(locked: LockedVehicle, rider: User) -> datetime | None:
    """Return when another person needs the vehicle. Raises ``VehicleRefused``: ``booked_soon`` (within the buffer).

    A rider's own reservation or booking can be ridden until its end, however soon the next one begins.
    """
    soon = locked.now + timedelta(minutes=max(settings.BOOKING_WARNING_MINUTES, settings.BOOKING_BUFFER_MINUTES))
    starts = (other.starts_at for other in locked.ahead if not other.is_for(rider))
    due_at = next((start for start in starts if start is not None and start <= soon), None)
    if due_at is not None and locked.current is None and due_at < locked.now + booking_buffer():
        sentence = _("This vehicle is booked from %(moment)s.")
        moment = local_moment(due_at, locked.vehicle.served_city)
        raise VehicleRefused(sentence % {"moment": moment}, code="booked_soon")
    return due_at


def _repeated_start(this: QuerySet) -> Ride:
    ride = this.select_related("vehicle").get()
    ride.due_at = None
    if not ride.is_open:
        raise RideRefused(
            _("The ride started with this form has ended. You can start a new one now."),
            code="already_ended",
        )
    return ride


def _count_open_ride(rider: User, city: str, id_: uuid.UUID, *, ends_hold: bool) -> None:
    """Increment the rider's count of open rides, or refuse. The limits are in the UPDATE's WHERE clause.

    One limits open rides, the other starts per hour, as each start shows an unlock code. So is the check that the ride
    with this ``id_`` doesn't exist yet. It belongs to the locked vehicle, so the check remains valid while waiting for
    the rider's row.
    """
    now = timezone.now()
    values = {"rider_city": rider.city, "rider_id": rider.id, "city": city, "id_": id_, "now": now}
    limits = (settings.MAX_OPEN_RIDES, settings.RIDE_STARTS_PER_HOUR, settings.EMAIL_VERIFICATION)
    if not _counting.run((*limits, ends_hold), values | {"hour_ago": now - HOUR}):
        raise _why_not_free(User.objects.active().filter(id=rider.id, city=rider.city).first(), now)


def _build_counting(
    shape: tuple[int, int, bool, bool],
    *,
    rider_city: str,
    rider_id: uuid.UUID,
    city: str,
    id_: uuid.UUID,
    now: datetime,
    hour_ago: datetime,
) -> tuple[QuerySet, dict[str, Any]]:
    max_open, starts_per_hour, needs_email, ends_hold = shape
    this = Ride.objects.filter(city=city, id=id_)
    this_hour = Q(starts_since__gt=hour_ago)
    free = User.objects.active().filter(~Exists(this), id=rider_id, city=rider_city, open_rides__lt=max_open)
    free = free.exclude(this_hour & Q(recent_starts__gte=starts_per_hour))
    if needs_email:
        free = free.filter(email_confirmed_at__isnull=False)
    changes = {
        "open_rides": F("open_rides") + 1,
        "last_seen": now,
        "recent_starts": Case(When(this_hour, then=F("recent_starts") + 1), default=Value(1)),
        "starts_since": Case(When(this_hour, then=F("starts_since")), default=Value(now)),
    }
    return free, changes | ({"hold_until": None} if ends_hold else {})


_counting = PreparedUpdate(_build_counting)


def _why_not_free(rider: User | None, now: datetime) -> RideRefused:
    if rider is None:
        return account_changed(RideRefused)
    is_full = rider.open_rides >= settings.MAX_OPEN_RIDES
    if not is_full and settings.EMAIL_VERIFICATION and not rider.email_is_confirmed:
        sentence = _("Please confirm your e-mail address first. We've sent you a link.")
        return RideRefused(sentence, code="email_unconfirmed")
    if not is_full and rider.recent_starts >= settings.RIDE_STARTS_PER_HOUR and rider.starts_since > now - HOUR:
        minutes = minutes_left(rider.starts_since + HOUR - now)
        sentence = ngettext(
            "You've started many rides within an hour. You can start the next one in %(minutes)d minute.",
            "You've started many rides within an hour. You can start the next one in %(minutes)d minutes.",
            minutes,
        )
        return RideRefused(sentence % {"minutes": minutes}, code="too_many_starts")
    # Also if the conflicting ride ended between the two statements.
    sentence = ngettext(
        "You are already riding. End your current ride before starting a new one!",
        "You already have %(limit)d rides. End one before starting a new one!",
        settings.MAX_OPEN_RIDES,
    )
    return RideRefused(sentence % {"limit": settings.MAX_OPEN_RIDES}, code="already_riding")
