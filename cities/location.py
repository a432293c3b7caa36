"""Where a person is, as far as the request tells (rows M38 to M45)."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from .geography import parse_position
from .models import City
from .registry import registry

CHOSEN = "city"  # in the session: the city the person picked
LONGEST_HEADER = 200


@dataclass(frozen=True)
class Located:
    """What a trusted proxy says about the person's place."""

    city: City
    unserved_place: str = ""  # as the header named it, when ``city`` is only the nearest


@dataclass(frozen=True)
class CurrentCity:
    """The city a request is about, and how we came to it."""

    city: City
    located: Located | None
    assumed: bool = False  # nothing is known of the person


def current_city(request: HttpRequest) -> CurrentCity:
    """Chosen by the person, else located, else the home city, else DEFAULT_CITY."""
    located = locate(request)
    chosen = registry.get(str(request.session.get(CHOSEN, "")))
    if chosen:
        return CurrentCity(chosen, located)
    if located:
        return CurrentCity(located.city, located)
    home = registry.get(request.user.city) if request.user.is_authenticated else None
    if home:
        return CurrentCity(home, None)
    return CurrentCity(registry.default(), None, assumed=True)


def locate(request: HttpRequest) -> Located | None:
    """Read ``X-PLACE: city,lat,long``, or ``X-City: city``. Junk locates nobody.

    Only with TRUST_GEO_HEADERS: anybody can send a header, so the proxy must set or remove both.
    """
    if not settings.TRUST_GEO_HEADERS:
        return None
    name, _comma, position = _header(request, "X-Place").partition(",")
    name = " ".join((name or _header(request, "X-City")).lower().split())
    if name in registry:
        return Located(registry[name])
    latitude, _comma, longitude = position.partition(",")
    point = parse_position(latitude, longitude)
    if point is None:
        return None
    nearest = registry.nearest(*point)
    if nearest.contains(*point):
        return Located(nearest)
    return Located(nearest, unserved_place=name.title() or _("your city"))


def _header(request: HttpRequest, name: str) -> str:
    """WSGI hands headers over as Latin-1; names of places are sent as UTF-8."""
    text = request.headers.get(name, "")[:LONGEST_HEADER]
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text
