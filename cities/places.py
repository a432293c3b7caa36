"""Find the well-known places of a city: by their names, or around a position."""

import unicodedata

from .geography import Spot, great_circle_km
from .models import City, Place

MAX_SEARCH_LENGTH = 100  # characters
MAX_FOUND = 8


def search_places(city: City, text: str) -> list[Spot]:
    """Return the city's places whose names contain what was typed, those that begin with it first.

    Accents and capitals don't matter. An empty text finds nothing.
    """
    wanted = folded(text)
    if not wanted:
        return []
    found = [place for place in spots_of(city) if wanted in folded(place.name)]
    found.sort(key=lambda place: (not folded(place.name).startswith(wanted), place.name))
    return found[:MAX_FOUND]


def spots_of(city: City) -> list[Spot]:
    """Return all of a city's places, by name."""
    rows = Place.objects.in_city(city.name).order_by("name").values_list("name", "latitude", "longitude")
    return [Spot(*row) for row in rows]


def nearest_place(city: City, position: tuple[float, float], *, within_m: float) -> Spot | None:
    """Return the place nearest to a position in degrees, at most ``within_m`` metres away."""
    places = [(great_circle_km(*position, *place.position) * 1000, place) for place in spots_of(city)]
    metres, place = min(places, default=(0.0, None), key=lambda pair: pair[0])
    return place if place is not None and metres <= within_m else None


def folded(text: str) -> str:
    """Return text without accents, capitals and repeated spaces, for comparisons."""
    plain = unicodedata.normalize("NFKD", text[:MAX_SEARCH_LENGTH])
    return " ".join("".join(letter for letter in plain if not unicodedata.combining(letter)).casefold().split())
