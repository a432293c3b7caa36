"""Starting and ending a ride.

Locks are taken in one order: vehicle, ride, allocation, user. Whoever changes a ride holds its vehicle's
lock, so the ride's own row needs none.
"""

import uuid

from django.conf import settings
from django.db.models import Exists, F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from cities.models import City
from cities.registry import registry
from fleet.choices import VehicleStatus
from fleet.models import Vehicle
from fleet.services import check_position
from movr_project.db.keys import CityKeyValue
from movr_project.db.retry import retry_transaction
from movr_project.errors import Refused

from .models import Ride, ride_id


class RideRefused(Refused):
    """Codes.

    Of a start: ``vehicle_gone``, ``vehicle_in_use``, ``wrong_city``, ``already_riding``, ``already_ended``,
    ``account_changed``, ``email_unconfirmed``. Of an end: ``ride_gone``; ``outside_city`` comes as
    ``fleet``'s ``VehicleRefused``.
    """


@retry_transaction(idempotent=True)
def start_ride(*, rider: User, city: City, vehicle_city: str, vehicle_id: uuid.UUID, token: str) -> Ride:
    """Start a ride on a free vehicle of the current city (rows M16, M36b, M45).

    ``city`` is where the rider is looking, ``token`` the form's: while the ride is open the same form returns
    it. Locks the vehicle, then the rider. Raises ``RideRefused``.
    """
    id_ = ride_id(rider.id, token, CityKeyValue((vehicle_city, vehicle_id)))
    vehicle = _lock_vehicle_for_start(vehicle_city, vehicle_id, id_)
    if vehicle.has_this_ride:
        return _repeated_start(vehicle_city, id_)
    if vehicle.city != city.name:
        raise RideRefused(
            _("This vehicle is in %(vehicle_city)s, and you are in %(city)s.")
            % {"vehicle_city": vehicle.served_city, "city": city},
            code="wrong_city",
        )
    if not vehicle.is_available:
        raise RideRefused(_("This vehicle is in use."), code="vehicle_in_use")
    _count_open_ride(rider)
    ride = Ride.objects.create(
        city=vehicle.city,
        id=id_,
        vehicle_id=vehicle.id,
        rider_city=rider.city,
        rider_id=rider.id,
        start_location=vehicle.last_location,
        start_latitude=vehicle.latitude,
        start_longitude=vehicle.longitude,
    )
    vehicle.status = VehicleStatus.ON_TRIP
    vehicle.save(update_fields=["status"])
    ride.vehicle = vehicle
    return ride


@retry_transaction(idempotent=True)
def end_ride(
    *,
    city: str,
    ride_id: uuid.UUID,
    rider: User | None,
    end_location: str,
    position: tuple[float, float] | None = None,
) -> Ride:
    """End an open ride; the vehicle is there and free again (rows M17, M36c).

    ``rider`` is who asks, and must be the ride's own; None is for staff, whose view has checked them.
    ``position`` is in degrees. Ending twice changes nothing. Locks the vehicle, then the rider. Raises
    ``RideRefused``: ``ride_gone`` (there is none, or it is somebody else's), and ``VehicleRefused``:
    ``outside_city``.
    """
    check_position(registry[city], position)
    rides = Ride.objects.filter(city=city, id=ride_id)
    if rider is not None:
        rides = rides.of_rider(rider)
    ride = rides.select_related("vehicle").select_for_update(of=("vehicle",)).first()
    if ride is None:
        raise RideRefused(_("You have no such ride."), code="ride_gone")
    if not ride.is_open:
        return ride
    ride.save(update_fields=ride.finish(end_location, position))
    vehicle = ride.vehicle
    vehicle.status = VehicleStatus.AVAILABLE
    # Whoever followed the published id could follow the rider: each trip ends it.
    vehicle.public_id = uuid.uuid4()
    parked = vehicle.park(end_location, position)
    vehicle.save(update_fields=["status", "public_id", *parked])
    seen = {"last_seen": timezone.now()} if rider else {}
    User.objects.filter(id=ride.rider_id, city=ride.rider_city).update(open_rides=F("open_rides") - 1, **seen)
    return ride


def _lock_vehicle_for_start(city: str, vehicle_id: uuid.UUID, id_: uuid.UUID) -> Vehicle:
    """The vehicle, locked, with ``has_this_ride``: one statement instead of two."""
    this_ride = Ride.objects.filter(city=city, id=id_)
    vehicles = Vehicle.objects.listed().select_for_update()
    vehicle = vehicles.filter(city=city, id=vehicle_id).annotate(has_this_ride=Exists(this_ride)).first()
    if vehicle is None:
        raise RideRefused(_("There is no such vehicle."), code="vehicle_gone")
    return vehicle


def _repeated_start(city: str, id_: uuid.UUID) -> Ride:
    ride = Ride.objects.select_related("vehicle").get(city=city, id=id_)
    if not ride.is_open:
        raise RideRefused(
            _("The ride that this form started has ended. You can start a new one now."),
            code="already_ended",
        )
    return ride


def _count_open_ride(rider: User) -> None:
    """Take one of the rider's places for an open ride, or refuse: the limit stands in the UPDATE."""
    row = User.objects.active().filter(id=rider.id, city=rider.city)
    free = row.filter(open_rides__lt=settings.MAX_OPEN_RIDES)
    if settings.EMAIL_VERIFICATION:
        free = free.filter(email_confirmed_at__isnull=False)
    if not free.update(open_rides=F("open_rides") + 1, last_seen=timezone.now()):
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
