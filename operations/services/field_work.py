"""Services for field work on vehicles, in the terms of MDS 2.0.

A vehicle that is picked up or missing is in maintenance until further notice. That makes it unavailable, and its
calendar shows the reason.
"""

import uuid

from django.utils.translation import gettext as _

from accounts.models import User
from cities.registry import registry
from fleet.calendar.events import record_calendar, record_event
from fleet.calendar.intervals import Interval
from fleet.calendar.locking import LockedVehicle
from fleet.models import Vehicle
from fleet.models.choices import PICK_UPS, EventType, VehicleState, VehicleType
from fleet.services.allocations import end_allocation
from fleet.services.maintenance import take_out_of_service
from fleet.services.refusals import VehicleRefused, check_position, locked_on_the_road, refuse_while_ridden
from movr_project.db.retry import retry_transaction

FULLY_CHARGED = 100


@retry_transaction(idempotent=True)
def pick_up_vehicle(
    *, city: str, vehicle_id: uuid.UUID, by: User, event_type: EventType = EventType.MAINTENANCE_PICK_UP, note: str = ""
) -> Vehicle:
    """Pick a vehicle up, for the depot or for another location, and cancel its bookings.

    Idempotent. Locks the vehicle. Raises ``VehicleRefused``: ``vehicle_gone``, ``awaits_approval``,
    ``vehicle_in_use``.
    """
    if event_type not in PICK_UPS:
        raise ValueError(f"{event_type} is no way to pick up a vehicle.")
    data = {"event_type": str(event_type)}
    return _take_away(city, vehicle_id, VehicleState.REMOVED, by=by, note=note, data=data)


@retry_transaction(idempotent=True)
def report_missing(*, city: str, vehicle_id: uuid.UUID, by: User, note: str = "") -> Vehicle:
    """Mark a vehicle as missing. Locks the vehicle. Raises ``VehicleRefused`` as ``pick_up_vehicle`` does."""
    return _take_away(city, vehicle_id, VehicleState.MISSING, by=by, note=note)


@retry_transaction(idempotent=True)
def drop_off_vehicle(
    *, city: str, vehicle_id: uuid.UUID, by: User, place: str, position: tuple[float, float] | None = None
) -> Vehicle:
    """Put a picked-up vehicle back on the street, available. ``position`` is in degrees.

    Locks the vehicle. Raises ``VehicleRefused``: ``vehicle_gone``, ``awaits_approval``, ``not_picked_up``,
    ``outside_city``.
    """
    refused = VehicleRefused(_("This vehicle has not been picked up."), code="not_picked_up")
    return _bring_back(city, vehicle_id, VehicleState.REMOVED, refused, by=by, place=place, position=position)


@retry_transaction(idempotent=True)
def mark_found(
    *, city: str, vehicle_id: uuid.UUID, by: User, place: str, position: tuple[float, float] | None = None
) -> Vehicle:
    """Mark a missing vehicle as found and available. ``position`` is in degrees.

    Locks the vehicle. Raises ``VehicleRefused``: ``vehicle_gone``, ``awaits_approval``, ``not_missing``,
    ``outside_city``.
    """
    refused = VehicleRefused(_("This vehicle is not missing."), code="not_missing")
    return _bring_back(city, vehicle_id, VehicleState.MISSING, refused, by=by, place=place, position=position)


@retry_transaction(idempotent=True)
def swap_battery(
    *, city: str, vehicle_id: uuid.UUID, by: User, percent: int = FULLY_CHARGED, id_: uuid.UUID | None = None
) -> Vehicle:
    """Record a new battery with the given charge in percent. The range changes in proportion.

    Idempotent with ``id_``, the ID of the event. Locks the vehicle. Raises ``VehicleRefused``: ``vehicle_gone``,
    ``awaits_approval``, ``vehicle_in_use``, ``no_battery``.
    """
    locked = locked_on_the_road(city, vehicle_id, by=by)
    vehicle = locked.vehicle
    if id_ and vehicle.events.filter(id=id_).exists():
        return vehicle
    refuse_while_ridden(locked)
    if not VehicleType(vehicle.type).has_battery:
        raise VehicleRefused(_("This vehicle has no battery."), code="no_battery")
    # An empty battery's range says nothing about a full one's.
    full = vehicle.range_m / vehicle.battery_percent if vehicle.range_m and vehicle.battery_percent else None
    vehicle.range_m = None if full is None else round(full * percent)
    vehicle.battery_percent = percent
    changed = ["battery_percent", "range_m"]
    record_event(locked, *_swapping(locked), actor=by, changed=changed, id_=id_)
    return vehicle


def _swapping(locked: LockedVehicle) -> list[EventType]:
    """Return MDS's battery events on the street, and elsewhere an event that feeds don't publish."""
    if locked.state != VehicleState.AVAILABLE:
        return [EventType.SERVICED]
    return [EventType.MAINTENANCE, EventType.BATTERY_CHARGED]


def _take_away(
    city: str, vehicle_id: uuid.UUID, state: VehicleState, *, by: User, note: str, data: dict | None = None
) -> Vehicle:
    locked = locked_on_the_road(city, vehicle_id, by=by)
    refuse_while_ridden(locked)
    if locked.state != state:
        take_out_of_service(locked, Interval(start=locked.now), by=by, state=state, data=data, note=note)
    return locked.vehicle


def _bring_back(
    city: str,
    vehicle_id: uuid.UUID,
    state: VehicleState,
    refused: VehicleRefused,
    *,
    by: User,
    place: str,
    position: tuple[float, float] | None,
) -> Vehicle:
    check_position(registry[city], position)
    locked = locked_on_the_road(city, vehicle_id, by=by)
    current = locked.current
    if current is None or locked.state != state:
        raise refused
    end_allocation(locked, current)
    parked = locked.vehicle.park(place, position)
    locked.vehicle.public_id = uuid.uuid4()  # so that it can't be tracked
    record_calendar(locked, before=current, actor=by, allocation=current, changed=["public_id", *parked])
    return locked.vehicle
