"""Responses. They are rendered by hand: validating a hundred rows a second time costs more than reading them."""

import json
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from django.http import HttpRequest, HttpResponse

JSON_TYPE = "application/json"


def rfc3339(moment: datetime | None) -> str | None:
    """Return a time in UTC, as in ``2026-11-29T17:00:00Z``."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None


def to_json(data: Any) -> bytes:
    return json.dumps(data, default=_plain, ensure_ascii=False, separators=(",", ":")).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, (uuid.UUID, date, Decimal)):
        return str(value)
    if hasattr(value, "_proxy____cast"):  # a lazy translation
        return str(value)
    raise TypeError(f"{type(value)} can't be sent as JSON.")


def answer(data: Any, *, status: int = 200, etag: str = "", **headers: str) -> HttpResponse:
    """Return ``data`` as JSON. Times, UUIDs and decimals may be in it."""
    response = HttpResponse(to_json(data), status=status, content_type=JSON_TYPE)
    if etag:
        response["ETag"] = etag
    for name, value in headers.items():
        response[name.replace("_", "-")] = value
    return response


def created(data: Any, location: str, *, etag: str = "") -> HttpResponse:
    """Return 201 with the new resource and its address."""
    return answer(data, status=201, etag=etag, Location=location)


def no_content() -> HttpResponse:
    response = HttpResponse(status=204)
    del response["Content-Type"]
    return response


def etag_of(*parts: Any) -> str:
    """Return a strong entity tag of the values that a resource's representation shows."""
    return etag_of_content(repr(parts).encode())


def etag_of_content(content: bytes) -> str:
    return f'"{sha256(content).hexdigest()[:32]}"'


def address(request: HttpRequest, path: str) -> str:
    """Return an absolute address for a path of the API."""
    return request.build_absolute_uri(path)
