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
