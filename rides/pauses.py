"""Pauses of rides: a rider parks and locks the vehicle, and goes on later.

The ride goes on, and the vehicle is in use for everyone else. A pause ends when the rider resumes or ends the ride, and
by the clock: nothing has to happen then.
"""

import uuid
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.models import User
from fleet.calendar.events import record_event
from fleet.calendar.locking import LockedVehicle
from fleet.models.choices import EventType
from movr_project.db.retry import retry_transaction

from .models import Ride
from .services import RideRefused, locked_ride


@retry_transaction(idempotent=True)
def pause_ride(*, city: str, ride_id: uuid.UUID, rider: User) -> Ride:
    """Pause an open ride: its rider parks the vehicle and keeps it.

    In total, a ride may be paused for RIDE_PAUSE_MINUTES, and a pause ends before someone else's booking or planned
    maintenance begins. Idempotent. Locks the ride and its vehicle. Raises ``RideRefused``: ``ride_gone``,
    ``ride_ended``, ``pause_used_up``, ``vehicle_needed``.
    """
    ride = locked_ride(city, ride_id, rider=rider)
    if not ride.is_open:
        raise RideRefused(_("This ride has ended."), code="ride_ended")
    locked = LockedVehicle.read(ride.vehicle)
    if ride.is_parked_at(locked.now):
        return ride
    until = _pause_until(ride, locked, rider)
    ride.stop_pause(at=locked.now)  # the one before, if it has ended by the clock
    ride.paused_at, ride.pause_until = locked.now, until
    ride.save(update_fields=["paused_for", "paused_at", "pause_until"])
    record_event(locked, EventType.TRIP_PAUSE, actor=rider, ride_id=ride.id)
    return ride


@retry_transaction(idempotent=True)
def resume_ride(*, city: str, ride_id: uuid.UUID, rider: User) -> Ride:
    """Go on with a paused ride. Idempotent. Locks the ride and its vehicle. Raises ``RideRefused``: ``ride_gone``."""
    ride = locked_ride(city, ride_id, rider=rider)
    locked = LockedVehicle.read(ride.vehicle)
    if ride.is_parked_at(locked.now):
        ride.save(update_fields=ride.stop_pause(at=locked.now))
        record_event(locked, EventType.TRIP_RESUME, actor=rider, ride_id=ride.id)
    return ride


def _pause_until(ride: Ride, locked: LockedVehicle, rider: User) -> datetime:
    left = ride.may_park_for(locked.now)
    if not left:
        raise RideRefused(_("You've used up the pause time for this ride."), code="pause_used_up")
    others = [one for one in locked.calendar if not one.is_for(rider)]
    if any(one.covers(locked.now) for one in others):
        raise RideRefused(_("This vehicle is needed now. Please end your ride."), code="vehicle_needed")
    return min([locked.now + left, *(one.starts_at for one in others if one.starts_at)])
