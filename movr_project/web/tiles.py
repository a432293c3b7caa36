"""The source of map tiles for the Content Security Policy."""

import re
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

PLACES = ("{z}", "{x}", "{y}")
HOST = re.compile(r"[a-z0-9.*-]+(:\d+)?")


def tile_source(url: str) -> list[str]:
    """Return what ``img-src`` must allow for a tile URL: one host, with ``*`` for a placeholder label.

    Return nothing if there is no URL or if the tiles are on this site.
    """
    if not url:
        return []
    parts = urlsplit(url)
    host = re.sub(r"[^.]*\{[^}]*\}[^.:]*", "*", parts.netloc.lower())
    if not all(place in url for place in PLACES) or not _is_complete(parts.scheme, host):
        raise ImproperlyConfigured(f"MAP_TILE_URL={url!r}: write https://host/{{z}}/{{x}}/{{y}}.png, or nothing.")
    return [f"{parts.scheme}://{host}"] if host else []


def _is_complete(scheme: str, host: str) -> bool:
    if not host:
        return not scheme  # a path on this site
    # A policy accepts a wildcard only as the whole first label.
    return scheme in {"http", "https"} and HOST.fullmatch(host) is not None and "*" not in host[1:]
