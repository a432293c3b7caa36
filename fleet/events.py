"""Writing down what is done with vehicles. Nothing else sets ``Vehicle.status``."""

import uuid
from collections.abc import Collection

from accounts.models import User

from .choices import EventType, VehicleState, VehicleStatus
from .locking import LockedVehicle
from .models import Allocation, VehicleEvent
from .states import entering, follow, leaving, state_of


def record_event(
    locked: LockedVehicle,
    *types: EventType,
    actor: User | None,
    allocation: Allocation | None = None,
    ride_id: uuid.UUID | None = None,
    note: str = "",
    changed: Collection[str] = (),
) -> VehicleEvent:
    """Append an act to a vehicle's log, and save the vehicle: its status, and the fields in ``changed``.

    What the vehicle's calendar then says follows by itself: a ride that ends within a booking leaves the
    vehicle reserved. Part of a transaction. Raises ``ImpossibleEvent`` where MDS 2.0 has no such transition.
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
    vehicle.last_event_at = locked.moment
    vehicle.save(update_fields={"status", "last_event_at", *changed})
    locked.state = state
    return VehicleEvent.objects.create(
        city=vehicle.city,
        vehicle_id=vehicle.id,
        state=state,
        event_types=[str(type_) for type_ in types],
        occurred_at=locked.moment,
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
    """Append that the calendar was changed, where ``before`` covered the moment until then.

    What lies ahead of the moment, and all of it while somebody rides the vehicle, changes no state.
    """
    after = locked.current
    is_same = before and after and before.id == after.id
    if locked.vehicle.is_on_trip or is_same or not (before or after):
        is_made = any(other.id == allocation.id for other in locked.calendar)
        types = [EventType.ALLOCATED if is_made else EventType.RELEASED]
    else:
        types = [leaving(before)] if before else []
        # From available, what covers the moment now is entered as part of recording.
        if not types:
            types = [entering(after)]
    return record_event(locked, *types, actor=actor, allocation=allocation, note=note, changed=changed)


def _status(state: VehicleState, types: Collection[EventType]) -> VehicleStatus:
    if state == VehicleState.ON_TRIP:
        return VehicleStatus.ON_TRIP
    # Picked up is no longer on the street, but comes back; only this is for good.
    return VehicleStatus.REMOVED if EventType.DECOMMISSIONED in types else VehicleStatus.AVAILABLE
