"""Words for a position, so that people needn't describe a place that is already known."""

from math import cos, radians

from cities import geohash
from cities.geography import great_circle_km
from cities.geohash import METRES_PER_DEGREE
from cities.models import City

from .models import Vehicle

SAME_SPOT_M = 50
MAX_READ = 50


def words_for(city: City, position: tuple[float, float] | None) -> str:
    """Return a description of a position in degrees, or "" if none is known.

    It is that of the nearest vehicle within SAME_SPOT_M, as the fleet's descriptions are all that is known of places.
    """
    if position is None or not city.contains(*position):
        return ""
    latitude, longitude = position
    north = SAME_SPOT_M / METRES_PER_DEGREE
    east = north / max(cos(radians(latitude)), north)
    near = Vehicle.objects.in_city(city.name).listed().available().exclude(last_location="")
    near = near.filter(
        cell__in=geohash.neighbourhood(latitude, longitude),
        latitude__range=(latitude - north, latitude + north),
        longitude__range=(longitude - east, longitude + east),
    )
    known = near.values_list("latitude", "longitude", "last_location")[:MAX_READ]
    found = [(great_circle_km(*position, *there) * 1000, words) for *there, words in known]
    distance_m, words = min(found, default=(SAME_SPOT_M, ""))
    return words if distance_m < SAME_SPOT_M else ""
