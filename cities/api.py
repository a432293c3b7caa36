"""The cities that MovR serves."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema

from movr_project.api.answers import answer
from movr_project.api.authentication import anyone
from movr_project.api.errors import not_found
from movr_project.api.pagination import Collection, Paging, paged

from .geography import Spot
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


class PlaceOut(Schema):
    name: str
    position: Position


@router.get("/cities/{slug}/places", auth=anyone, response=Collection[PlaceOut], summary="List a city's known places")
def list_places(
    request: HttpRequest,
    slug: str,
    paging: Query[Paging],
    q: str = Query("", max_length=MAX_SEARCH_LENGTH, description="Part of a name."),
) -> HttpResponse:
    city = city_or_404(slug)
    spots = search_places(city, q) if q else spots_of(city)
    return paged(request, spots, paging, _represent_place)


def _represent_place(spot: Spot) -> dict[str, Any]:
    return {"name": spot.name, "position": {"latitude": spot.latitude, "longitude": spot.longitude}}
