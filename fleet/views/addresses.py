"""Find the vehicle that a URL refers to.

URLs contain a vehicle's public ID, which changes with every trip, so that no one can track a vehicle from one trip to
the next. The permanent ID works only for its owner, its rider, the person who has reserved or booked it, and staff.
"""

import uuid
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.models import User
from cities.models import City
from movr_project.db.prepared import Prepared
from movr_project.db.retry import retry_read
from movr_project.web.form_tokens import new_form_token

from ..at_the_label import is_at
from ..calendar.availability import Availability
from ..models import Vehicle
from ..querysets.vehicles import VehicleQuerySet
from ..search import vehicles_page
from .cards import vehicle_cards
from .permissions import knows_every_code, visible_vehicles

View = Callable[..., HttpResponse]
SUGGESTIONS = 6
_key_rows = Prepared(lambda _shape, **key: Vehicle.objects.filter(**key).only("city", "id", "public_id"))


def with_vehicle(view: View) -> View:
    """Call the view with the URL's vehicle, or respond with 404 if it has moved on."""

    @wraps(view)
    def wrapper(request: HttpRequest, city: City, vehicle_id: uuid.UUID) -> HttpResponse:
        vehicle = find_vehicle(request, visible_vehicles(request), city, vehicle_id)
        return moved_on(request, city) if vehicle is None else view(request, vehicle)

    return wrapper


def with_vehicle_key(view: View) -> View:
    """Like ``with_vehicle``, but read only the vehicle's IDs: for actions, whose services read the rest."""

    @wraps(view)
    def wrapper(request: HttpRequest, city: City, vehicle_id: uuid.UUID) -> HttpResponse:
        vehicle = find_vehicle_key(request, city, vehicle_id)
        return moved_on(request, city) if vehicle is None else view(request, vehicle)

    return wrapper


@retry_read
def find_vehicle(request: HttpRequest, vehicles: VehicleQuerySet, city: City, address_id: uuid.UUID) -> Vehicle | None:
    """Return the vehicle with this public ID or, for those who have it, this permanent ID."""
    knows_all = knows_every_code(request)
    return addressed(vehicles.in_city(city.name), address_id, viewer=request.user, knows_all=knows_all)


def addressed(vehicles: VehicleQuerySet, address_id: uuid.UUID, *, viewer: User, knows_all: bool) -> Vehicle | None:
    """Like ``find_vehicle``, among vehicles of one city or a few."""
    if found := _first(vehicles.filter(public_id=address_id)):
        return found
    known = vehicles if knows_all else vehicles.had_by(viewer)
    return _first(known.filter(id=address_id))


@retry_read
def find_vehicle_key(request: HttpRequest, city: City, address_id: uuid.UUID) -> Vehicle | None:
    """Like ``find_vehicle``, but return only the vehicle's IDs."""
    if vehicle := published_key(city, address_id):
        return vehicle
    return find_vehicle(request, Vehicle.objects.only("city", "id", "public_id"), city, address_id)


def published_key(city: City, public_id: uuid.UUID) -> Vehicle | None:
    """Return the IDs of the vehicle with this public one."""
    return next(iter(_key_rows.objects(None, {"city": city.name, "public_id": public_id})), None)


def note_what_is_known(request: HttpRequest, vehicle: Vehicle, availability: Availability) -> None:
    """Set whether the page shows the vehicle's code: to people who have the vehicle or are at it."""
    vehicle.is_known_to_viewer = bool(
        vehicle.owner_id == request.user.pk
        or vehicle.is_ridden_by_viewer
        or vehicle.is_taken_by_viewer
        or availability.own_ahead
        or knows_every_code(request)
        or is_at(request, vehicle)
    )


def _first(vehicles: VehicleQuerySet) -> Vehicle | None:
    return next(iter(vehicles[:1]), None)


def moved_on(request: HttpRequest, city: City) -> HttpResponse:
    """Render a 404 that says that the vehicle has moved on, and suggests others if the person browses its city."""
    free = []
    if city == request.city:
        free = vehicles_page(city.name, viewer=request.user, number=1).object_list[:SUGGESTIONS]
    context = {"city": city, "cards": vehicle_cards(free, request), "ride_token": new_form_token()}
    return render(request, "fleet/moved_on.html", context, status=HTTPStatus.NOT_FOUND)
