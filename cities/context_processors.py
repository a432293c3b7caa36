from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from .models import City
from .registry import registry

NOTICE_KEY = "city_told"  # in the session: the place that the last notice was about
OFFER_KEY = "city_offered"  # in the session: the place for which a city was last suggested


def cities(request: HttpRequest) -> dict[str, Any]:
    """Add the cities by region for the navigation, and notices about the current city, each shown once."""
    if not hasattr(request, "current_city"):
        return {}  # error pages rendered before the middleware
    return {
        "cities_by_region": registry.by_region,
        "city_notice": SimpleLazyObject(lambda: notice(request)),
        "located_city_offer": SimpleLazyObject(lambda: offer(request)),
    }


def notice(request: HttpRequest) -> str:
    """Return a notice that the city was guessed, once per place."""
    current = request.current_city
    if current.assumed:
        place = "?"
        sentence = _("We couldn't detect your location, so we're showing %(city)s.")
    elif current.located and current.located.unserved_place and current.city == current.located.city:
        place = current.located.unserved_place
        sentence = _("MovR isn't in %(place)s yet, so we're showing %(city)s, the nearest city we serve.")
    else:
        return ""
    if not _is_new(request, NOTICE_KEY, place):
        return ""
    return sentence % {"place": place, "city": current.city}


def offer(request: HttpRequest) -> City | None:
    """Return a city to suggest, once per place where the person is located.

    Suggest the home city to someone browsing the place where they are, else the place where they are.
    """
    current = request.current_city
    if not current.located:
        return None
    here = current.located.city
    home = registry.get(request.user.city) if request.user.is_authenticated else None
    other = here if current.city != here else home
    if other is None or other == current.city or here == home:
        return None
    return other if _is_new(request, OFFER_KEY, here.name) else None


def _is_new(request: HttpRequest, key: str, place: str) -> bool:
    if request.session.get(key) == place:
        return False
    request.session[key] = place
    return True
