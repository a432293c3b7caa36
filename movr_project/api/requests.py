"""What every request to the API must fulfil before an endpoint sees it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from ninja.errors import ValidationError
from ninja.parser import Parser

from ..web.problems import accepts_json
from .answers import JSON_TYPE
from .errors import ApiError, invalid

MAX_DEPTH = 10
MAX_INTEGER = 2**53  # what every JSON parser reads exactly
METHODS_WITH_BODY = {"POST", "PUT", "PATCH", "DELETE"}

View = Callable[..., HttpResponse]


@dataclass(frozen=True)
class Body:
    """What an endpoint takes as a body."""

    types: tuple[str, ...] = (JSON_TYPE,)
    max_bytes: int = 64 * 1024


def takes_body(*types: str, max_bytes: int) -> Callable[[View], View]:
    """Declare an endpoint whose body is a file of one of these types, which it reads with ``read_body``."""

    def declare(view: View) -> View:
        view.body = Body(types, max_bytes)
        return view

    return declare


def body_of(view: View) -> Body:
    return getattr(view, "body", Body())


def check_request(request: HttpRequest, known_parameters: frozenset[str] | None, body: Body) -> None:
    """Raise ``ApiError`` for what the endpoint doesn't take: 404, 406, 413, 415, 422."""
    if "\0" in request.path:
        raise ApiError(HTTPStatus.NOT_FOUND, "not_found")
    if not accepts_json(request):
        raise ApiError(HTTPStatus.NOT_ACCEPTABLE, "not_acceptable", _("The API answers with application/json."))
    if known_parameters is not None:  # else the method isn't known either
        _check_parameters(request, known_parameters)
    if request.method in METHODS_WITH_BODY:
        _check_body(request, body)


def _check_parameters(request: HttpRequest, known: frozenset[str]) -> None:
    """Refuse parameters that the endpoint doesn't have: a filter with a misspelt name would return everything."""
    unknown = [name for name in request.GET if name not in known]
    if unknown:
        message = _("There is no such parameter.")
        raise invalid(
            *({"field": name[:100], "in": "query", "code": "unknown", "message": message} for name in unknown)
        )
    texts = [text for _name, given in request.GET.lists() for text in given]
    if any("\0" in text or not _is_text(text) for text in texts):
        raise invalid(code="invalid_characters", detail=_("A parameter contains a character that can't be stored."))


def _check_body(request: HttpRequest, body: Body) -> None:
    length = request.META.get("CONTENT_LENGTH") or "0"
    length = int(length) if length.isdigit() and len(length) < 12 else body.max_bytes + 1
    if length > body.max_bytes:
        sentence = _("At most %(bytes)d bytes.") % {"bytes": body.max_bytes}
        raise ApiError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", sentence)
    if length and request.content_type not in body.types:
        sentence = _("Send this Content-Type: %(types)s.") % {"types": ", ".join(body.types)}
        raise ApiError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", sentence)


class StrictParser(Parser):
    """JSON without NaN, repeated names, deep nesting or characters that no database stores."""

    def parse_body(self, request: HttpRequest) -> Any:
        text = request.body.decode()
        data = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_unique)
        _check_values(data, MAX_DEPTH)
        return data

    def parse_querydict(self, data: MultiValueDict, list_fields: list[str], request: HttpRequest) -> dict[str, Any]:
        repeated = [name for name, given in data.lists() if len(given) > 1 and name not in list_fields]
        if repeated:
            raise ValidationError(
                [
                    {"loc": ("query", name), "type": "repeated", "msg": _("Give this parameter once.")}
                    for name in repeated
                ]
            )
        return super().parse_querydict(data, list_fields, request)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON.")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("A name appears twice.")
    return found


def _check_values(value: Any, depth: int) -> None:
    if depth < 0:
        raise ValueError("Too deep.")
    if isinstance(value, str):
        if "\0" in value or not _is_text(value):
            raise ValueError("A character can't be stored.")
    elif isinstance(value, dict):
        for name, item in value.items():
            _check_values(name, depth)
            _check_values(item, depth - 1)
    elif isinstance(value, list):
        for item in value:
            _check_values(item, depth - 1)
    elif isinstance(value, (int, float)) and not -MAX_INTEGER <= value <= MAX_INTEGER:
        raise ValueError("A number is too large.")


def _is_text(text: str) -> bool:
    """Return whether a string can be encoded: half of a surrogate pair can't."""
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)
