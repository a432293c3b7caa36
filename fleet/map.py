"""The vehicles of a city as a map shows them: each one in view, or groups of them where there are many."""

from dataclasses import dataclass
from math import cos, radians
from typing import Any

from django.db.models import Avg, Case, CharField, Count, Exists, F, FloatField, Func, Min, Q, Value, When
from django.utils.translation import gettext as _

from accounts.models import User
from cities.models import City
from movr_project.errors import Refused

from . import geohash
from .choices import VehicleType
from .models import Vehicle
from .querysets import VehicleQuerySet

MOST = 300  # places in one answer
DEEPEST_ZOOM = 22  # of web maps
PIXELS_OF_A_GROUP = 64
PIXELS_OF_THE_WORLD = 256  # at zoom 0
MOST_QUADS = 100
SWITCH = {"": False, "on": True, "true": True, "1": True, "off": False, "false": False, "0": False}

# (how many vehicles, how many of them free, latitude, longitude, code, type, battery): the last three are those
# of the vehicle where there is but one.
Place = tuple[int, int, float, float, str, str, int | None]


class MapRefused(Refused):
    """Codes: bad_bbox, bad_zoom, bad_type, bad_available."""


@dataclass(frozen=True)
class Box:
    """A part of the map, in degrees."""

    south: float
    west: float
    north: float
    east: float

    @classmethod
    def around(cls, city: City) -> "Box":
        """All of a city."""
        height = city.radius_km * 1000 / geohash.METRES_PER_DEGREE
        width = height / cos(radians(city.latitude))
        return cls(city.latitude - height, city.longitude - width, city.latitude + height, city.longitude + width)

    @classmethod
    def read(cls, text: str) -> "Box":
        """``south,west,north,east``."""
        try:
            south, west, north, east = map(float, text.split(",", 4))
        except ValueError:
            south = west = north = east = float("nan")
        # Comparisons with NaN are false.
        if not (-90 <= south <= north <= 90 and -180 <= west <= east <= 180):
            raise MapRefused(_("bbox is south,west,north,east in degrees."), code="bad_bbox")
        return cls(south, west, north, east)


@dataclass(frozen=True)
class MapQuery:
    """What a map asks for."""

    box: Box
    zoom: int = DEEPEST_ZOOM
    type: str = ""
    available: bool = False

    @classmethod
    def read(cls, values: Any, city: City) -> "MapQuery":
        """From the address. Without a bbox it is all of the city."""
        bbox = values.get("bbox", "")
        type_, available = values.get("type", ""), values.get("available", "")
        if type_ and type_ not in VehicleType:
            raise MapRefused(_("There is no such type of vehicle."), code="bad_type")
        if available not in SWITCH:
            raise MapRefused(_("available is on or off."), code="bad_available")
        return cls(
            box=Box.read(bbox) if bbox else Box.around(city),
            zoom=_zoom(values.get("zoom", "")),
            type=type_,
            available=SWITCH[available],
        )


def _zoom(text: str) -> int:
    try:
        zoom = int(text) if text else DEEPEST_ZOOM
    except ValueError:
        zoom = -1
    if not 0 <= zoom <= DEEPEST_ZOOM:
        raise MapRefused(_("zoom is a whole number from 0 to 22."), code="bad_zoom")
    return zoom


def places_on_map(city: City, query: MapQuery, viewer: User | None = None) -> list[Place]:
    """At most ``MOST`` places, by one statement: single vehicles, or groups where there are more in view.

    What counts as free is what the viewer may ride now.

    Groups are squares of a grid that stays where it is while the map is moved.
    """
    in_view = _in_view(city, query, viewer).order_by()
    crowded = Exists(in_view[MOST : MOST + 1])
    grouped = in_view.annotate(
        square=_square(city, query),
        # With their codes as part of the key, each one is a group of its own.
        single=Case(When(crowded, then=Value("")), default=F("code"), output_field=CharField()),
    ).values("square", "single")
    return list(
        grouped.annotate(
            number=Count("*"),
            free=Count("city", filter=Q(is_free=True)),
            mean_latitude=Avg("latitude"),
            mean_longitude=Avg("longitude"),
            one_code=Min("code"),
            one_type=Min("type"),
            one_battery=Min("battery_percent"),
        ).values_list("number", "free", "mean_latitude", "mean_longitude", "one_code", "one_type", "one_battery")
    )


