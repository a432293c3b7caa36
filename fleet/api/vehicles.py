"""Vehicles: find and read them."""

import uuid
from collections.abc import Sequence
from typing import Any, overload

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema

from cities.api import position_of
from cities.models import City
from movr_project.api.answers import answer, etag_of
from movr_project.api.authentication import Caller
from movr_project.api.errors import invalid
from movr_project.api.pagination import Collection, Paging, paged

from ..calendar.intervals import Interval
from ..map import MAX_BBOX_LENGTH, Box, within
from ..models import Vehicle
from ..models.choices import VehicleType
from ..querysets.vehicles import VehicleQuerySet
from ..search import Filters, nearest, see
from .access import ANY_VEHICLE, city_for, find_vehicle, runs_fleet, viewer_of
from .inputs import OptionalMoment
from .represent import VehicleOut, represent_one, vehicles_row

router = Router(tags=["vehicles"])

MAX_RANGE_M = 10_000_000  # more than any vehicle has
SORTED_AS_A_WHOLE = 5000  # vehicles: sorting these by distance takes a few milliseconds


class VehicleFilters(Schema):
    type: VehicleType | None = None
    available: bool = Field(False, description="Only those with which you can start a ride now.")
    min_battery: int = Field(0, ge=0, le=100, description="Percent. Leaves out vehicles without a known charge.")
    min_range_m: int = Field(0, ge=0, le=MAX_RANGE_M, description="Meters. Leaves out vehicles without a known range.")
    available_from: OptionalMoment = Field(None, description="Available from then (or now) …")
    available_to: OptionalMoment = Field(None, description="… until then.")
    near: str = Field("", max_length=80, description="`latitude,longitude`: the nearest first.")
    bbox: str = Field("", max_length=MAX_BBOX_LENGTH, description="`south,west,north,east` in degrees.")

    @property
    def interval(self) -> Interval | None:
        start, end = self.available_from, self.available_to
        if end is None:
            if start is not None:
                raise _wrong("available_to", "required", _("Enter an end time."))
            return None
        if end <= timezone.now():
            raise _wrong("available_to", "in_the_past", _("Choose a time in the future."))
        start = start or timezone.now()
        if start >= end:
            raise _wrong("available_to", "too_short", _("The end must be after the start."))
        return Interval(start, end)


def _wrong(field: str, code: str, message: str) -> Exception:
    return invalid({"field": field, "in": "query", "code": code, "message": message})


class Found(Sequence[Vehicle]):
    """A city's vehicles for ``paged``: one statement to count them, one to read a page, one for what takes these."""

    def __init__(self, vehicles: VehicleQuerySet, city: City, caller: Caller, near: tuple[float, float] | None):
        self._vehicles, self._city, self._viewer, self._near = vehicles, city, viewer_of(caller), near
        self._total = vehicles.count()

    def __len__(self) -> int:
        return self._total

    @overload
    def __getitem__(self, part: int) -> Vehicle: ...
    @overload
    def __getitem__(self, part: slice) -> list[Vehicle]: ...
    def __getitem__(self, part: Any) -> Any:
        rows = list(self._rows(part.start, part.stop))
        see(rows, self._city.name, self._viewer)
        return rows

    def _rows(self, start: int, stop: int) -> Sequence[Vehicle] | VehicleQuerySet:
        if self._near is None:
            return self._vehicles.in_public_order()[start:stop]
        if self._total > SORTED_AS_A_WHOLE and (near := nearest(self._vehicles, stop, *self._near)):
            return near[start:stop]
        return self._vehicles.by_distance(*self._near)[start:stop]


@router.get("/cities/{slug}/vehicles", auth=ANY_VEHICLE, response=Collection[VehicleOut], summary="List vehicles")
def list_vehicles(
    request: HttpRequest, slug: str, paging: Query[Paging], filters: Query[VehicleFilters]
) -> HttpResponse:
    """The list has approved vehicles. Those who run the fleet also see vehicles that wait for approval."""
    return answer_list(request, city_for(request.auth, slug), paging, filters)


def answer_list(request: HttpRequest, city: City, paging: Paging, filters: VehicleFilters) -> HttpResponse:
    caller = request.auth
    vehicles = Vehicle.objects.in_city(city.name)
    vehicles = vehicles.not_removed().with_situation() if runs_fleet(caller) else vehicles.listed()
    interval, near = filters.interval, position_of(filters.near)
    if filters.bbox:
        vehicles = vehicles.filter(within(Box.read(filters.bbox), city))
    type_ = filters.type.value if filters.type else ""
    vehicles = Filters(type_, filters.min_battery, filters.min_range_m).narrow(vehicles)
    if interval:
        vehicles = vehicles.free_for(interval)
    elif filters.available:
        vehicles = vehicles.rideable_by(viewer_of(caller))
    return paged(request, Found(vehicles, city, caller, near), paging, vehicles_row(caller))


@router.get("/cities/{slug}/vehicles/{uuid:id}", auth=ANY_VEHICLE, response=VehicleOut, summary="Read a vehicle")
def read_vehicle(request: HttpRequest, slug: str, id: uuid.UUID) -> HttpResponse:  # noqa: A002
    """A vehicle is found by its `id`, and by its `permanent_id` for those who have it or run the fleet."""
    return answer_one(request, city_for(request.auth, slug), id)


def answer_one(request: HttpRequest, city: City, id_: uuid.UUID) -> HttpResponse:
    shown = represent_one(find_vehicle(request.auth, city, id_), request.auth)
    return answer(shown, etag=etag_of(shown))
