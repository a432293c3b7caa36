"""How vehicles are represented. People know a vehicle by its public ID, which changes with every trip."""

from collections.abc import Callable
from typing import Any

from ninja import Field, Schema

from cities.api import Position, city_path
from cities.models import City
from cities.registry import registry
from movr_project.api.authentication import Caller

from ..calendar.availability import Availability
from ..models import Vehicle
from ..models.choices import FORM_FACTOR, PROPULSION, Situation
from .access import runs_fleet, viewer_of

FORM = {type_.value: factor.value for type_, factor in FORM_FACTOR.items()}
POWER = {type_.value: propulsion.value for type_, propulsion in PROPULSION.items()}


class VehicleLinks(Schema):
    self: str
    city: str
    allocations: str


class VehicleOut(Schema):
    id: str = Field(description="Published. It changes with every trip.")
    permanent_id: str | None = Field(description="For those who have the vehicle or run the fleet.")
    code: str | None = Field(description="On its label. For those who have the vehicle or run the fleet.")
    name: str
    city: str
    type: str
    propulsion: str
    form_factor: str
    brand: str
    color: str
    location: str
    position: Position | None
    battery_percent: int | None
    range_m: int | None
    distance_m: float | None = Field(description="From `near`, in a straight line.")
    situation: str
    available: bool = Field(description="Whether you can start a ride now.")
    yours_until: str | None = Field(description="The end of your own reservation or booking of now.")
    is_own: bool
    approved: bool
    added_on: str
    links: VehicleLinks = Field(alias="_links")


class VehiclePart(Schema):
    """The vehicle of a ride, booking or report."""

    id: str | None = Field(description="Null for past ones: you don't learn where the vehicle is now.")
    permanent_id: str
    code: str
    type: str


def pair(position: tuple[float, float] | None) -> dict[str, float] | None:
    return None if position is None else {"latitude": position[0], "longitude": position[1]}


def vehicle_path(city: City, id_: Any) -> str:
    return f"{city_path(city)}/vehicles/{id_}"


def vehicles_row(caller: Caller) -> Callable[[Vehicle], dict[str, Any]]:
    """Return a function that represents a vehicle which ``see`` has seen, or ``seen_vehicle``."""
    viewer_id, runs = viewer_of(caller).pk, runs_fleet(caller)

    def row(vehicle: Vehicle) -> dict[str, Any]:
        is_own = viewer_id is not None and vehicle.owner_id == viewer_id
        is_taken = vehicle.is_taken_by_viewer
        known = vehicle.is_known_to_viewer = runs or is_own or is_taken or vehicle.is_known_to_viewer
        situation = vehicle.staff_situation if runs else vehicle.situation
        return _vehicle(vehicle, known, situation, vehicle.taken_until if is_taken else None, is_own)

    return row


def _vehicle(vehicle: Vehicle, known: bool, situation: Situation, until: Any, is_own: bool) -> dict[str, Any]:
    city = registry[vehicle.city]
    path = vehicle_path(city, vehicle.id if known else vehicle.public_id)
    return {
        "id": vehicle.public_id,
        "permanent_id": vehicle.id if known else None,
        "code": vehicle.code if known else None,
        "name": vehicle.plate,
        "city": city.slug,
        "type": vehicle.type,
        "propulsion": POWER[vehicle.type],
        "form_factor": FORM[vehicle.type],
        "brand": vehicle.brand,
        "color": vehicle.color,
        "location": vehicle.last_location,
        "position": pair(vehicle.position),
        "battery_percent": vehicle.battery_percent,
        "range_m": vehicle.range_m,
        "distance_m": getattr(vehicle, "distance_m", None),
        "situation": situation.value,
        "available": vehicle.is_rideable,
        "yours_until": until,
        "is_own": is_own,
        "approved": vehicle.approved_at is not None,
        "added_on": vehicle.date_added,
        "_links": {"self": path, "city": city_path(city), "allocations": f"{path}/allocations"},
    }


def represent_one(vehicle: Vehicle, caller: Caller) -> dict[str, Any]:
    """Represent a vehicle from ``visible_vehicles``, after one more statement for its calendar."""
    viewer = viewer_of(caller)
    availability = Availability.of(vehicle, viewer=viewer)
    if runs_fleet(caller):
        current = availability.current
        vehicle.allocated_as = current.situation if current else None
    if caller.user is not None:
        has_it = getattr(vehicle, "is_ridden_by_viewer", False) or bool(availability.own_ahead)
        vehicle.is_known_to_viewer = vehicle.is_known_to_viewer or has_it
    return vehicles_row(caller)(vehicle)


def vehicle_part(vehicle: Vehicle, *, is_over: bool) -> dict[str, Any]:
    """Represent the vehicle of a person's ride or booking."""
    return {
        "id": None if is_over else vehicle.public_id,
        "permanent_id": vehicle.id,
        "code": vehicle.code,
        "type": vehicle.type,
    }
