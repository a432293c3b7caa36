"""Every write on vehicles.

Locks are taken in one order: vehicle, ride, allocation, user.
"""

import secrets
import uuid
from collections.abc import Collection

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, ProtectedError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from cities.models import City
from cities.registry import registry
from movr_project.db.retry import retry_transaction
from movr_project.errors import Refused

from .choices import VehicleStatus
from .models import CODE_ALPHABET, CODE_DIGITS, Vehicle

CODE_TRIES = 5


class VehicleRefused(Refused):
    """Codes: ``vehicle_gone``, ``vehicle_in_use``, ``vehicle_has_rides``, ``not_yours``, ``outside_city``,
    ``home_city_changed``, ``already_removed``.
    """


def add_vehicle(
    *,
    owner: User,
    type: str,  # noqa: A002  (the field's name)
    color: str,
    last_location: str,
    brand: str = "",
    position: tuple[float, float] | None = None,
    token: str,
) -> Vehicle:
    """Put a person's own vehicle on the road in their home city (rows M20, M34).

    ``position`` is in degrees. The same ``token`` and contents of the same person are the same vehicle, so
    that a form sent twice adds one. Raises ``VehicleRefused``: ``outside_city``, ``home_city_changed``,
    ``already_removed``.
    """
    check_position(owner.home_city, position)
    contents = (token, owner.city, type, brand, color, last_location, position)
    vehicle = Vehicle(
        city=owner.city,
        id=uuid.uuid5(owner.id, repr(contents)),
        owner_id=owner.id,
        type=type,
        brand=brand,
        color=color,
        approved_at=None if settings.VEHICLES_NEED_APPROVAL else timezone.now(),
    )
    vehicle.park(last_location, position)
    return _insert_owned_vehicle(vehicle)


@retry_transaction(idempotent=True)
def _insert_owned_vehicle(vehicle: Vehicle) -> Vehicle:
    existing = Vehicle.objects.filter(pk=vehicle.pk).first()
    if existing and existing.is_removed:
        raise VehicleRefused(
            _("The vehicle that this form added has been removed. Send it again to add a new one."),
            code="already_removed",
        )
    if existing:
        return existing
    owner = User.objects.active().filter(id=vehicle.owner_id, city=vehicle.city)
    if not owner.update(owned_vehicles=F("owned_vehicles") + 1):
        raise VehicleRefused(_("Your account has changed. Please try again."), code="home_city_changed")
    insert_vehicle(vehicle)
    return vehicle


def insert_vehicle(vehicle: Vehicle) -> None:
    """Save a new vehicle under a free code of its city. Part of a transaction."""
    for tries_left in reversed(range(CODE_TRIES)):
        vehicle.code = new_code(registry[vehicle.city])
        try:
            with transaction.atomic():
                vehicle.save(force_insert=True)
            return
        except IntegrityError:
            if not tries_left:
                raise


def new_code(city: City) -> str:
    """A random label for a vehicle of a city, like ``PAR7K3M2``."""
    return city.code + "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_DIGITS))


@retry_transaction(idempotent=True)
def remove_vehicle(*, city: str, vehicle_id: uuid.UUID, by: User) -> Vehicle:
    """Take a vehicle off the road for good; its row stays (rows M21, M35).

    Locks the vehicle. Removing it again changes nothing. Raises ``VehicleRefused``: ``vehicle_gone`` (there is
    none), ``not_yours``, ``vehicle_in_use``.
    """
    vehicle = lock_vehicle(city, vehicle_id)
    if not may_remove(vehicle, by):
        raise VehicleRefused(_("This vehicle is not yours."), code="not_yours")
    if vehicle.is_on_trip:
        raise VehicleRefused(
            _("This vehicle is being ridden. It can be removed once the ride has ended."),
            code="vehicle_in_use",
        )
    if not vehicle.is_removed:
        vehicle.status = VehicleStatus.REMOVED
        vehicle.save(update_fields=["status"])
        _forget_owned_vehicle(vehicle)
    return vehicle


@retry_transaction(idempotent=True)
def approve_vehicle(*, city: str, vehicle_id: uuid.UUID) -> Vehicle:
    """Let riders see a vehicle that its owner added (setting VEHICLES_NEED_APPROVAL).

    Locks the vehicle. Approving it again changes nothing. Raises ``VehicleRefused``: ``vehicle_gone`` (there is
    none, or it has been removed).
    """
    vehicle = lock_vehicle(city, vehicle_id)
    if vehicle.is_removed:
        raise VehicleRefused(_("This vehicle has been removed."), code="vehicle_gone")
    if vehicle.awaits_approval:
        vehicle.approved_at = timezone.now()
        vehicle.save(update_fields=["approved_at"])
    return vehicle


def edit_vehicle(vehicle: Vehicle, fields: Collection[str]) -> None:
    """Write ``fields`` of what staff edited by hand, and only them: a ride may have moved the rest of the row.

    Latitude and longitude are one field. Locks the vehicle. Part of a transaction. Raises ``VehicleRefused``:
    ``vehicle_gone``.
    """
    changed = set(fields)
    if changed & {"latitude", "longitude"}:
        changed |= {"latitude", "longitude"}
    stored = lock_vehicle(vehicle.city, vehicle.id)
    for name in changed:
        setattr(stored, name, getattr(vehicle, name))
    if changed & {"last_location", "latitude"}:
        changed |= set(stored.park(stored.last_location, stored.position))
    if changed:
        stored.save(update_fields=changed)


def delete_vehicle(vehicle: Vehicle) -> None:
    """Delete a vehicle that was added by mistake: nobody ever rode it. Part of a transaction.

    Raises ``VehicleRefused``: ``vehicle_gone``, ``vehicle_has_rides``. What has been on the road is removed
    instead, and its row stays.
    """
    vehicle = lock_vehicle(vehicle.city, vehicle.id)
    if not vehicle.is_removed:
        _forget_owned_vehicle(vehicle)
    try:
        vehicle.delete()
    except ProtectedError as error:
        raise VehicleRefused(
            _("This vehicle has been ridden: decommission it instead."), code="vehicle_has_rides"
        ) from error


def _forget_owned_vehicle(vehicle: Vehicle) -> None:
    if vehicle.owner_id:
        owner = User.objects.filter(id=vehicle.owner_id, city=vehicle.city)
        owner.update(owned_vehicles=F("owned_vehicles") - 1)


def lock_vehicle(city: str, vehicle_id: uuid.UUID) -> Vehicle:
    """The vehicle, locked until the transaction ends. Raises ``VehicleRefused``: ``vehicle_gone``."""
    try:
        return Vehicle.objects.select_for_update().get(city=city, id=vehicle_id)
    except Vehicle.DoesNotExist:
        raise VehicleRefused(_("There is no such vehicle."), code="vehicle_gone") from None


def may_remove(vehicle: Vehicle, user: User) -> bool:
    """The owner may, and staff who may change vehicles."""
    return vehicle.owner_id == user.id or (user.is_staff and user.has_perm("fleet.change_vehicle"))


def check_position(city: City, position: tuple[float, float] | None) -> None:
    """Refuse a position in degrees that lies outside the city (``outside_city``)."""
    if position and not city.contains(*position):
        raise VehicleRefused(_("That position is not in %(city)s.") % {"city": city}, code="outside_city")
