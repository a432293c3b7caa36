"""Permissions for pages about vehicles."""

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from accounts.models import User
from accounts.two_factor import services as second_factor

from ..models import Vehicle
from ..querysets.vehicles import VehicleQuerySet
from ..services import may_remove


def visible_vehicles(request: HttpRequest) -> VehicleQuerySet:
    """Return the vehicles that the user may see: approved ones and their own. Staff see all that aren't removed."""
    return visible_to(request.user, knows_all=knows_every_code(request))


def visible_to(user: User | AnonymousUser, *, knows_all: bool) -> VehicleQuerySet:
    vehicles = Vehicle.objects.not_removed().with_own_ride(user)
    if knows_all:
        return vehicles
    on_the_road = vehicles.listed()
    if user.is_authenticated:
        on_the_road |= vehicles.filter(owner_id=user.id)
    return on_the_road


def knows_every_code(request: HttpRequest) -> bool:
    """Return whether the person is staff with a confirmed second factor, who may see codes and permanent IDs."""
    return request.user.is_staff and not second_factor.is_missing(request)


def may_remove_now(request: HttpRequest, vehicle: Vehicle) -> bool:
    """Return whether the user may remove the vehicle now. Staff also need a verified second factor."""
    if not request.user.is_authenticated or not may_remove(vehicle, request.user):
        return False
    return vehicle.owner_id == request.user.id or not second_factor.is_missing(request)


def may_print_label(request: HttpRequest, vehicle: Vehicle) -> bool:
    """Return whether the user owns the vehicle, or is staff who may view vehicles with a verified second factor."""
    user = request.user
    if not user.is_authenticated:
        return False
    if vehicle.owner_id == user.id:
        return True
    return user.is_staff and user.has_perm("fleet.view_vehicle") and not second_factor.is_missing(request)


def may_do_field_work(request: HttpRequest) -> bool:
    """Return whether the user is staff who may change vehicles, with a verified second factor."""
    user = request.user
    return user.is_staff and user.has_perm("fleet.change_vehicle") and not second_factor.is_missing(request)
