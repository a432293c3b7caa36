from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from .models import City
from .registry import registry

TOLD = "city_told"  # in the session: the place of which the person was last told
OFFERED = "city_offered"  # in the session: the place from which a switch was last offered


def cities(request: HttpRequest) -> dict[str, Any]:
    """For the navigation: every city by region, and what the person should hear about theirs, once."""
    if not hasattr(request, "current_city"):
        return {}  # an error page made before the middleware ran
    return {
        "cities_by_region": registry.by_region,
        "city_notice": SimpleLazyObject(lambda: notice(request)),
        "located_city_offer": SimpleLazyObject(lambda: offer(request)),
    }


def notice(request: HttpRequest) -> str:
    """A sentence when the city was guessed, told once for each place (rows M41, M43)."""
    current = request.current_city
    if current.assumed:
        place = "?"
        sentence = _("We could not tell where you are, so this is %(city)s. You can pick another city.")
    elif current.located and current.located.unserved_place and current.city == current.located.city:
        place = current.located.unserved_place
        sentence = _("MovR is not in %(place)s yet. This is %(city)s, the nearest city we serve.")
    else:
        return ""
    if not _is_news(request, TOLD, place):
        return ""
    return sentence % {"place": place, "city": current.city}


def offer(request: HttpRequest) -> City | None:
    """A city to switch to, offered once for each place where the person is found.

    Away from home and looking at the place where one is: home. Looking elsewhere: where one is.
    """
    current = request.current_city
    if not current.located:
        return None
    here = current.located.city
    home = registry.get(request.user.city) if request.user.is_authenticated else None
    other = here if current.city != here else home
    if other is None or other == current.city or here == home:
        return None
    return other if _is_news(request, OFFERED, here.name) else None


def _is_news(request: HttpRequest, key: str, place: str) -> bool:
    if request.session.get(key) == place:
        return False
    request.session[key] = place
    return True
