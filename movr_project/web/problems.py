"""Errors for programs: RFC 9457 problem details, in place of the error pages."""

import json
import re
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse

API_PATH = "/api/"
PROBLEM_TYPE = "application/problem+json"
JSON_TYPES = ("application/json", PROBLEM_TYPE)
MAX_ACCEPT_LENGTH = 1000
RANGE = re.compile(r"\s*([\w*.+-]+/[\w*.+-]+)\s*(?:;(.*))?")
QUALITY = re.compile(r"\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*", re.IGNORECASE)


def problem(
    request: HttpRequest,
    status: int,
    *,
    code: str,
    detail: str = "",
    headers: dict[str, str] | None = None,
    **members: Any,
) -> HttpResponse:
    """Return an error. ``code`` is stable and for programs, ``detail`` is a translated sentence for people.

    ``error`` and ``message`` repeat the title and the detail under the names that older clients read.
    """
    title = HTTPStatus(status).phrase
    body = {
        "type": "about:blank",
        "title": title,
        "status": int(status),
        "detail": detail or title,
        "instance": request.path,
        "code": code,
        "error": title,
        "message": detail or title,
        **members,
    }
    response = HttpResponse(json.dumps(body), status=status, content_type=PROBLEM_TYPE)
    for name, value in (headers or {}).items():
        response[name] = value
    return response


def is_api(request: HttpRequest) -> bool:
    return request.path.startswith(API_PATH)


def wants_problem(request: HttpRequest) -> bool:
    """Return whether an error is answered as JSON: below ``/api/``, and where Accept prefers it to HTML.

    Neither is preferred by ``*/*``, so that a page's errors are pages.
    """
    if is_api(request):
        return True
    accept = request.META.get("HTTP_ACCEPT", "")
    return max(_quality(accept, name) for name in JSON_TYPES) > _quality(accept, "text/html")


def accepts_json(request: HttpRequest) -> bool:
    accept = request.META.get("HTTP_ACCEPT", "*/*") or "*/*"
    return _quality(accept, "application/json") > 0


def _quality(accept: str, wanted: str) -> float:
    """Return the weight of a media type in an Accept header. The most specific range decides."""
    kind = wanted.partition("/")[0]
    weights = _weights(accept[:MAX_ACCEPT_LENGTH])
    return next((weights[name] for name in (wanted, f"{kind}/*", "*/*") if name in weights), 0.0)


def _weights(accept: str) -> dict[str, float]:
    weights = {}
    for item in accept.split(","):
        if match := RANGE.fullmatch(item):
            quality = next((found for part in (match[2] or "").split(";") if (found := QUALITY.fullmatch(part))), None)
            weights[match[1].lower()] = float(quality[1]) if quality else 1.0
    return weights
