"""Addresses in a city, from the geocoder that the operator has chosen (GEOCODER_URL).

The service speaks like Nominatim: ``GET ?q=…&format=jsonv2`` answers with a list of objects that have ``lat``, ``lon``
and ``display_name``. Nothing in the answer is trusted.
"""

import hashlib
import json
import logging
import time
from collections.abc import Iterator
from datetime import timedelta
from http.client import HTTPException
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

from django.conf import settings
from django.core.cache import caches
from django.core.exceptions import ValidationError
from django.utils.text import Truncator
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from movr_project.errors import Refused
from movr_project.logs import log_event
from movr_project.web.fields import validate_visible
from throttling.services import Throttled, throttle

from .geography import Spot, parse_position
from .models import PLACE_NAME_LENGTH, City

logger = logging.getLogger(__name__)

MAX_ADDRESSES = 5
MAX_BYTES, CHUNK = 200_000, 16_384
KEPT_SECONDS = 24 * 60 * 60


class GeocoderRefused(Refused):
    """Codes: ``geocoder_unavailable``."""


class _NoRedirects(HTTPRedirectHandler):
    """Treat a redirect as an error: the operator has named the server to ask."""

    def redirect_request(self, *args: Any) -> None:
        return None


_opener = build_opener(_NoRedirects)


def search_addresses(city: City, text: str, *, searcher: str) -> list[Spot]:
    """Return addresses in a city that match what was typed, or nothing if there is no geocoder.

    Each process keeps answers for a day. ``searcher`` identifies the person for the limit of searches per hour; all
    searches together have one too. Raises ``Throttled`` and ``GeocoderRefused``: ``geocoder_unavailable``. Call it
    outside transactions, as it waits for another server.
    """
    if not settings.GEOCODER_URL:
        return []
    parameters = _parameters(city, text)
    key = hashlib.sha256(f"{settings.GEOCODER_URL}?{parameters}".encode()).hexdigest()
    kept = caches["memory"]
    found = kept.get(key)
    if found is None:
        throttle("address_search", searcher, limit=settings.ADDRESS_SEARCHES_PER_HOUR)
        found = list(_spots(_ask(parameters), city))[:MAX_ADDRESSES]
        kept.set(key, found, KEPT_SECONDS)
    return found


def _parameters(city: City, text: str) -> str:
    south, west, north, east = city.bounds
    return urlencode(
        {
            "q": text,
            "format": "jsonv2",
            "limit": MAX_ADDRESSES,
            "viewbox": f"{west:.4f},{north:.4f},{east:.4f},{south:.4f}",
            "bounded": 1,
            "accept-language": get_language() or "en",
        }
    )


def _ask(parameters: str) -> Any:
    """Return the parsed answer of the geocoder."""
    headers = {"User-Agent": f"MovR ({settings.SITE_URL})", "Accept": "application/json"}
    request = Request(f"{settings.GEOCODER_URL}?{parameters}", headers=headers)  # noqa: S310  (settings accept only http)
    try:
        throttle("geocoder", "all", limit=settings.GEOCODER_REQUESTS_PER_MINUTE, period=timedelta(minutes=1))
        return json.loads(_read(request))
    except (OSError, HTTPException, ValueError, RecursionError, Throttled) as error:
        log_event(logger, "geocoder_failed", level=logging.WARNING, error=type(error).__name__)
        sentence = _("Address search isn't available right now.")
        raise GeocoderRefused(sentence, code="geocoder_unavailable") from error


def _read(request: Request) -> bytes:
    """Read the body. Raise ``OSError`` after GEOCODER_TIMEOUT_SECONDS, and for one that is too long."""
    deadline = time.monotonic() + settings.GEOCODER_TIMEOUT_SECONDS
    body = b""
    with _opener.open(request, timeout=settings.GEOCODER_TIMEOUT_SECONDS) as response:
        while chunk := response.read1(CHUNK):
            body += chunk
            if len(body) > MAX_BYTES or time.monotonic() > deadline:
                raise OSError("The answer is too long or too slow.")
    return body


def _spots(answer: Any, city: City) -> Iterator[Spot]:
    """Yield what is well-formed and in the city."""
    for row in answer if isinstance(answer, list) else ():
        if not isinstance(row, dict):
            continue
        name, position = row.get("display_name"), parse_position(str(row.get("lat")), str(row.get("lon")))
        if isinstance(name, str) and position and city.contains(*position) and _is_visible(name):
            yield Spot(Truncator(" ".join(name[: 2 * PLACE_NAME_LENGTH].split())).chars(PLACE_NAME_LENGTH), *position)


def _is_visible(name: str) -> bool:
    try:
        validate_visible(name)
    except ValidationError:
        return False
    return name.isprintable()
