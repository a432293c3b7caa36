"""Choices of the fleet's models. Vehicle types follow GBFS 3.0 (vehicle_types.json)."""

from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

# Colors with translated names. Others can be entered as text.
COLORS = [
    gettext_noop("Black"),
    gettext_noop("White"),
    gettext_noop("Silver"),
    gettext_noop("Blue"),
    gettext_noop("Green"),
    gettext_noop("Red"),
    gettext_noop("Yellow"),
    gettext_noop("Orange"),
    gettext_noop("Turquoise"),
    gettext_noop("Purple"),
]


class Propulsion(TextChoices):
    HUMAN = "human", _("human power")
    ELECTRIC_ASSIST = "electric_assist", _("electric assistance")
    ELECTRIC = "electric", _("electric")
    COMBUSTION = "combustion", _("combustion engine")
    COMBUSTION_DIESEL = "combustion_diesel", _("diesel engine")


class FormFactor(TextChoices):
    BICYCLE = "bicycle", _("bicycle")
    SCOOTER_STANDING = "scooter_standing", _("standing scooter")
    MOPED = "moped", _("moped")
    CAR = "car", _("car")
    OTHER = "other", _("other")


class VehicleType(TextChoices):
    """The types people choose from. Each has a fixed propulsion, form factor and icon."""

    BIKE = "bike", _("Bike")
    E_BIKE = "e-bike", _("E-bike")
    SCOOTER = "scooter", _("Scooter")
    SKATEBOARD = "skateboard", _("Skateboard")
    MOPED = "moped", _("Moped")
    CAR = "car", _("Car")
    LORRY = "lorry", _("Lorry")
    TRUCK = "truck", _("Truck")

    @property
    def propulsion(self) -> Propulsion:
        return PROPULSION[self]

    @property
    def form_factor(self) -> FormFactor:
        return FORM_FACTOR[self]

    @property
    def has_battery(self) -> bool:
        return self.propulsion in {Propulsion.ELECTRIC, Propulsion.ELECTRIC_ASSIST}

    @property
    def is_motorised(self) -> bool:
        """Return whether it has a battery or a tank, and therefore a range."""
        return self.propulsion != Propulsion.HUMAN

    @property
    def full_range_m(self) -> int:
        """Return the range of a usual one with a full battery or tank, in metres. 0 without a motor."""
        return FULL_RANGE_M.get(self, 0)


PROPULSION = {
    VehicleType.BIKE: Propulsion.HUMAN,
    VehicleType.E_BIKE: Propulsion.ELECTRIC_ASSIST,
    VehicleType.SCOOTER: Propulsion.ELECTRIC,
    VehicleType.SKATEBOARD: Propulsion.HUMAN,
    VehicleType.MOPED: Propulsion.ELECTRIC,
    VehicleType.CAR: Propulsion.ELECTRIC,
    VehicleType.LORRY: Propulsion.COMBUSTION_DIESEL,
    VehicleType.TRUCK: Propulsion.COMBUSTION_DIESEL,
}

FULL_RANGE_M = {
    VehicleType.E_BIKE: 70_000,
    VehicleType.SCOOTER: 40_000,
    VehicleType.MOPED: 90_000,
    VehicleType.CAR: 320_000,
    VehicleType.LORRY: 600_000,
    VehicleType.TRUCK: 500_000,
}

# GBFS has no skateboards or lorries.
FORM_FACTOR = {
    VehicleType.BIKE: FormFactor.BICYCLE,
    VehicleType.E_BIKE: FormFactor.BICYCLE,
    VehicleType.SCOOTER: FormFactor.SCOOTER_STANDING,
    VehicleType.SKATEBOARD: FormFactor.OTHER,
    VehicleType.MOPED: FormFactor.MOPED,
    VehicleType.CAR: FormFactor.CAR,
    VehicleType.LORRY: FormFactor.OTHER,
    VehicleType.TRUCK: FormFactor.OTHER,
}


class AllocationKind(TextChoices):
    """The kind of an allocation."""

    RESERVATION = "reservation", _("Reservation")  # short, by a rider, from now on
    BOOKING = "booking", _("Booking")
    MAINTENANCE = "maintenance", _("Maintenance")
    PAUSED = "paused", _("Paused by its owner")


class Outcome(TextChoices):
    """How a reservation or booking ended."""

    RIDDEN = "ridden", _("Completed")
    GIVEN_BACK = "given_back", _("Cancelled")
    BOOKED = "booked", _("Turned into a booking")
    CANCELLED = "cancelled", _("Cancelled")
    CANCELLED_BY_US = "cancelled_by_us", _("Cancelled by us")
    RELEASED = "released", _("Released")
    EXPIRED = "expired", _("Expired")
    OVER = "over", _("Ended")


