"""The vehicle state machine of MDS 2.0, as far as it occurs here.

From the specification's micromobility mode, "Vehicle State Events": which event leads from which states to
which. An event of several types goes through them in order; the states between are passed by.
"""

from collections.abc import Iterable

from .choices import OWN_EVENT_TYPES, PICK_UPS, AllocationKind, EventType, VehicleState
from .models import Allocation, Vehicle

AVAILABLE, RESERVED, ON_TRIP = VehicleState.AVAILABLE, VehicleState.RESERVED, VehicleState.ON_TRIP
OUT_OF_SERVICE, MISSING, REMOVED = VehicleState.NON_OPERATIONAL, VehicleState.MISSING, VehicleState.REMOVED

TRANSITIONS: dict[EventType, dict[VehicleState, VehicleState]] = {
    EventType.PROVIDER_DROP_OFF: {REMOVED: AVAILABLE},
    EventType.ON_HOURS: {OUT_OF_SERVICE: AVAILABLE},
    EventType.OFF_HOURS: {AVAILABLE: OUT_OF_SERVICE},
    EventType.RESERVATION_START: {AVAILABLE: RESERVED},
    EventType.RESERVATION_CANCEL: {RESERVED: AVAILABLE},
    EventType.TRIP_START: {AVAILABLE: ON_TRIP, RESERVED: ON_TRIP},
    EventType.TRIP_END: {ON_TRIP: AVAILABLE},
    EventType.MAINTENANCE: {AVAILABLE: OUT_OF_SERVICE, OUT_OF_SERVICE: AVAILABLE},
    EventType.BATTERY_CHARGED: {OUT_OF_SERVICE: AVAILABLE},
    **{pick_up: {AVAILABLE: REMOVED, OUT_OF_SERVICE: REMOVED} for pick_up in PICK_UPS},
    EventType.NOT_LOCATED: dict.fromkeys((AVAILABLE, OUT_OF_SERVICE, RESERVED, REMOVED, ON_TRIP), MISSING),
    EventType.LOCATED: {MISSING: AVAILABLE},
    EventType.DECOMMISSIONED: {AVAILABLE: REMOVED, OUT_OF_SERVICE: REMOVED, MISSING: REMOVED},
    **{own: {state: state for state in VehicleState} for own in OWN_EVENT_TYPES},
}


class ImpossibleEvent(RuntimeError):
    """A service tried something that the specification has no transition for: its own rules have a gap."""


def follow(state: VehicleState, types: Iterable[EventType]) -> VehicleState:
    """The state that events lead to from another one. Raises ``ImpossibleEvent``."""
    for type_ in types:
        if state not in TRANSITIONS[type_]:
            raise ImpossibleEvent(f"No {type_} leads away from {state}.")
        state = TRANSITIONS[type_][state]
    return state


def state_of(vehicle: Vehicle, allocation: Allocation | None) -> VehicleState:
    """A vehicle's state while ``allocation`` covers the moment (design: "What a vehicle is doing")."""
    if vehicle.is_removed:
        return REMOVED
    if vehicle.is_on_trip:
        return ON_TRIP
    if allocation is not None:
        return VehicleState(allocation.state)
    return OUT_OF_SERVICE if vehicle.awaits_approval else AVAILABLE


def entering(allocation: Allocation) -> EventType:
    """What happens to a free vehicle when an allocation begins."""
    if allocation.state == REMOVED:
        return EventType(allocation.data.get("event_type", EventType.MAINTENANCE_PICK_UP))
    if allocation.state == MISSING:
        return EventType.NOT_LOCATED
    return {
        AllocationKind.RESERVATION: EventType.RESERVATION_START,
        AllocationKind.BOOKING: EventType.RESERVATION_START,
        AllocationKind.MAINTENANCE: EventType.MAINTENANCE,
        AllocationKind.PAUSED: EventType.OFF_HOURS,
    }[AllocationKind(allocation.kind)]


def leaving(allocation: Allocation) -> EventType:
    """What sets it free again."""
    if allocation.state == REMOVED:
        return EventType.PROVIDER_DROP_OFF
    if allocation.state == MISSING:
        return EventType.LOCATED
    return {
        AllocationKind.RESERVATION: EventType.RESERVATION_CANCEL,
        AllocationKind.BOOKING: EventType.RESERVATION_CANCEL,
        AllocationKind.MAINTENANCE: EventType.MAINTENANCE,
        AllocationKind.PAUSED: EventType.ON_HOURS,
    }[AllocationKind(allocation.kind)]
