"""Distances on the globe, and positions read from text."""

from math import asin, cos, radians, sin, sqrt

EARTH_RADIUS_KM = 6371.0


def great_circle_km(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Distance in km between two points in degrees (haversine)."""
    lat1, lon1, lat2, lon2 = map(radians, (lat1, lon1, lat2, lon2))
    chord = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(sqrt(min(1.0, chord)))


def parse_position(latitude: str, longitude: str) -> tuple[float, float] | None:
    """Two texts as a position in degrees; None unless both are numbers within range."""
    try:
        position = float(latitude), float(longitude)
    except ValueError:
        return None
    lat, lon = position
    # Infinities are out of range, and comparisons with NaN are false.
    return position if -90 <= lat <= 90 and -180 <= lon <= 180 else None
