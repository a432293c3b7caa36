"""A city's vehicles for a map: single ones, or groups where there are many."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from math import ceil, cos, floor, log2, radians
from typing import Any, NotRequired, TypedDict

from django.core.cache import caches
from django.db.models import Avg, Case, CharField, Count, F, FloatField, Func, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from cities import geohash
from cities.models import City
from movr_project.db.expressions import float_value
from movr_project.db.prepared import Prepared, with_hyphens
from movr_project.errors import Refused

from .calendar.intervals import Interval, booking_buffer
from .models import Vehicle
from .querysets.vehicles import VehicleQuerySet
from .search import NO_FILTERS, Filters

MAX_PLACES = 300  # places per response
MAX_BBOX_LENGTH, MAX_ZOOM_LENGTH = 200, 4  # characters
DEEPEST_ZOOM = 22  # the maximum of web maps
PIXELS_OF_A_GROUP = 64
PIXELS_OF_THE_WORLD = 256  # at zoom 0
MAX_QUADS = 100
GROUPS_KEPT_SECONDS = 15
SMALLEST_SPAN = 1e-6  # degrees


class Place(TypedDict):
    """A vehicle or a group. A group has only a count and a position."""

    count: int  # vehicles
    lat: float
    lon: float
    id: NotRequired[str]  # the public one
    type: NotRequired[str]
    battery: NotRequired[int | None]  # percent
    own: NotRequired[bool]  # belongs to the viewer


class MapRefused(Refused):
    """Codes: ``bad_bbox``, ``bad_zoom``."""


@dataclass(frozen=True)
class Box:
    """An area of the map, in degrees."""

    south: float
    west: float
    north: float
    east: float

    @classmethod
    def around(cls, city: City) -> "Box":
        """Return the area of a whole city."""
        return cls(*city.bounds)

    @classmethod
    def read(cls, text: str) -> "Box":
        """``south,west,north,east``."""
        try:
            south, west, north, east = map(float, text[:MAX_BBOX_LENGTH].split(",", 4))
        except ValueError:
            south = west = north = east = float("nan")
        # Comparisons with NaN are false.
        if not (-90 <= south <= north <= 90 and -180 <= west <= east <= 180):
            raise MapRefused(_("bbox must be south,west,north,east in degrees."), code="bad_bbox")
        return cls(south, west, north, east)

    def widened(self) -> "Box":
        """Return a box around this one that it has in common with many similar ones, at most twice as wide."""
        south, north = _rounded_outwards(self.south, self.north, 90.0)
        west, east = _rounded_outwards(self.west, self.east, 180.0)
        return Box(south, west, north, east)


def _rounded_outwards(least: float, most: float, limit: float) -> tuple[float, float]:
    """Round to multiples of a power of two between a quarter and half of their distance."""
    step = 2.0 ** (ceil(log2(max(most - least, SMALLEST_SPAN))) - 2)
    return max(-limit, floor(least / step) * step), min(limit, ceil(most / step) * step)


@dataclass(frozen=True)
class MapQuery:
    """The area and detail of a map request, and what to show."""

    box: Box
    zoom: int = DEEPEST_ZOOM
    filters: Filters = NO_FILTERS

    @classmethod
    def read(cls, values: Any, city: City, filters: Filters = NO_FILTERS) -> "MapQuery":
        """Parse the query string. Without a bbox it is the whole city."""
        bbox = values.get("bbox", "")
        return cls(
            box=Box.read(bbox) if bbox else Box.around(city), zoom=_zoom(values.get("zoom", "")), filters=filters
        )


def _zoom(text: str) -> int:
    try:
        zoom = int(text[:MAX_ZOOM_LENGTH]) if text else DEEPEST_ZOOM
    except ValueError:
        zoom = -1
    if not 0 <= zoom <= DEEPEST_ZOOM:
        raise MapRefused(_("zoom must be a whole number from 0 to 22."), code="bad_zoom")
    return zoom


@dataclass(frozen=True)
class Shape:
    """What decides how the statement is built, apart from its values."""

    cells: int = 0  # of a list, or half as many bounds of ranges
    are_ranges: bool = False
    has_type: bool = False
    battery: int = 0
    range_m: int = 0
    is_logged_in: bool = False
    buffer: timedelta = timedelta()


def places_on_map(city: City, query: MapQuery, viewer: User | None = None) -> list[Place]:
    """Return at most ``MAX_PLACES`` places: vehicles, or groups if more are in view.

    The vehicles are those of the list: what the viewer can ride, and their own. Groups are cells of a grid that stays
    in place when the map is moved. They are counted for everyone alike, as counting 100,000 vehicles takes half a
    second: once in ``GROUPS_KEPT_SECONDS`` for an area, in each process. What only the viewer can ride is not among
    them; it is on the map once that shows single vehicles.
    """
    wide = replace(query, box=query.box.widened())
    key = sha256(repr((city.name, wide)).encode()).hexdigest()
    groups = caches["memory"].get(key)
    if groups is None:
        vehicles = _vehicles_in_view(city, query, viewer)
        if len(vehicles) <= MAX_PLACES:
            return vehicles
        groups = _groups_in_view(city, wide)
        caches["memory"].set(key, groups, GROUPS_KEPT_SECONDS)
    return groups


def _vehicles_in_view(city: City, query: MapQuery, viewer: User | None) -> list[Place]:
    """Return one more than ``MAX_PLACES`` at most."""
    return [
        {
            "count": 1,
            "lat": latitude,
            "lon": longitude,
            "id": with_hyphens(id_),
            "type": type_,
            "battery": battery,
            "own": bool(own),
        }
        for latitude, longitude, id_, type_, battery, own in _rows(_vehicles, _build_vehicles, city, query, viewer)
    ]


def _groups_in_view(city: City, query: MapQuery) -> list[Place]:
    east, north = grid(city, query)
    rows = _rows(_groups, _build_groups, city, query, None, squares_east=east, squares_north=north)
    return [{"count": count, "lat": latitude, "lon": longitude} for count, latitude, longitude in rows]


def _rows(
    prepared: Prepared, build: Callable[..., QuerySet], city: City, query: MapQuery, viewer: User | None, **more: float
) -> Iterable[tuple]:
    shape, values = _shape_and_values(city, query, viewer)
    free_for = query.filters.free_for
    return build(shape, free_for=free_for, **values, **more) if free_for else prepared.rows(shape, values | more)


def _shape_and_values(city: City, query: MapQuery, viewer: User | None) -> tuple[Shape, dict[str, Any]]:
    box, now = query.box, timezone.now()
    ranges = cell_ranges(box) if _is_small(box, city) else []
    are_ranges = any(first != last for first, last in ranges)
    if are_ranges:
        bounds = [bound for pair in ranges for bound in pair]
        cells = [bounds[0], bounds[-1], *bounds]
    else:
        cells = [first for first, _last in ranges]
    rider = viewer if viewer is not None and viewer.is_authenticated else None
    filters = query.filters
    shape = Shape(
        cells=len(cells),
        are_ranges=are_ranges,
        has_type=bool(filters.type_),
        battery=filters.battery,
        range_m=filters.range_m,
        is_logged_in=rider is not None,
        buffer=booking_buffer(),
    )
    values = {
        "city": city.name,
        "south": box.south,
        "north": box.north,
        "west": box.west,
        "east": box.east,
        "now": now,
        "soon": now + shape.buffer,
        **{f"cell_{number}": cell for number, cell in enumerate(cells)},
    }
    if filters.type_:
        values["type_"] = filters.type_
    if rider is not None:
        values["viewer_id"] = rider.id
    return shape, values


def _build_vehicles(shape: Shape, *, viewer_id: Any = None, **values: Any) -> QuerySet:
    own = Case(When(owner_id=viewer_id, then=Value(1)), default=Value(0)) if shape.is_logged_in else Value(0)
    in_view = _in_view(shape, viewer_id=viewer_id, **values).order_by().annotate(own=own)
    id_ = Cast("public_id", CharField())
    return in_view.values_list("latitude", "longitude", id_, "type", "battery_percent", "own")[: MAX_PLACES + 1]


def _build_groups(shape: Shape, **values: Any) -> QuerySet:
    square = _square(values["squares_east"], values["squares_north"])
    grouped = _in_view(shape, **values).order_by().annotate(square=square).values("square")
    return grouped.annotate(
        number=Count("*"), mean_latitude=Avg("latitude"), mean_longitude=Avg("longitude")
    ).values_list("number", "mean_latitude", "mean_longitude")


_vehicles = Prepared(_build_vehicles)
_groups = Prepared(_build_groups)


def _in_view(
    shape: Shape,
    *,
    city: str,
    viewer_id: Any = None,
    now: datetime,
    soon: datetime,
    free_for: Interval | None = None,
    **values: Any,
) -> VehicleQuerySet:
    vehicles = Vehicle.objects.in_city(city)
    vehicles = vehicles.free_for(free_for) if free_for else vehicles.open_to(viewer_id, Interval(now, soon))
    # Vehicles without a position have neither.
    vehicles = vehicles.filter(
        latitude__range=(values["south"], values["north"]), longitude__range=(values["west"], values["east"])
    )
    if shape.cells:
        vehicles = vehicles.filter(_in_cells(shape, [values[f"cell_{number}"] for number in range(shape.cells)]))
    return Filters(values.get("type_", ""), shape.battery, shape.range_m).narrow(vehicles)


def within(box: Box, city: City) -> Q:
    """Return a condition for vehicles in an area. It uses the index on (city, cell) where that helps."""
    inside = Q(latitude__range=(box.south, box.north), longitude__range=(box.west, box.east))
    if not _is_small(box, city):
        return inside
    ranges = cell_ranges(box)
    if all(first == last for first, last in ranges):
        return inside & Q(cell__in=[first for first, _last in ranges])
    bounds = [bound for pair in ranges for bound in pair]
    return inside & _in_cells(Shape(are_ranges=True), [bounds[0], bounds[-1], *bounds])


def _is_small(box: Box, city: City) -> bool:
    """Return whether to use the index. For a large part of a city, a scan is faster than many index ranges."""
    whole = Box.around(city)
    return (
        box.north - box.south < (whole.north - whole.south) / 4 and box.east - box.west < (whole.east - whole.west) / 4
    )


def _in_cells(shape: Shape, cells: list[str]) -> Q:
    """Return a condition that uses the index on (city, cell). SQLite needs a list or a single range for that."""
    if not shape.are_ranges:
        return Q(cell__in=cells)
    in_ranges = Q()
    for first, last in zip(cells[2::2], cells[3::2], strict=True):
        in_ranges |= Q(cell__range=(first, last))
    return Q(cell__range=(cells[0], cells[1])) & in_ranges


def cell_ranges(box: Box) -> list[tuple[str, str]]:
    """Return a few ranges of geohash cells (first, last) that cover a box.

    Cells are numbered along a Z-order curve, which fills each quadrant of the world, and each quadrant of that,
    before the next. A quad of 2 by 2, 4 by 4, … cells is therefore a single range, and adjacent ranges are often
    merged.
    """
    columns, rows = geohash.BITS - geohash.BITS // 2, geohash.BITS // 2
    west, east = (_index(degrees + 180, geohash.CELL_WIDTH, columns) for degrees in (box.west, box.east))
    south, north = (_index(degrees + 90, geohash.CELL_HEIGHT, rows) for degrees in (box.south, box.north))
    size = 0
    while ((east >> size) - (west >> size) + 1) * ((north >> size) - (south >> size) + 1) > MAX_QUADS:
        size += 1
    quads = sorted(
        geohash.interleave(column, row)
        for column in range(west >> size, (east >> size) + 1)
        for row in range(south >> size, (north >> size) + 1)
    )
    if not size:
        return [(geohash.name(quad), geohash.name(quad)) for quad in quads]
    ranges: list[list[int]] = []
    for quad in quads:
        if ranges and quad == ranges[-1][1] + 1:
            ranges[-1][1] = quad
        else:
            ranges.append([quad, quad])
    cells = 4**size
    return [(geohash.name(first * cells), geohash.name((last + 1) * cells - 1)) for first, last in ranges]


def _index(degrees: float, cell: float, bits: int) -> int:
    return min(int(degrees / cell), 2**bits - 1)


class WholePart(Func):
    """Round a non-negative number down. Django's FLOOR on SQLite calls Python for each row."""

    function = "FLOOR"
    output_field = FloatField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="CAST(%(expressions)s AS INTEGER)", **context)


def _square(per_degree_east: float, per_degree_north: float) -> Combinable:
    """Return the expression for a vehicle's cell number in the grid."""
    column = WholePart((F("longitude") + float_value(180)) * float_value(per_degree_east))
    row = WholePart((F("latitude") + float_value(90)) * float_value(per_degree_north))
    return row * float_value(2**30) + column


def grid(city: City, query: MapQuery) -> tuple[float, float]:
    """Return the cells per degree of longitude and latitude: as small as is legible, at most MAX_PLACES in view."""
    box = query.box
    depth = query.zoom + (PIXELS_OF_THE_WORLD // PIXELS_OF_A_GROUP).bit_length() - 1
    while True:
        east = 2**depth / 360
        north = east / cos(radians(city.latitude))
        columns = int((box.east + 180) * east) - int((box.west + 180) * east) + 1
        rows = int((box.north + 90) * north) - int((box.south + 90) * north) + 1
        if columns * rows <= MAX_PLACES:
            return east, north
        depth -= 1
