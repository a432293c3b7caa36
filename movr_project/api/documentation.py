"""The OpenAPI document, and a page on which to read and try it."""

import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.operation import Operation

from ..web.problems import PROBLEM_TYPE
from .idempotency import HEADER

BASE = "/api/v1/"
MAX_AGE_SECONDS = 5 * 60

DESCRIPTION = """
Find, reserve, book and ride MovR's vehicles, and run a fleet.

Get a token with your username and password at `POST /api/v1/tokens`, and send it as `Authorization: Bearer …`.
Errors are problem details (RFC 9457). Their `code` is stable; `detail` is a sentence for people, in the language of
`Accept-Language`. Send an `Idempotency-Key` with a `POST`, and it can safely be sent again.
"""

NULLABLE_TIME = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}
INTERVAL = {"type": "object", "properties": {"starts_at": NULLABLE_TIME, "ends_at": NULLABLE_TIME}}
PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "An error, as RFC 9457 describes it.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence for people."},
        "instance": {"type": "string"},
        "code": {"type": "string", "description": "For programs. It doesn't change."},
        "error": {"type": "string", "description": "The same as `title`."},
        "message": {"type": "string", "description": "The same as `detail`."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "field": {"type": ["string", "null"]},
                    "in": {"type": "string", "description": "Where the field is: body, query, path or header."},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
                "required": ["field", "code", "message"],
            },
        },
        "interval": INTERVAL | {"description": "What is taken already."},
        "next_free": INTERVAL | {"description": "When the vehicle is available again."},
    },
    "required": ["type", "title", "status", "detail", "instance", "code", "error", "message"],
}

ERRORS = {
    400: "The request is malformed",
    401: "The credential is missing or not valid",
    403: "The credential isn't enough, or a rule forbids it",
    404: "There is no such thing",
    406: "Only JSON is available",
    409: "It conflicts with the present state",
    412: "It has changed since it was read",
    413: "The body is too large",
    415: "The body is not JSON",
    422: "Values are invalid",
    428: "`If-Match` is missing",
    429: "Too many requests",
    503: "The service is busy: try again",
}


def openapi_json(api: NinjaAPI) -> Callable[[HttpRequest], HttpResponse]:
    """Return the view of the OpenAPI document, which is made once."""

    @cache
    def text() -> str:
        return json.dumps(document(api))

    @login_not_required
    @require_safe
    @cache_control(max_age=MAX_AGE_SECONDS, public=True)
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(text(), content_type="application/json")

    return view


def document(api: NinjaAPI) -> dict[str, Any]:
    """Return ninja's document, with the errors that endpoints answer with and the headers that they read."""
    made = dict(api.get_openapi_schema(path_prefix=BASE))
    made["info"]["description"] = DESCRIPTION.strip()
    made["components"]["schemas"]["Problem"] = PROBLEM
    operations = {api.get_openapi_operation_id(operation): operation for operation in operations_of(api)}
    for methods in made["paths"].values():
        for method, described in methods.items():
            _complete(described, method.upper(), operations[described["operationId"]])
    return made


def operations_of(api: NinjaAPI) -> Iterator[Operation]:
    for bound in api._get_bound_routers():
        for path_view in bound.path_operations.values():
            yield from path_view.operations


def _complete(described: dict[str, Any], method: str, operation: Operation) -> None:
    scopes = _scopes(operation)
    if scopes:
        text = f"Scope: {' or '.join(f'`{name}`' for name in scopes)}."
        described["description"] = "\n\n".join(filter(None, [described.get("description"), text]))
    described["parameters"] += _headers(method, operation)
    for status in sorted(set(_statuses(method, operation)) - set(described["responses"])):
        described["responses"][status] = _error(status)


def _scopes(operation: Operation) -> list[str]:
    return sorted({name for auth in operation.auth_callbacks for name in getattr(auth, "names", ())})


def _headers(method: str, operation: Operation) -> list[dict[str, Any]]:
    if method in ("PUT", "PATCH"):
        return [_header("If-Match", "The `ETag` of what you have read.", required=True)]
    if 201 in operation.response_models and getattr(operation.view_func, "keeps_answer", True):
        text = "Any text of your own, the same when the request is sent again."
        return [_header(HEADER, text, pattern="^[!-~]{1,200}$")]
    if method == "GET":
        return [_header("If-None-Match", "The `ETag` of what you have: 304 if it is still the same.")]
    return []


def _header(name: str, description: str, *, required: bool = False, **schema: Any) -> dict[str, Any]:
    return {
        "in": "header",
        "name": name,
        "description": description,
        "required": required,
        "schema": {"type": "string", **schema},
    }


def _statuses(method: str, operation: Operation) -> list[int]:
    statuses = [400, 404, 406, 422, 429, 503]
    if any(hasattr(auth, "openapi_security_schema") for auth in operation.auth_callbacks):
        statuses += [401, 403]
    if method == "GET":
        return [*statuses, 304]
    return [*statuses, 409, 413, 415, *([412, 428] if method in ("PUT", "PATCH") else [])]


def _error(status: int) -> dict[str, Any]:
    if status == 304:
        return {"description": "It is the same as what you have"}
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": ERRORS[status], "content": {PROBLEM_TYPE: {"schema": schema}}}


@login_not_required
@require_safe
@csp_update({"style-src": [SELF, UNSAFE_INLINE]})  # Swagger UI writes inline styles
def docs(request: HttpRequest) -> HttpResponse:
    return render(request, "api/docs.html")