def _in_view(city: City, query: MapQuery, viewer: User | None) -> VehicleQuerySet:
    box = query.box
    vehicles = Vehicle.objects.in_city(city.name).listed().with_is_free(viewer)
    # Those of unknown position have neither.
    vehicles = vehicles.filter(latitude__range=(box.south, box.north), longitude__range=(box.west, box.east))
    if _is_small(box, city):
        vehicles = vehicles.filter(_in_cells(box))
    if query.type:
        vehicles = vehicles.of_type(query.type)
    return vehicles.filter(is_free=True) if query.available else vehicles


def _is_small(box: Box, city: City) -> bool:
    """Beyond a good part of the city, looking into each cell of the index takes longer than reading all."""
    whole = Box.around(city)
    return (
        box.north - box.south < (whole.north - whole.south) / 4 and box.east - box.west < (whole.east - whole.west) / 4
    )


def _in_cells(box: Box) -> Q:
    """So that the index on (city, cell) finds them; SQLite uses it for a list or for one range, PostgreSQL for all."""
    ranges = cell_ranges(box)
    if all(first == last for first, last in ranges):
        return Q(cell__in=[first for first, _last in ranges])
    in_ranges = Q()
    for first, last in ranges:
        in_ranges |= Q(cell__range=(first, last))
    return Q(cell__range=(ranges[0][0], ranges[-1][1])) & in_ranges


def cell_ranges(box: Box) -> list[tuple[str, str]]:
    """A few ranges of geohash cells, first and last, that cover a box.

    Cells are numbered along a curve that runs through each quarter of the world, then through each quarter of
    that, and so on. So a quad, a square of 2 by 2, 4 by 4, … cells, is one range, and neighbors often join up.
    """
    columns, rows = geohash.BITS - geohash.BITS // 2, geohash.BITS // 2
    west, east = (_index(degrees + 180, geohash.CELL_WIDTH, columns) for degrees in (box.west, box.east))
    south, north = (_index(degrees + 90, geohash.CELL_HEIGHT, rows) for degrees in (box.south, box.north))
    size = 0
    while ((east >> size) - (west >> size) + 1) * ((north >> size) - (south >> size) + 1) > MOST_QUADS:
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
    """A number that is not negative, rounded down. Django's FLOOR on SQLite is Python, called for each row."""

    function = "FLOOR"
    output_field = FloatField()

    def as_sqlite(self, compiler, connection, **context):
        return self.as_sql(compiler, connection, template="CAST(%(expressions)s AS INTEGER)", **context)


def _square(city: City, query: MapQuery) -> Any:
    """The number of a vehicle's square in the grid."""
    per_degree_east, per_degree_north = grid(city, query)
    column = WholePart((F("longitude") + _number(180)) * _number(per_degree_east))
    row = WholePart((F("latitude") + _number(90)) * _number(per_degree_north))
    return row * _number(2**30) + column


def grid(city: City, query: MapQuery) -> tuple[float, float]:
    """Squares per degree of longitude and latitude: as fine as groups can be told apart, and at most MOST in view."""
    box = query.box
    depth = query.zoom + (PIXELS_OF_THE_WORLD // PIXELS_OF_A_GROUP).bit_length() - 1
    while True:
        east = 2**depth / 360
        north = east / cos(radians(city.latitude))
        columns = int((box.east + 180) * east) - int((box.west + 180) * east) + 1
        rows = int((box.north + 90) * north) - int((box.south + 90) * north) + 1
        if columns * rows <= MOST:
            return east, north
        depth -= 1


def _number(value: float) -> Any:
    return Value(float(value), output_field=FloatField())
