"""A rider's own rides. With ``due_at``, for the ride's page: a statement with a subquery, compiled once."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from fleet.calendar.intervals import Interval
from movr_project.db.prepared import Prepared

from .models import Ride
from .querysets import RideQuerySet


def own_ride(rider: User, city: str, ride_id: uuid.UUID) -> Ride | None:
    """Return the rider's ride with ``due_at``, or None."""
    return next(iter(_own(rider, city=city, id=ride_id)), None)


def open_rides(rider: User) -> list[Ride]:
    """Return the rider's open rides in all cities, with ``due_at``, newest first."""
    return _own(rider)


def ended_ride(rider: User, city: str, ride_id: uuid.UUID) -> Ride | None:
    """Return the rider's ride with its vehicle, or None if it hasn't ended."""
    ended = Ride.objects.of_rider(rider).in_city(city).ended().select_related("vehicle")
    return ended.filter(id=ride_id).first()


def _own(rider: User, **key: Any) -> list[Ride]:
    now = timezone.now()
    soon = now + timedelta(minutes=settings.BOOKING_WARNING_MINUTES)
    values = {"rider_city": rider.city, "rider_id": rider.id, "now": now, "soon": soon} | key
    return _rides.objects(bool(key), values)


def _build(
    is_one: bool, *, rider_city: str, rider_id: uuid.UUID, now: datetime, soon: datetime, **key: Any
) -> RideQuerySet:
    rider = User(city=rider_city, id=rider_id)
    rides = Ride.objects.of_rider(rider).with_due_at(rider, Interval(now, soon)).select_related("vehicle")
    return rides.filter(**key) if is_one else rides.open().newest_first()


_rides = Prepared(_build)
