"""What kinds of vehicles there are, in the terms of GBFS 3.0 (vehicle_types.json)."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


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
    """The types people choose from (rows M7, I3). Fixed: each has its propulsion, form and icon."""

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
        """Whether it has a battery or a tank, and so a range."""
        return self.propulsion != Propulsion.HUMAN


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

# GBFS knows no skateboard and no lorry.
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


class VehicleStatus(TextChoices):
    """What a vehicle's row says (row M8). Whether it is held or in maintenance is derived elsewhere."""

    AVAILABLE = "available", _("Available")
    ON_TRIP = "on_trip", _("In use")
    REMOVED = "removed", _("Removed")


class AllocationKind(TextChoices):
    """What a vehicle is set aside for (rows I5, I6)."""

    RESERVATION = "reservation", _("Reservation")  # a rider's short hold
    BOOKING = "booking", _("Booking")
    MAINTENANCE = "maintenance", _("Maintenance")
    PAUSED = "paused", _("Paused by its owner")


class Outcome(TextChoices):
    """What became of a rider's reservation or booking."""

    RIDDEN = "ridden", _("Ridden")
    GIVEN_BACK = "given_back", _("Given back")
    BOOKED = "booked", _("Became a booking")
    CANCELLED = "cancelled", _("Cancelled")
    CANCELLED_BY_US = "cancelled_by_us", _("Cancelled by us")
    EXPIRED = "expired", _("Expired")
    OVER = "over", _("Ended")


class VehicleState(TextChoices):
    """The vehicle states of the Mobility Data Specification 2.0 that occur here."""

    AVAILABLE = "available", _("Available")
    RESERVED = "reserved", _("Reserved")
    ON_TRIP = "on_trip", _("In use")
    NON_OPERATIONAL = "non_operational", _("Out of service")
    MISSING = "missing", _("Missing")
    REMOVED = "removed", _("Not on the street")


class EventType(TextChoices):
    """The event types of the Mobility Data Specification 2.0 that occur here, and at the end three of our own."""

    PROVIDER_DROP_OFF = "provider_drop_off", _("Put on the street")
    ON_HOURS = "on_hours", _("Back in service")
    OFF_HOURS = "off_hours", _("Out of service")
    RESERVATION_START = "reservation_start", _("Reserved")
    RESERVATION_CANCEL = "reservation_cancel", _("Reservation over")
    TRIP_START = "trip_start", _("Ride started")
    TRIP_END = "trip_end", _("Ride ended")
    MAINTENANCE = "maintenance", _("Maintenance")  # the beginning and the end of it, by the state before
    BATTERY_CHARGED = "battery_charged", _("Battery swapped")
    MAINTENANCE_PICK_UP = "maintenance_pick_up", _("Picked up for maintenance")
    REBALANCE_PICK_UP = "rebalance_pick_up", _("Picked up to be put elsewhere")
    COMPLIANCE_PICK_UP = "compliance_pick_up", _("Picked up because of where it stood")
    NOT_LOCATED = "not_located", _("Missing")
    LOCATED = "located", _("Found")
    DECOMMISSIONED = "decommissioned", _("Decommissioned")
    # What changes no state: no feed tells of these.
    SERVICED = "serviced", _("Serviced")
    ALLOCATED = "allocated", _("Set aside for later")
    RELEASED = "released", _("No longer set aside")


PICK_UPS = (EventType.MAINTENANCE_PICK_UP, EventType.REBALANCE_PICK_UP, EventType.COMPLIANCE_PICK_UP)
OWN_EVENT_TYPES = (EventType.SERVICED, EventType.ALLOCATED, EventType.RELEASED)


class ProblemKind(TextChoices):
    """What riders report of a vehicle."""

    BRAKES = "brakes", _("Brakes")
    STEERING = "steering", _("Handlebars or steering")
    WHEELS = "wheels", _("Tires or wheels")
    LIGHTS = "lights", _("Lights")
    BATTERY = "battery", _("Battery or motor")
    LOCK = "lock", _("Lock or unlock code")
    NOT_THERE = "not_there", _("It is not where it should be")
    PARKED = "parked", _("It stands in the way")
    DIRTY = "dirty", _("Dirty")
    OTHER = "other", _("Something else")

    @property
    def is_about_safety(self) -> bool:
        """Whether nobody should ride the vehicle until somebody has looked at it."""
        return self in {ProblemKind.BRAKES, ProblemKind.STEERING, ProblemKind.WHEELS}
