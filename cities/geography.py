"""Distances on the globe, and parsing of positions."""

from math import asin, cos, radians, sin, sqrt
from typing import NamedTuple

from django.utils.translation import gettext

from movr_project.web.fields import with_point


def place_in_words(words: str, position: tuple[float, float] | None) -> str:
    """Return a description of a place: its text, or a note that only its position is known."""
    return words or (gettext("Pinned location") if position else "")


class Spot(NamedTuple):
    """A named point, in degrees."""

    name: str
    latitude: float
    longitude: float

    @property
    def position(self) -> tuple[float, float]:
        return self.latitude, self.longitude


EARTH_RADIUS_KM = 6371.0
MAX_NUMBER_LENGTH = 40  # characters of a coordinate


def great_circle_km(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Return the distance in km between two points in degrees (haversine)."""
    lat1, lon1, lat2, lon2 = map(radians, (lat1, lon1, lat2, lon2))
    chord = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(sqrt(min(1.0, chord)))


def parse_position(latitude: str, longitude: str) -> tuple[float, float] | None:
    """Parse a position in degrees. Return None unless both are numbers within range."""
    if len(latitude) > MAX_NUMBER_LENGTH or len(longitude) > MAX_NUMBER_LENGTH:
        return None
    try:
        position = float(with_point(latitude)), float(with_point(longitude))
    except ValueError:
        return None
    lat, lon = position
    # Infinity is out of range, and comparisons with NaN are false.
    return position if -90 <= lat <= 90 and -180 <= lon <= 180 else None
