"""What a caller sees and may do in a city's fleet: as on the pages and in the admin."""

import uuid
from http import HTTPStatus

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext as _

from accounts.api_access.models import FLEET, Scope
from accounts.models import User
from cities.api import city_or_404
from cities.models import City
from movr_project.api.authentication import Caller, check_scope, scope
from movr_project.api.errors import ApiError, not_found

from ..models import Vehicle
from ..querysets.vehicles import VehicleQuerySet
from ..views.addresses import addressed, published_key
from ..views.permissions import visible_to

# People who ride or book find vehicles, and so does everyone who has to do with the fleet.
ANY_VEHICLE = scope(Scope.RIDES, Scope.BOOKINGS, Scope.FLEET_READ, Scope.FLEET_WRITE, clients=True)


def viewer_of(caller: Caller) -> User | AnonymousUser:
    return caller.user or AnonymousUser()


def runs_fleet(caller: Caller) -> bool:
    """Return whether the caller sees all vehicles of the cities they serve, with codes and permanent IDs.

    That is an organisation's client, or staff. Staff get a scope of the fleet only with their second factor.
    """
    if not caller.scopes & FLEET:
        return False
    return caller.client is not None or viewer_of(caller).is_staff


def city_for(caller: Caller, slug: str) -> City:
    """Return the city of an address. To a client, there are only its own cities."""
    city = city_or_404(slug)
    if not caller.serves(city.name):
        raise not_found()
    return city


def visible_vehicles(caller: Caller, city: City) -> VehicleQuerySet:
    return visible_to(viewer_of(caller), knows_all=runs_fleet(caller)).in_city(city.name)


def find_vehicle(caller: Caller, city: City, address_id: uuid.UUID) -> Vehicle:
    """Return the vehicle with this public ID or, for those who have it, this permanent ID."""
    vehicles = visible_vehicles(caller, city)
    found = addressed(vehicles, address_id, viewer=viewer_of(caller), knows_all=runs_fleet(caller))
    if found is None:
        raise vehicle_not_found()
    return found


def find_key(caller: Caller, city: City, address_id: uuid.UUID) -> Vehicle:
    """Like ``find_vehicle``, but read only the IDs: for acts, whose services read the rest."""
    if vehicle := published_key(city, address_id):
        return vehicle
    vehicles = Vehicle.objects.in_city(city.name).only("city", "id", "public_id")
    found = addressed(vehicles, address_id, viewer=viewer_of(caller), knows_all=runs_fleet(caller))
    if found is None:
        raise vehicle_not_found()
    return found


def vehicle_not_found() -> ApiError:
    return ApiError(HTTPStatus.NOT_FOUND, "vehicle_gone", _("Vehicle not found. It may have moved on."))


def check_permission(caller: Caller, permission: str, scope_name: Scope) -> None:
    """Let clients with the scope, and staff who also have the permission that the admin asks for, go on."""
    check_scope(caller, scope_name)
    if not may(caller, permission, scope_name):
        raise ApiError(HTTPStatus.FORBIDDEN, "forbidden", _("You don't have access."))


def may(caller: Caller, permission: str, scope_name: Scope) -> bool:
    if scope_name not in caller.scopes:
        return False
    user = caller.user
    return user is None or (user.is_staff and user.has_perm(permission))
