"""Vehicles: register, change and decommission them."""

import uuid
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Field

from accounts.api_access.models import Scope
from cities.api import city_path
from cities.models import City
from movr_project.api.answers import answer, created, etag_of, no_content
from movr_project.api.authentication import Caller, scope
from movr_project.api.errors import ApiError, invalid_form
from movr_project.api.idempotency import once
from movr_project.api.preconditions import change
from throttling.services import throttle

from ..calendar.locking import lock_vehicle
from ..forms.operators import VehicleForm
from ..forms.vehicles import AddVehicleForm
from ..models import Vehicle
from ..models.choices import VehicleType
from ..models.vehicle import new_lock_code
from ..services import (
    VehicleRefused,
    edit_vehicle,
    insert_operators_vehicle,
    insert_owned_vehicle,
    may_remove,
    owned_vehicle,
    remove_vehicle,
)
from .access import check_permission, city_for, find_vehicle, may
from .inputs import PlaceIn, StrictSchema
from .represent import VehicleOut, represent_one
from .vehicles import router

WRITE = scope(Scope.FLEET_WRITE, clients=True)
ADD, CHANGE = "fleet.add_vehicle", "fleet.change_vehicle"
MAX_TEXT = 1000  # characters, before the form's own limits
PLACE = {"last_location", "latitude", "longitude"}


class VehicleIn(PlaceIn):
    type: VehicleType
    brand: str = Field("", max_length=MAX_TEXT)
    color: str = Field(max_length=MAX_TEXT)
    battery_percent: int | None = Field(None, ge=0, le=100, description="Of the operator's vehicles.")
    range_m: int | None = Field(None, ge=0, le=10_000_000, description="Of the operator's vehicles.")
    lock_code: str | None = Field(None, max_length=8, description="Of the operator's vehicles. Drawn if left out.")


class VehicleChange(StrictSchema):
    """Members that are left out stay as they are."""

    type: VehicleType | None = None
    brand: str | None = Field(None, max_length=MAX_TEXT)
    color: str | None = Field(None, max_length=MAX_TEXT)
    location: str | None = Field(None, max_length=MAX_TEXT)
    latitude: float | None = Field(None, ge=-90, le=90)
    longitude: float | None = Field(None, ge=-180, le=180)
    battery_percent: int | None = Field(None, ge=0, le=100)
    range_m: int | None = Field(None, ge=0, le=10_000_000)
    lock_code: str | None = Field(None, max_length=8)


def vehicle_etag(vehicle: Vehicle, caller: Caller) -> str:
    return etag_of(represent_one(vehicle, caller))


@router.post("/cities/{slug}/vehicles", auth=WRITE, response={201: VehicleOut}, summary="Register a vehicle")
def create_vehicle(request: HttpRequest, slug: str, data: VehicleIn) -> HttpResponse:
    """Organizations, and staff who may, add vehicles of the operator. Others add their own, in their home city."""
    return register(request, city_for(request.auth, slug), data)


def register(request: HttpRequest, city: City, data: VehicleIn) -> HttpResponse:
    caller = request.auth
    values = data.model_dump(exclude={"location"}) | {"last_location": data.location}

    def render(vehicle: Vehicle) -> HttpResponse:
        vehicle.is_known_to_viewer = True
        return created(represent_one(vehicle, caller), f"{city_path(city)}/vehicles/{vehicle.id}")

    if may(caller, ADD, Scope.FLEET_WRITE):
        vehicle = _operators(city, values)
        return once(request, insert_operators_vehicle, render, vehicle=vehicle, by=caller.user)
    if city.name != caller.user.city:
        sentence = _("You can only add vehicles in your home city, %(city)s.") % {"city": caller.user.home_city}
        raise VehicleRefused(sentence, code="wrong_city")
    vehicle = _own(caller, values)
    throttle("add-vehicle", str(caller.id), limit=settings.VEHICLES_ADDED_PER_HOUR)
    return once(request, insert_owned_vehicle, render, vehicle=vehicle)


def _operators(city: City, values: dict[str, Any]) -> Vehicle:
    values["lock_code"] = values["lock_code"] or new_lock_code()
    form = VehicleForm(values, instance=Vehicle(city=city.name))
    if not form.is_valid():
        raise invalid_form(form, {"last_location": "location"})
    return form.save(commit=False)


def _own(caller: Caller, values: dict[str, Any]) -> Vehicle:
    form = AddVehicleForm(values)
    if not form.is_valid():
        raise invalid_form(form, {"last_location": "location"})
    data = {name: form.cleaned_data[name] for name in ("type", "brand", "color", "last_location")}
    return owned_vehicle(owner=caller.user, position=form.position, token=uuid4().hex, **data)


@router.patch("/cities/{slug}/vehicles/{uuid:id}", auth=WRITE, response=VehicleOut, summary="Change a vehicle")
def update_vehicle(request: HttpRequest, slug: str, id: uuid.UUID, data: VehicleChange) -> HttpResponse:  # noqa: A002
    """Organizations, and staff who may, change vehicles. Send `If-Match` with the ETag of the vehicle."""
    return edit(request, city_for(request.auth, slug), id, data)


def edit(request: HttpRequest, city: City, id_: uuid.UUID, data: VehicleChange) -> HttpResponse:
    caller = request.auth
    check_permission(caller, CHANGE, Scope.FLEET_WRITE)
    key = find_vehicle(caller, city, id_).id
    given = data.model_dump(exclude_unset=True)
    if "location" in given:
        given["last_location"] = given.pop("location")

    def read() -> Vehicle:
        return find_vehicle(caller, city, key)

    def current() -> str:
        lock_vehicle(city.name, key)
        return vehicle_etag(read(), caller)

    def write() -> Vehicle:
        vehicle = read()
        edit_vehicle(vehicle, _changed(vehicle, given), by=caller.user)
        return read()

    def render(vehicle: Vehicle) -> HttpResponse:
        shown = represent_one(vehicle, caller)
        return answer(shown, etag=etag_of(shown))

    return change(request, write, render, current=current)


def _changed(vehicle: Vehicle, given: dict[str, Any]) -> set[str]:
    """Set what is given on the vehicle, and return the names of the fields. Raises for invalid values."""
    stored = {name: getattr(vehicle, name) for name in VehicleForm.Meta.fields}
    changed = {name for name, value in given.items() if value != stored[name]}
    if vehicle.is_on_trip and changed & PLACE:
        raise VehicleRefused(_("This vehicle is in use."), code="vehicle_in_use")
    form = VehicleForm(stored | given, instance=vehicle)
    if not form.is_valid():
        raise invalid_form(form, {"last_location": "location"})
    return changed


@router.delete("/cities/{slug}/vehicles/{uuid:id}", auth=WRITE, response={204: None}, summary="Decommission a vehicle")
def decommission_vehicle(request: HttpRequest, slug: str, id: uuid.UUID) -> HttpResponse:  # noqa: A002
    """Its owner, organizations, and staff who may take a vehicle out of service for good."""
    return decommission(request, city_for(request.auth, slug), id)


def decommission(request: HttpRequest, city: City, id_: uuid.UUID) -> HttpResponse:
    caller = request.auth
    vehicle = find_vehicle(caller, city, id_)
    if caller.user is not None and not may_remove(vehicle, caller.user):
        raise ApiError(HTTPStatus.FORBIDDEN, "not_yours", _("You don't own this vehicle."))
    remove_vehicle(city=city.name, vehicle_id=vehicle.id, by=caller.user)
    return no_content()
