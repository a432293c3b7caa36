"""Where the pictures that a map is made of come from, for the content policy."""

import re
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

PLACES = ("{z}", "{x}", "{y}")
HOST = re.compile(r"[a-z0-9.*-]+(:\d+)?")


def tile_source(url: str) -> list[str]:
    """What ``img-src`` has to allow for a tile URL: one host, ``*`` for a label that is filled in.

    Nothing for no URL and for tiles of this site.
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
    # A policy takes a star for the whole first label only.
    return scheme in {"http", "https"} and HOST.fullmatch(host) is not None and "*" not in host[1:]
