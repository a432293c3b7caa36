"""Addresses without a city, as the inventory had them: ``/vehicles``, ``/cars``, ``/cars/all/allocations/…``.

They are the same views with the type fixed. The inventory's cars, lorries and trucks are our types of these names.
Without ``city``, a list is of the person's home city or of a client's only one, and an ID is looked for everywhere.
"""

import uuid
from typing import Literal

from django.http import HttpRequest, HttpResponse
from django.urls import register_converter
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema

from cities.models import City
from cities.registry import registry
from movr_project.api.authentication import Caller
from movr_project.api.errors import invalid, not_found
from movr_project.api.pagination import Collection, Paging

from ..models import Allocation, Vehicle
from ..models.choices import VehicleType
from ..views.addresses import addressed
from ..views.permissions import visible_to
from . import allocations, changes, vehicles
from .access import ANY_VEHICLE, runs_fleet, vehicle_not_found, viewer_of
from .inputs import MAX_SLUG, served_city
from .represent import VehicleOut

router = Router()

TYPES: dict[str, VehicleType | None] = {
    "vehicles": None,
    "bikes": VehicleType.BIKE,
    "e-bikes": VehicleType.E_BIKE,
    "scooters": VehicleType.SCOOTER,
    "skateboards": VehicleType.SKATEBOARD,
    "mopeds": VehicleType.MOPED,
    "cars": VehicleType.CAR,
    "lorries": VehicleType.LORRY,
    "trucks": VehicleType.TRUCK,
}


class TypesConverter:
    """``<types:kind>`` in a URL."""

    regex = "|".join(TYPES)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(TypesConverter, "types")

Kind = Literal[
    "vehicles", "bikes", "e-bikes", "scooters", "skateboards", "mopeds", "cars", "lorries", "trucks"
]  # for the OpenAPI document


class CityParameter(Schema):
    city: str = Field("", max_length=MAX_SLUG, description="A city's slug.")


def _city(caller: Caller, parameter: CityParameter) -> City:
    """Return the city of a list."""
    if parameter.city:
        city = served_city(parameter.city, place="query")
    elif caller.user is not None:
        return caller.user.home_city
    elif len(caller.cities or ()) == 1:
        city = registry[next(iter(caller.cities or ()))]
    else:
        message = _("Name one of your cities.")
        raise invalid({"field": "city", "in": "query", "code": "required", "message": message})
    if not caller.serves(city.name):
        raise not_found()
    return city


def _names(caller: Caller, parameter: CityParameter) -> list[str]:
    """Return the cities in which an ID may be: the one that is named, or all that the caller may see.

    The statement names all of these, so that each city's index is used. It still asks every region.
    """
    if parameter.city:
        return [_city(caller, parameter).name]
    return [city.name for city in registry if caller.serves(city.name)]


def _vehicle(caller: Caller, kind: str, id_: uuid.UUID, parameter: CityParameter) -> Vehicle:
    names, type_ = _names(caller, parameter), TYPES[kind]
    rows = visible_to(viewer_of(caller), knows_all=runs_fleet(caller)).filter(city__in=names)
    if type_ is not None:
        rows = rows.of_type(type_)
    found = addressed(rows, id_, viewer=viewer_of(caller), knows_all=runs_fleet(caller))
    if found is None:
        raise vehicle_not_found()
    return found


def _fixed(kind: str, given: VehicleType | None) -> VehicleType | None:
    """Return the type of an address, which may be repeated but not contradicted."""
    type_ = TYPES[kind]
    if type_ is not None and given is not None and given != type_:
        message = _("The type contradicts the address.")
        raise invalid({"field": "type", "code": "contradiction", "message": message})
    return type_ or given


@router.get("/{types:kind}", auth=ANY_VEHICLE, response=Collection[VehicleOut], summary="List vehicles of a type")
def list_vehicles_of_type(
    request: HttpRequest,
    kind: Kind,
    where: Query[CityParameter],
    paging: Query[Paging],
    filters: Query[vehicles.VehicleFilters],
) -> HttpResponse:
    filters.type = _fixed(kind, filters.type)
    return vehicles.answer_list(request, _city(request.auth, where), paging, filters)


class TypedVehicleIn(changes.VehicleIn):
    type: VehicleType | None = None  # type: ignore[assignment]


@router.post("/{types:kind}", auth=changes.WRITE, response={201: VehicleOut}, summary="Register a vehicle of a type")
def create_vehicle_of_type(
    request: HttpRequest, kind: Kind, where: Query[CityParameter], data: TypedVehicleIn
) -> HttpResponse:
    type_ = _fixed(kind, data.type)
    if type_ is None:
        raise invalid({"field": "type", "in": "body", "code": "missing", "message": _("Name a type.")})
    data.type = type_
    return changes.register(request, _city(request.auth, where), data)