class VehicleState(TextChoices):
    """The vehicle states of MDS 2.0 that MovR uses."""

    AVAILABLE = "available", _("Available")
    RESERVED = "reserved", _("Reserved")
    ON_TRIP = "on_trip", _("In use")
    NON_OPERATIONAL = "non_operational", _("Out of service")
    MISSING = "missing", _("Missing")
    REMOVED = "removed", _("Not on the street")


# The states that a vehicle's row can be in. The others follow from its calendar.
ROW_STATES = [
    (state.value, state.label) for state in (VehicleState.AVAILABLE, VehicleState.ON_TRIP, VehicleState.REMOVED)
]


class Situation(TextChoices):
    """What a vehicle is doing now, in the words of staff and owners. ``for_riders`` has the riders' words.

    The vehicle's row and its calendar decide it: ``Vehicle.situation_with``.
    """

    AVAILABLE = "available", _("Available")
    IN_USE = "in_use", _("In use")
    RESERVED = AllocationKind.RESERVATION.value, _("Reserved")
    BOOKED = AllocationKind.BOOKING.value, _("Booked")
    BOOKED_SOON = "booked_soon", _("Booked soon")
    MAINTENANCE = AllocationKind.MAINTENANCE.value, _("In maintenance")
    PAUSED = AllocationKind.PAUSED.value, _("Paused by its owner")
    PICKED_UP = "picked_up", _("Picked up")
    MISSING = "missing", _("Missing")
    AWAITS_APPROVAL = "awaits_approval", _("Waiting for approval")
    REMOVED = "removed", _("Decommissioned")

    @classmethod
    def of_allocation(cls, kind: str, state: str) -> "Situation":
        """Return a vehicle's situation during an allocation. Its state decides if the vehicle is off the street."""
        return OFF_THE_STREET.get(state) or cls(kind)

    @classmethod
    def of_vehicle(cls, status: str, *, awaits_approval: bool, allocated_as: str | None) -> "Situation":
        """Return a vehicle's situation, given the one that its calendar says now."""
        if status == VehicleState.REMOVED:
            return cls.REMOVED
        if awaits_approval:
            return cls.AWAITS_APPROVAL
        if status == VehicleState.ON_TRIP:
            return cls.IN_USE
        return cls(allocated_as or cls.AVAILABLE)

    @property
    def for_riders(self) -> Any:
        return RIDERS_WORDS.get(self, self.label)

    @property
    def is_off(self) -> bool:
        """Return whether no one can ride the vehicle, not even its owner."""
        return self in RIDERS_WORDS or self == Situation.AWAITS_APPROVAL


OFF_THE_STREET = {VehicleState.REMOVED: Situation.PICKED_UP, VehicleState.MISSING: Situation.MISSING}
RIDERS_WORDS = {
    Situation.MAINTENANCE: _("Out of service"),
    Situation.PICKED_UP: _("Out of service"),
    Situation.MISSING: _("Out of service"),
    Situation.PAUSED: _("Paused"),
    Situation.REMOVED: _("Removed"),
}


class EventType(TextChoices):
    """The event types of MDS 2.0 that MovR uses, followed by its own."""

    PROVIDER_DROP_OFF = "provider_drop_off", _("Put on the street")
    ON_HOURS = "on_hours", _("Back in service")
    OFF_HOURS = "off_hours", _("Out of service")
    RESERVATION_START = "reservation_start", _("Reserved")
    RESERVATION_CANCEL = "reservation_cancel", _("Reservation ended")
    TRIP_START = "trip_start", _("Ride started")
    TRIP_END = "trip_end", _("Ride ended")
    MAINTENANCE = "maintenance", _("Maintenance")  # its start or its end, depending on the previous state
    BATTERY_CHARGED = "battery_charged", _("Battery swapped")
    MAINTENANCE_PICK_UP = "maintenance_pick_up", _("Picked up for maintenance")
    REBALANCE_PICK_UP = "rebalance_pick_up", _("Picked up for relocation")
    COMPLIANCE_PICK_UP = "compliance_pick_up", _("Picked up because badly parked")
    NOT_LOCATED = "not_located", _("Missing")
    LOCATED = "located", _("Found")
    DECOMMISSIONED = "decommissioned", _("Decommissioned")
    # These change no state and are not published in feeds.
    SERVICED = "serviced", _("Serviced")
    TRIP_PAUSE = "trip_pause", _("Ride paused")
    TRIP_RESUME = "trip_resume", _("Ride resumed")
    ALLOCATED = "allocated", _("Added to calendar")
    RELEASED = "released", _("Removed from calendar")


PICK_UPS = (EventType.MAINTENANCE_PICK_UP, EventType.REBALANCE_PICK_UP, EventType.COMPLIANCE_PICK_UP)
RIDE_PAUSES = (EventType.TRIP_PAUSE, EventType.TRIP_RESUME)
OWN_EVENT_TYPES = (EventType.SERVICED, EventType.ALLOCATED, EventType.RELEASED, *RIDE_PAUSES)
