"""The cities that MovR serves."""

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema

from movr_project.api.answers import answer
from movr_project.api.authentication import anyone
from movr_project.api.errors import invalid, not_found
from movr_project.api.pagination import Collection, Paging, paged

from .geography import Spot, great_circle_km, parse_position
from .models import City
from .places import MAX_SEARCH_LENGTH, search_places, spots_of
from .registry import registry

router = Router(tags=["cities"])


class Position(Schema):
    latitude: float
    longitude: float


class CityLinks(Schema):
    self: str
    places: str


class CityOut(Schema):
    slug: str
    name: str
    code: str
    position: Position
    radius_km: int
    time_zone: str
    currency: str
    links: CityLinks = Field(alias="_links")


def city_or_404(slug: str) -> City:
    """Return the city of an address. The first thing an endpoint below ``/cities/{slug}/`` does."""
    city = registry.with_slug(slug)
    if city is None:
        raise not_found()
    return city


def city_path(city: City) -> str:
    return f"/api/v1/cities/{city.slug}"


def represent(city: City) -> dict[str, Any]:
    return {
        "slug": city.slug,
        "name": str(city),
        "code": city.code,
        "position": {"latitude": city.latitude, "longitude": city.longitude},
        "radius_km": city.radius_km,
        "time_zone": city.time_zone,
        "currency": city.currency,
        "_links": {"self": city_path(city), "places": f"{city_path(city)}/places"},
    }


@router.get("/cities", auth=anyone, response=Collection[CityOut], summary="List the cities")
def list_cities(request: HttpRequest, paging: Query[Paging]) -> HttpResponse:
    cities = sorted(registry, key=lambda city: city.name)
    return paged(request, cities, paging, represent)


@router.get("/cities/{slug}", auth=anyone, response=CityOut, summary="Read a city")
def read_city(request: HttpRequest, slug: str) -> HttpResponse:
    return answer(represent(city_or_404(slug)))


def position_of(text: str) -> tuple[float, float] | None:
    """Read the query parameter ``near``: ``latitude,longitude``."""
    if not text:
        return None
    latitude, _comma, longitude = text.partition(",")
    position = parse_position(latitude, longitude)
    if position is None:
        message = _("Enter latitude,longitude in degrees.")
        raise invalid({"field": "near", "in": "query", "code": "bad_position", "message": message})
    return position


class PlaceOut(Schema):
    name: str
    position: Position
    distance_m: float | None = Field(description="From `near`, in a straight line.")


@router.get("/cities/{slug}/places", auth=anyone, response=Collection[PlaceOut], summary="List a city's known places")
def list_places(
    request: HttpRequest,
    slug: str,
    paging: Query[Paging],
    q: str = Query("", max_length=MAX_SEARCH_LENGTH, description="Part of a name."),
    near: str = Query("", max_length=80, description="`latitude,longitude`: the nearest first."),
) -> HttpResponse:
    city, position = city_or_404(slug), position_of(near)
    spots = search_places(city, q) if q else spots_of(city)
    if position:
        spots.sort(key=partial(_distance_m, position))
    return paged(request, spots, paging, partial(represent_place, near=position))


def represent_place(spot: Spot, near: tuple[float, float] | None = None) -> dict[str, Any]:
    return {
        "name": spot.name,
        "position": {"latitude": spot.latitude, "longitude": spot.longitude},
        "distance_m": _distance_m(near, spot) if near else None,
    }


def _distance_m(position: tuple[float, float], spot: Spot) -> float:
    return great_circle_km(*position, *spot.position) * 1000
