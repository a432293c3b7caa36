"""Services for vehicles: add, approve, edit and remove them."""

import secrets
import uuid
from collections.abc import Collection

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, ProtectedError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.refusals import account_changed
from cities.models import City
from cities.registry import registry
from movr_project.db.retry import retry_transaction

from ..calendar.events import record_event
from ..calendar.locking import LockedVehicle
from ..calendar.states import leaving
from ..models import CODE_ALPHABET, CODE_DIGITS, Vehicle
from ..models.choices import EventType, VehicleState
from .allocations import cancel_conflicting
from .notifications import notify_owner
from .refusals import VehicleRefused, check_position, locked_vehicle, refuse_if_changed, refuse_while_ridden

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
    """Add a person's own vehicle in their home city.

    ``position`` is in degrees. The same person, ``token`` and contents are the same vehicle, so that a form sent twice
    adds one. Locks the person. Raises ``VehicleRefused``: ``outside_city``, ``account_changed``, ``already_removed``.
    """
    vehicle = owned_vehicle(
        owner=owner,
        type=type,
        color=color,
        last_location=last_location,
        brand=brand,
        position=position,
        token=token,
    )
    return insert_owned_vehicle(vehicle=vehicle)


def owned_vehicle(
    *,
    owner: User,
    type: str,  # noqa: A002
    color: str,
    last_location: str,
    brand: str = "",
    position: tuple[float, float] | None = None,
    token: str,
) -> Vehicle:
    """Return what ``add_vehicle`` saves. Raises ``VehicleRefused``: ``outside_city``."""
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
    return vehicle


@retry_transaction(idempotent=True)
def insert_owned_vehicle(*, vehicle: Vehicle) -> Vehicle:
    """Save an ``owned_vehicle``. Locks the owner. Raises what ``add_vehicle`` raises."""
    owner = User.objects.locked(User(id=vehicle.owner_id, city=vehicle.city))
    if owner is None:
        raise account_changed(VehicleRefused)
    existing = Vehicle.objects.filter(pk=vehicle.pk).first()
    if existing and existing.is_removed:
        raise VehicleRefused(
            _("The vehicle added with this form has been removed. Submit it again to add a new one."),
            code="already_removed",
        )
    if existing:
        return existing
    User.objects.filter(id=owner.id, city=owner.city).update(owned_vehicles=F("owned_vehicles") + 1)
    insert_vehicle(vehicle, by=owner)
    return vehicle


@retry_transaction(idempotent=True)
def insert_operators_vehicle(*, vehicle: Vehicle, by: User | None) -> Vehicle:
    """Save a new vehicle of the operator. It is approved, and on the street.

    ``by`` is None for an organisation. Raises ``VehicleRefused``: ``account_changed``.
    """
    existing = Vehicle.objects.filter(pk=vehicle.pk).first()
    if existing:
        return existing  # by an attempt whose COMMIT was in doubt
    refuse_if_changed(by)
    vehicle.approved_at = timezone.now()
    vehicle.park(vehicle.last_location, vehicle.position)
    insert_vehicle(vehicle, by=by)
    return vehicle


def insert_vehicle(vehicle: Vehicle, *, by: User | None) -> None:
    """Save a new vehicle with an unused code of its city, and put it on the street. Part of a transaction."""
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
    """Return a random code for a vehicle of a city, like ``PAR7K3M2``."""
    return city.code + "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_DIGITS))


@retry_transaction(idempotent=True)
def remove_vehicle(*, city: str, vehicle_id: uuid.UUID, by: User | None) -> Vehicle:
    """Decommission a vehicle. Its row is kept.

    ``by`` is None for an organisation, whose right to do so the API has checked. People who had reserved or booked it
    are notified. Idempotent. Locks the vehicle. Raises ``VehicleRefused``:
    ``vehicle_gone`` (it doesn't exist), ``not_yours``, ``vehicle_in_use``.
    """
    locked = locked_vehicle(city, vehicle_id, by=by)
    vehicle = locked.vehicle
    if by is not None and not may_remove(vehicle, by):
        raise VehicleRefused(_("You don't own this vehicle."), code="not_yours")
    refuse_while_ridden(locked, _("This vehicle is in use. You can remove it when the ride ends."))
    if vehicle.is_removed:
        return vehicle
    before = [leaving(locked.current)] if locked.current else []
    cancel_conflicting(locked, locked.calendar, by=by)
    notify_owner(locked, by, is_for_good=True)
    record_event(locked, *before, EventType.DECOMMISSIONED, actor=by)
    _forget_owned_vehicle(vehicle)
    return vehicle


@retry_transaction(idempotent=True)
def approve_vehicle(*, city: str, vehicle_id: uuid.UUID, by: User | None = None) -> Vehicle:
    """Approve a vehicle that its owner added, so that riders see it (setting VEHICLES_NEED_APPROVAL).

    Idempotent. Locks the vehicle. Raises ``VehicleRefused``: ``vehicle_gone`` (it doesn't exist, or it has been
    removed).
    """
    locked = locked_vehicle(city, vehicle_id, by=by)
    vehicle = locked.vehicle
    if vehicle.is_removed:
        raise VehicleRefused(_("This vehicle has been removed."), code="vehicle_gone")
    if vehicle.awaits_approval:
        vehicle.approved_at = locked.now
        record_event(locked, EventType.ON_HOURS, actor=by, changed=["approved_at"])
    return vehicle


def edit_vehicle(vehicle: Vehicle, fields: Collection[str], *, by: User | None = None) -> None:
    """Write ``fields`` that staff edited, and only them, as a ride may have changed the rest of the row.

    Latitude and longitude count as one field. A corrected location is logged as the vehicle being missing and found.
    Locks the vehicle. Part of a transaction. Raises ``VehicleRefused``: ``vehicle_gone``, ``account_changed``.
    """
    changed = set(fields)
    if changed & {"latitude", "longitude"}:
        changed |= {"latitude", "longitude"}
    locked = locked_vehicle(vehicle.city, vehicle.id, by=by)
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
    """Delete a vehicle that was added by mistake, with its log, if nobody has ridden or reserved it.

    Part of a transaction. Raises ``VehicleRefused``: ``vehicle_gone``, ``vehicle_has_rides``. A vehicle with history is
    removed instead, and its row is kept.
    """
    vehicle = locked_vehicle(vehicle.city, vehicle.id).vehicle
    if not vehicle.is_removed:
        _forget_owned_vehicle(vehicle)
    vehicle.events.filter(allocation_id__isnull=True, ride_id__isnull=True).delete()
    try:
        vehicle.delete()
    except ProtectedError as error:
        raise VehicleRefused(
            _("This vehicle has a history. Decommission it instead."), code="vehicle_has_rides"
        ) from error


def _forget_owned_vehicle(vehicle: Vehicle) -> None:
    if vehicle.owner_id:
        owner = User.objects.filter(id=vehicle.owner_id, city=vehicle.city)
        owner.update(owned_vehicles=F("owned_vehicles") - 1)


def may_remove(vehicle: Vehicle, user: User) -> bool:
    """Return whether the person may: the owner, and staff who may change vehicles."""
    return vehicle.owner_id == user.id or (user.is_staff and user.has_perm("fleet.change_vehicle"))
