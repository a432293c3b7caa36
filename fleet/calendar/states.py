"""The vehicle state machine of MDS 2.0, as far as MovR uses it.

From the specification's micromobility mode, "Vehicle State Events": the states in which an event may occur, and the
state after it. The types of an event are applied in order.
"""

from collections.abc import Iterable

from ..models import Allocation, Vehicle
from ..models.choices import OWN_EVENT_TYPES, PICK_UPS, RIDE_PAUSES, AllocationKind, EventType, VehicleState

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
    **{pause: {ON_TRIP: ON_TRIP} for pause in RIDE_PAUSES},  # micromobility has no state for a parked vehicle
}


class ImpossibleEvent(RuntimeError):
    """An action for which the specification has no transition. Indicates a bug in a service's rules."""


def follow(state: VehicleState, types: Iterable[EventType]) -> VehicleState:
    """Return the state after the events. Raises ``ImpossibleEvent``."""
    for type_ in types:
        if state not in TRANSITIONS[type_]:
            raise ImpossibleEvent(f"No {type_} leads away from {state}.")
        state = TRANSITIONS[type_][state]
    return state


def state_of(vehicle: Vehicle, allocation: Allocation | None) -> VehicleState:
    """Return a vehicle's state while ``allocation`` is in effect."""
    if vehicle.is_removed:
        return REMOVED
    if vehicle.is_on_trip:
        return ON_TRIP
    if allocation is not None:
        return VehicleState(allocation.state)
    return OUT_OF_SERVICE if vehicle.awaits_approval else AVAILABLE


def entering(allocation: Allocation) -> EventType:
    """Return the event type of an allocation's start on an available vehicle."""
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
    """Return the event type of an allocation's end."""
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
