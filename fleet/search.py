"""Search the vehicles of a city."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import cos, radians

from django.utils import timezone

from accounts.models import User
from cities import geohash
from movr_project.db.prepared import Prepared
from movr_project.web.pagination import Page

from .calendar.intervals import Interval, booking_buffer
from .models import Allocation, Vehicle
from .querysets.allocations import AllocationQuerySet
from .querysets.vehicles import VehicleQuerySet

PAGE_SIZE = 24


@dataclass(frozen=True)
class Filters:
    """What a rider narrows the list and the map to."""

    type_: str = ""
    battery: int = 0  # percent, at least
    range_m: int = 0  # metres, at least
    free_for: Interval | None = None  # instead of now

    def narrow(self, vehicles: VehicleQuerySet) -> VehicleQuerySet:
        """Filter by everything but time."""
        if self.type_:
            vehicles = vehicles.of_type(self.type_)
        if self.battery:
            vehicles = vehicles.charged(self.battery)
        return vehicles.reaching(self.range_m) if self.range_m else vehicles


NO_FILTERS = Filters()


def vehicles_page(
    city: str,
    *,
    viewer: User,
    number: int,
    filters: Filters = NO_FILTERS,
    position: tuple[float, float] | None = None,
) -> Page[Vehicle]:
    """Return a page of the vehicles of a city that ``viewer`` can ride, and of their own parked ones.

    Nearest first, if a position in degrees is given. With ``filters.free_for``, return those that are free for that
    interval instead.
    """
    if filters.free_for is None and position is None:
        page = _plain_page(city, viewer, number, filters)
    else:
        vehicles = filters.narrow(Vehicle.objects.in_city(city))
        vehicles = vehicles.free_for(filters.free_for) if filters.free_for else vehicles.shown_to(viewer)
        if position is None:
            page = Page.of(vehicles.in_public_order(), number, PAGE_SIZE)
        else:
            page = _nearest_page(vehicles, number, *position)
    see(page.object_list, city, viewer)
    return page


def _plain_page(city: str, viewer: User, number: int, filters: Filters) -> Page[Vehicle]:
    """Return a page in public order: what most people open."""
    now = timezone.now()
    shape = (number, bool(filters.type_), filters.battery, filters.range_m, viewer.is_authenticated, booking_buffer())
    values = {"city": city, "now": now, "soon": now + booking_buffer()}
    chosen = {"type_": filters.type_, "viewer_id": viewer.pk}
    rows = _plain_rows.objects(shape, values | {name: value for name, value in chosen.items() if value})
    return Page(rows[:PAGE_SIZE], number, has_next=len(rows) > PAGE_SIZE)


def _build_plain_rows(
    shape: tuple,
    *,
    city: str,
    now: datetime,
    soon: datetime,
    viewer_id: uuid.UUID | None = None,
    type_: str = "",
) -> VehicleQuerySet:
    number, _has_type, battery, range_m, *_rest = shape
    vehicles = Vehicle.objects.in_city(city).open_to(viewer_id, Interval(now, soon))
    start = (number - 1) * PAGE_SIZE
    return Filters(type_, battery, range_m).narrow(vehicles).in_public_order()[start : start + PAGE_SIZE + 1]


_plain_rows = Prepared(_build_plain_rows)


def see(vehicles: Sequence[Vehicle], city: str, viewer: User) -> None:
    """Set what ``seen_by`` annotates, for a few vehicles of a city: a statement costs less than four subqueries."""
    now = timezone.now()
    values = {"city": city, "now": now, "soon": now + booking_buffer()}
    values |= {f"vehicle_{number}": vehicle.id for number, vehicle in enumerate(vehicles)}
    first: dict[uuid.UUID, Allocation] = {}
    for allocation in _taken_soon.objects(len(vehicles), values) if vehicles else ():
        first.setdefault(allocation.vehicle_id, allocation)
    for vehicle in vehicles:
        vehicle.see(first.get(vehicle.id), viewer)


def _build_taken_soon(
    _number: int, *, city: str, now: datetime, soon: datetime, **vehicle_ids: uuid.UUID
) -> AllocationQuerySet:
    taken = Allocation.objects.in_city(city).filter(vehicle_id__in=list(vehicle_ids.values()))
    return taken.live().overlapping(Interval(now, soon), now=now).in_order()


_taken_soon = Prepared(_build_taken_soon)


def nearest_free(booking: Allocation, now: datetime) -> Vehicle | None:
    """Return alternatives to a vehicle that is not back: of the same type, free for the rest of the booking.

    Annotated with ``distance_m`` from that vehicle's last position, if known.
    """
    vehicle = booking.vehicle
    others = Vehicle.objects.in_city(booking.city).of_type(vehicle.type).free_for(Interval(now, booking.ends_at))
    if vehicle.position is None:
        return others.in_public_order().first()
    near = others.around(*vehicle.position).by_distance(*vehicle.position).first()
    if near is not None and near.distance_m <= _reach_m(vehicle.latitude):
        return near
    return others.by_distance(*vehicle.position).first()


def _nearest_page(vehicles: VehicleQuerySet, number: int, latitude: float, longitude: float) -> Page[Vehicle]:
    """Search the neighbouring cells first, and sort the whole city only if they contain too few vehicles.

    In a city of 111,000 vehicles, sorting all takes about 100 ms, and the cells 2 ms.
    """
    near = nearest(vehicles, number * PAGE_SIZE + 1, latitude, longitude)
    return Page.of(near or vehicles.by_distance(latitude, longitude), number, PAGE_SIZE)


def nearest(vehicles: VehicleQuerySet, needed: int, latitude: float, longitude: float) -> list[Vehicle]:
    """Return the nearest vehicles from the neighbouring cells, or an empty list if these contain too few."""
    around = vehicles.around(latitude, longitude).by_distance(latitude, longitude)[:needed]
    near = [vehicle for vehicle in around if vehicle.distance_m <= _reach_m(latitude)]
    return near if len(near) == needed else []


def _reach_m(latitude: float) -> float:
    """Return the minimum distance, in metres, that the neighbouring cells cover: one cell."""
    cell_width_m = geohash.CELL_WIDTH * cos(radians(latitude)) * geohash.METRES_PER_DEGREE
    return min(geohash.CELL_HEIGHT_M, cell_width_m)
