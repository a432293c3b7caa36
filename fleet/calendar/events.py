"""Append to the vehicle event log. Nothing else sets ``Vehicle.status``."""

import uuid
from collections.abc import Collection

from accounts.models import User

from ..models import Allocation, VehicleEvent
from ..models.choices import EventType, VehicleState
from .locking import LockedVehicle
from .states import entering, follow, leaving, state_of


def record_event(
    locked: LockedVehicle,
    *types: EventType,
    actor: User | None,
    allocation: Allocation | None = None,
    ride_id: uuid.UUID | None = None,
    note: str = "",
    changed: Collection[str] = (),
    id_: uuid.UUID | None = None,
) -> VehicleEvent:
    """Append an event to a vehicle's log, and save the vehicle: its status and the fields in ``changed``.

    The resulting state takes the calendar into account: a ride that ends within a booking leaves the vehicle reserved.
    Part of a transaction. Raises ``ImpossibleEvent`` if MDS 2.0 has no such transition.
    """
    vehicle = locked.vehicle
    state = follow(locked.state, types)
    vehicle.status = _status(state, types)
    settled = state_of(vehicle, locked.current)
    if state == VehicleState.AVAILABLE and settled != state:
        types = (*types, entering(locked.current) if locked.current else EventType.OFF_HOURS)
        state = follow(state, types[-1:])
    if state != settled:
        raise RuntimeError(f"{', '.join(types)} leads to {state}, and the calendar says {settled}.")
    vehicle.last_event_at = locked.now
    vehicle.save(update_fields={"status", "last_event_at", *changed})
    locked.state = state
    return VehicleEvent.objects.create(
        city=vehicle.city,
        id=id_ or uuid.uuid4(),
        vehicle_id=vehicle.id,
        state=state,
        event_types=[str(type_) for type_ in types],
        occurred_at=locked.now,
        place=vehicle.last_location,
        latitude=vehicle.latitude,
        longitude=vehicle.longitude,
        ride_id=ride_id,
        allocation_id=allocation.id if allocation else None,
        actor_city=actor.city if actor else None,
        actor_id=actor.id if actor else None,
        note=note,
    )


def record_calendar(
    locked: LockedVehicle,
    *,
    before: Allocation | None,
    actor: User | None,
    allocation: Allocation,
    note: str = "",
    changed: Collection[str] = (),
) -> VehicleEvent:
    """Append an event for a change of the calendar. ``before`` is the allocation that was in effect until now.

    Changes to the future, and any change during a ride, do not affect the state.
    """
    after = locked.current
    is_same = before and after and before.id == after.id
    is_made = any(other.id == allocation.id for other in locked.calendar)
    type_ = EventType.ALLOCATED if is_made else EventType.RELEASED
    if not locked.vehicle.is_on_trip and not is_same:
        # If the vehicle was available, recording enters the current allocation.
        if before:
            type_ = leaving(before)
        elif after:
            type_ = entering(after)
    return record_event(locked, type_, actor=actor, allocation=allocation, note=note, changed=changed)


def _status(state: VehicleState, types: Collection[EventType]) -> VehicleState:
    if state == VehicleState.ON_TRIP:
        return VehicleState.ON_TRIP
    # A vehicle that is picked up comes back; only decommissioning is permanent.
    return VehicleState.REMOVED if EventType.DECOMMISSIONED in types else VehicleState.AVAILABLE
