"""Words for a position, so that people needn't describe a place that is already known."""

from django.utils.translation import gettext as _

from cities.models import City
from cities.places import nearest_place

NEAR_M = 300


def words_for(city: City, position: tuple[float, float] | None) -> str:
    """Return "near …" with the known place nearest to a position in degrees, or "" if there is none around."""
    place = nearest_place(city, position, within_m=NEAR_M) if position else None
    return _("near %(place)s") % {"place": place.name} if place else ""