@router.get("/{types:kind}/{uuid:id}", auth=ANY_VEHICLE, response=VehicleOut, summary="Read a vehicle of a type")
def read_vehicle_of_type(
    request: HttpRequest,
    kind: Kind,
    id: uuid.UUID,  # noqa: A002
    where: Query[CityParameter],
) -> HttpResponse:
    found = _vehicle(request.auth, kind, id, where)
    return vehicles.answer_one(request, found.served_city, id)


@router.delete(
    "/{types:kind}/{uuid:id}", auth=changes.WRITE, response={204: None}, summary="Decommission a vehicle of a type"
)
def decommission_vehicle_of_type(
    request: HttpRequest,
    kind: Kind,
    id: uuid.UUID,  # noqa: A002
    where: Query[CityParameter],
) -> HttpResponse:
    found = _vehicle(request.auth, kind, id, where)
    return changes.decommission(request, found.served_city, id)


@router.get(
    "/{types:kind}/{uuid:id}/allocations",
    auth=allocations.READ,
    response=Collection[allocations.AllocationOut],
    summary="List the allocations of a vehicle of a type",
)
def list_allocations_of_type(
    request: HttpRequest,
    kind: Kind,
    id: uuid.UUID,  # noqa: A002
    where: Query[CityParameter],
    paging: Query[Paging],
    filters: Query[allocations.AllocationFilters],
) -> HttpResponse:
    found = _vehicle(request.auth, kind, id, where)
    return allocations.answer_list(request, found.served_city, found, paging, filters)


@router.post(
    "/{types:kind}/{uuid:id}/allocations",
    auth=allocations.WRITE,
    response={201: allocations.AllocationOut},
    summary="Allocate a vehicle of a type",
)
def create_allocation_of_type(
    request: HttpRequest,
    kind: Kind,
    id: uuid.UUID,  # noqa: A002
    where: Query[CityParameter],
    data: allocations.AllocationIn,
) -> HttpResponse:
    found = _vehicle(request.auth, kind, id, where)
    return allocations.allocate(request, found.served_city, found, data)


def _allocation(
    caller: Caller, kind: str, where: CityParameter, allocation_id: uuid.UUID, vehicle: Vehicle | None = None
) -> Allocation:
    """Return an allocation by its bare ID, of a vehicle of the type that the address names."""
    names = _names(caller, where)
    found = Allocation.objects.filter(city__in=names, id=allocation_id).select_related("vehicle").first()
    type_ = TYPES[kind]
    if found is None or (type_ is not None and found.vehicle.type != type_):
        raise not_found()
    if vehicle is not None and found.vehicle_id != vehicle.id:
        raise not_found()
    visible = allocations.visible_allocations(caller, found.served_city, found.vehicle)
    return allocations.one_or_404(visible, allocation_id)


@router.get(
    "/{types:kind}/{uuid:id}/allocations/{uuid:allocation_id}",
    auth=allocations.READ,
    response=allocations.AllocationOut,
    summary="Read an allocation of a vehicle of a type",
)
def read_allocation_of_type(
    request: HttpRequest,
    kind: Kind,
    id: uuid.UUID,  # noqa: A002
    allocation_id: uuid.UUID,
    where: Query[CityParameter],
) -> HttpResponse:
    vehicle = _vehicle(request.auth, kind, id, where)
    return allocations.answer_one(request, _allocation(request.auth, kind, where, allocation_id, vehicle))


@router.delete(
    "/{types:kind}/{uuid:id}/allocations/{uuid:allocation_id}",
    auth=allocations.WRITE,
    response={204: None},
    summary="Cancel an allocation of a vehicle of a type",
)
def delete_allocation_of_type(
    request: HttpRequest,
    kind: Kind,
    id: uuid.UUID,  # noqa: A002
    allocation_id: uuid.UUID,
    where: Query[CityParameter],
) -> HttpResponse:
    vehicle = _vehicle(request.auth, kind, id, where)
    return allocations.cancel(request, _allocation(request.auth, kind, where, allocation_id, vehicle))


@router.get(
    "/{types:kind}/all/allocations/{uuid:allocation_id}",
    auth=allocations.READ,
    response=allocations.AllocationOut,
    summary="Read an allocation of any vehicle",
)
def read_any_allocation(
    request: HttpRequest, kind: Kind, allocation_id: uuid.UUID, where: Query[CityParameter]
) -> HttpResponse:
    return allocations.answer_one(request, _allocation(request.auth, kind, where, allocation_id))


@router.delete(
    "/{types:kind}/all/allocations/{uuid:allocation_id}",
    auth=allocations.WRITE,
    response={204: None},
    summary="Cancel an allocation of any vehicle",
)
def delete_any_allocation(
    request: HttpRequest, kind: Kind, allocation_id: uuid.UUID, where: Query[CityParameter]
) -> HttpResponse:
    return allocations.cancel(request, _allocation(request.auth, kind, where, allocation_id))
