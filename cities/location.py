"""Determine a visitor's city from the request."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from .geography import parse_position
from .models import City
from .registry import registry

CHOSEN = "city"  # in the session: the city chosen by the person
MAX_HEADER_LENGTH = 200


@dataclass(frozen=True)
class Located:
    """A person's location according to a trusted proxy."""

    city: City
    unserved_place: str = ""  # the header's name for it, if ``city`` is only the nearest one


@dataclass(frozen=True)
class CurrentCity:
    """The city of a request, and how it was determined."""

    city: City
    located: Located | None
    assumed: bool = False  # nothing is known about the person


def current_city(request: HttpRequest) -> CurrentCity:
    """Return the chosen city, else the located one, else the home city, else DEFAULT_CITY."""
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
    """Parse ``X-PLACE: city,lat,long`` or ``X-City: city``. Return None if they are malformed.

    Only with TRUST_GEO_HEADERS: anyone can send these headers, so the proxy must set or remove both.
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
    """Decode a header as UTF-8, as WSGI decodes headers as Latin-1."""
    text = request.headers.get(name, "")[:MAX_HEADER_LENGTH]
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text
