"""Vehicles themselves: adding, approving, editing and removing them."""

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

from ..choices import EventType, VehicleState
from ..events import record_event
from ..locking import LockedVehicle
from ..models import CODE_ALPHABET, CODE_DIGITS, Vehicle
from ..states import leaving
from .calendar import cancel_calendar, tell_owner
from .refusals import VehicleRefused, check_position, locked_vehicle, refuse_while_ridden

CODE_TRIES = 5


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
    insert_vehicle(vehicle, by=owner.get())
    return vehicle


def insert_vehicle(vehicle: Vehicle, *, by: User | None) -> None:
    """Save a new vehicle under a free code of its city, and put it on the street. Part of a transaction."""
    _save_under_free_code(vehicle)
    record_event(LockedVehicle.new(vehicle), EventType.PROVIDER_DROP_OFF, actor=by)


def _save_under_free_code(vehicle: Vehicle) -> None:
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

    Whoever reserved or booked it is told. Locks the vehicle. Removing it again changes nothing. Raises
    ``VehicleRefused``: ``vehicle_gone`` (there is none), ``not_yours``, ``vehicle_in_use``.
    """
    locked = locked_vehicle(city, vehicle_id, by=by)
    vehicle = locked.vehicle
    if not may_remove(vehicle, by):
        raise VehicleRefused(_("This vehicle is not yours."), code="not_yours")
    refuse_while_ridden(locked, _("This vehicle is being ridden. It can be removed once the ride has ended."))
    if vehicle.is_removed:
        return vehicle
    before = [leaving(locked.current)] if locked.current else []
    cancel_calendar(locked, locked.calendar, by=by)
    tell_owner(locked, by, is_for_good=True)
    record_event(locked, *before, EventType.DECOMMISSIONED, actor=by)
    _forget_owned_vehicle(vehicle)
    return vehicle


@retry_transaction(idempotent=True)
def approve_vehicle(*, city: str, vehicle_id: uuid.UUID, by: User | None = None) -> Vehicle:
    """Let riders see a vehicle that its owner added (setting VEHICLES_NEED_APPROVAL).

    Locks the vehicle. Approving it again changes nothing. Raises ``VehicleRefused``: ``vehicle_gone`` (there is
    none, or it has been removed).
    """
    locked = locked_vehicle(city, vehicle_id, by=by)
    vehicle = locked.vehicle
    if vehicle.is_removed:
        raise VehicleRefused(_("This vehicle has been removed."), code="vehicle_gone")
    if vehicle.awaits_approval:
        vehicle.approved_at = locked.moment
        record_event(locked, EventType.ON_HOURS, actor=by, changed=["approved_at"])
    return vehicle


def edit_vehicle(vehicle: Vehicle, fields: Collection[str], *, by: User | None = None) -> None:
    """Write ``fields`` of what staff edited by hand, and only them: a ride may have moved the rest of the row.

    Latitude and longitude are one field; a vehicle that is put right was not where it had been said to be.
    Locks the vehicle. Part of a transaction. Raises ``VehicleRefused``: ``vehicle_gone``.
    """
    changed = set(fields)
    if changed & {"latitude", "longitude"}:
        changed |= {"latitude", "longitude"}
    locked = locked_vehicle(vehicle.city, vehicle.id)
    stored = locked.vehicle
    for name in changed:
        setattr(stored, name, getattr(vehicle, name))
    moved = bool(changed & {"last_location", "latitude"})
    if moved:
        changed |= set(stored.park(stored.last_location, stored.position))
    if moved and locked.state == VehicleState.AVAILABLE:
        record_event(locked, EventType.NOT_LOCATED, EventType.LOCATED, actor=by, changed=changed)
    elif changed:
        stored.save(update_fields=changed)


def delete_vehicle(vehicle: Vehicle) -> None:
    """Delete a vehicle that was added by mistake, with its log: nobody ever rode or reserved it.

    Part of a transaction. Raises ``VehicleRefused``: ``vehicle_gone``, ``vehicle_has_rides``. What has been on
    the road is removed instead, and its row stays.
    """
    vehicle = locked_vehicle(vehicle.city, vehicle.id).vehicle
    if not vehicle.is_removed:
        _forget_owned_vehicle(vehicle)
    vehicle.events.filter(allocation_id__isnull=True, ride_id__isnull=True).delete()
    try:
        vehicle.delete()
    except ProtectedError as error:
        raise VehicleRefused(
            _("This vehicle has a history: decommission it instead."), code="vehicle_has_rides"
        ) from error


def _forget_owned_vehicle(vehicle: Vehicle) -> None:
    if vehicle.owner_id:
        owner = User.objects.filter(id=vehicle.owner_id, city=vehicle.city)
        owner.update(owned_vehicles=F("owned_vehicles") - 1)


def may_remove(vehicle: Vehicle, user: User) -> bool:
    """The owner may, and staff who may change vehicles."""
    return vehicle.owner_id == user.id or (user.is_staff and user.has_perm("fleet.change_vehicle"))
