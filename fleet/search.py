"""The vehicles of a city as its riders look for them."""

from datetime import datetime
from math import cos, radians

from accounts.models import User
from movr_project.pagination import Page

from . import geohash
from .intervals import Interval
from .models import Allocation, Vehicle
from .querysets import VehicleQuerySet

PAGE_SIZE = 24


def vehicles_page(
    city: str,
    *,
    viewer: User,
    number: int,
    type_: str = "",
    available: bool = False,
    free_for: Interval | None = None,
    position: tuple[float, float] | None = None,
) -> Page[Vehicle]:
    """One page of a city's vehicles as ``viewer`` sees them (row M33): nearest first where a position in degrees
    is given; with ``free_for`` those alone that nothing takes meanwhile.
    """
    vehicles = Vehicle.objects.in_city(city).listed().seen_by(viewer)
    if type_:
        vehicles = vehicles.of_type(type_)
    if free_for is not None:
        vehicles = vehicles.free_for(free_for)
    elif available:
        vehicles = vehicles.rideable_by(viewer)
    if position is None:
        return Page.of(vehicles.in_order(), number, PAGE_SIZE)
    return _nearest_page(vehicles, number, *position)


def nearest_free(booking: Allocation, now: datetime) -> Vehicle | None:
    """What can be ridden instead of a vehicle that is not back: of its type, free for what is left of the booking.

    With ``distance_m`` from where that one stood last, as far as that is known.
    """
    vehicle = booking.vehicle
    others = Vehicle.objects.in_city(booking.city).of_type(vehicle.type).free_for(Interval(now, booking.ends_at))
    if vehicle.position is None:
        return others.in_order().first()
    near = others.around(*vehicle.position).by_distance(*vehicle.position).first()
    if near is not None and near.distance_m <= _reach_m(vehicle.latitude):
        return near
    return others.by_distance(*vehicle.position).first()


def _nearest_page(vehicles: VehicleQuerySet, number: int, latitude: float, longitude: float) -> Page[Vehicle]:
    """Look at the cells around first, and sort the whole city only where they hold too few.

    In a city of 111,000 vehicles sorting all takes some 100 ms, the cells around 2 ms.
    """
    needed = number * PAGE_SIZE + 1
    around = vehicles.around(latitude, longitude).by_distance(latitude, longitude)[:needed]
    near = [vehicle for vehicle in around if vehicle.distance_m <= _reach_m(latitude)]
    if len(near) == needed:
        return Page.of(near, number, PAGE_SIZE)
    return Page.of(vehicles.by_distance(latitude, longitude), number, PAGE_SIZE)


def _reach_m(latitude: float) -> float:
    """How far, in metres, the cells around a point reach at the least: one cell."""
    cell_width_m = geohash.CELL_WIDTH * cos(radians(latitude)) * geohash.METRES_PER_DEGREE
    return min(geohash.CELL_HEIGHT_M, cell_width_m)
