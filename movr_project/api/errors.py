"""Errors of the API, and the status of every code with which a service refuses."""

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from math import ceil
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError
from ninja.errors import ValidationError as ParameterError

from ..errors import Refused
from ..web.problems import problem
from .answers import rfc3339

CHALLENGE = 'Bearer realm="MovR"'
BASIC_CHALLENGE = 'Basic realm="MovR", charset="UTF-8"'
MAX_ERRORS = 50

# Codes that are not here are conflicts with the present state: 409.
_CODES_OF_STATUS = {
    HTTPStatus.UNAUTHORIZED: ["not_set_up", "second_factor_required", "wrong_code", "wrong_credentials"],
    HTTPStatus.FORBIDDEN: [
        "awaits_approval",
        "blocked",
        "colleague",
        "email_unconfirmed",
        "not_yours",
        "own_second_factor",
        "second_factor_missing",
        "silenced",
        "suspended",
    ],
    HTTPStatus.NOT_FOUND: ["account_gone", "allocation_gone", "not_found", "report_gone", "ride_gone", "vehicle_gone"],
    HTTPStatus.UNPROCESSABLE_ENTITY: [
        "bad_bbox",
        "in_the_past",
        "no_battery",
        "outside_city",
        "too_far_ahead",
        "too_long",
        "too_short",
        "wrong_city",
    ],
    HTTPStatus.SERVICE_UNAVAILABLE: ["geocoder_unavailable", "photo_storage_unavailable"],
    HTTPStatus.TOO_MANY_REQUESTS: ["too_many_codes", "too_many_starts", "too_often"],
}
TRY_LATER = {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}
STATUS_OF_CODE = {code: status for status, codes in _CODES_OF_STATUS.items() for code in codes}


class ApiError(Exception):
    """An error of the request itself, raised by endpoints and by the modules here."""

    def __init__(
        self, status: int, code: str, detail: str = "", *, headers: Mapping[str, str] | None = None, **members: Any
    ):
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.headers, self.members = dict(headers or {}), members

    def answer(self, request: HttpRequest) -> HttpResponse:
        return problem(request, self.status, code=self.code, detail=self.detail, headers=self.headers, **self.members)


def invalid(*errors: Mapping[str, Any], code: str = "invalid", detail: str = "") -> ApiError:
    """Return the error for input that doesn't pass. Each of ``errors`` has ``field``, ``code`` and ``message``."""
    detail = detail or _("Some values are invalid.")
    return ApiError(HTTPStatus.UNPROCESSABLE_ENTITY, code, detail, errors=list(errors[:MAX_ERRORS]))


def invalid_form(form: Any, names: Mapping[str, str] | None = None) -> ApiError:
    """Return the error for a form of the pages that the API validates with. ``names`` renames its fields."""
    names = names or {}
    found = []
    for field, errors in form.errors.as_data().items():
        for error in errors:
            found += [_field_error(names.get(field, field), error, message) for message in error.messages]
    if any(item["code"] == "too_often" for item in found):
        return ApiError(HTTPStatus.TOO_MANY_REQUESTS, "too_often", found[0]["message"], headers={"Retry-After": "3600"})
    return invalid(*found)


def _field_error(field: str, error: ValidationError, message: str) -> dict[str, Any]:
    return {"field": None if field == "__all__" else field, "code": error.code or "invalid", "message": message}


def status_of(refused: Refused) -> HTTPStatus:
    return STATUS_OF_CODE.get(refused.code, HTTPStatus.CONFLICT)


def answer_refusal(request: HttpRequest, refused: Refused) -> HttpResponse:
    """Answer with the refusal's own code and sentence, as the page would show it."""
    headers, members = {}, {}
    wait: timedelta | None = getattr(refused, "wait", None)
    seconds = ceil(wait.total_seconds()) if wait else getattr(refused, "seconds", 0)
    if status_of(refused) in TRY_LATER:
        headers["Retry-After"] = str(max(1, seconds or 60))
    if status_of(refused) == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = BASIC_CHALLENGE
    for name in ("interval", "next_free"):
        if interval := getattr(refused, name, None):
            members[name] = {"starts_at": rfc3339(interval.start), "ends_at": rfc3339(interval.end)}
    return problem(request, status_of(refused), code=refused.code, detail=str(refused), headers=headers, **members)


def unauthorized(code: str = "not_authenticated", detail: str = "", *, challenge: str = CHALLENGE) -> ApiError:
    detail = detail or _("Send a valid token: Authorization: Bearer …")
    return ApiError(HTTPStatus.UNAUTHORIZED, code, detail, headers={"WWW-Authenticate": challenge})


def not_found(detail: str = "") -> ApiError:
    return ApiError(HTTPStatus.NOT_FOUND, "not_found", detail or _("There is nothing at this address."))


def replace_handlers(api: NinjaAPI) -> None:
    """Replace all of ninja's answers to exceptions. What isn't handled here is Django's, as for a page."""

    def handle(kind: type[Exception], handler: Any) -> None:
        api.add_exception_handler(kind, handler)

    handle(Exception, _raise)
    handle(ApiError, lambda request, error: error.answer(request))
    handle(Refused, answer_refusal)
    handle(Http404, lambda request, error: not_found().answer(request))
    handle(PermissionDenied, lambda request, error: _forbidden().answer(request))
    handle(AuthenticationError, lambda request, error: unauthorized().answer(request))
    handle(HttpError, _answer_http_error)
    handle(ParameterError, lambda request, error: _invalid_parameters(error).answer(request))


def _raise(request: HttpRequest, error: Exception) -> HttpResponse:
    raise error


def _forbidden() -> ApiError:
    return ApiError(HTTPStatus.FORBIDDEN, "forbidden", _("You don't have access."))


def _answer_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    code = "malformed" if error.status_code == HTTPStatus.BAD_REQUEST else "error"
    return ApiError(error.status_code, code, _("The body is not valid JSON.") if code == "malformed" else "").answer(
        request
    )


def _invalid_parameters(error: ParameterError) -> ApiError:
    """Translate pydantic's errors. Its texts are English, so the code says the same."""
    found = []
    for item in error.errors[:MAX_ERRORS]:
        source, *path = item["loc"]
        if source == "body":
            path = path[1:]  # the name of the endpoint's argument
        field = ".".join(str(part) for part in path) or None
        found.append({"field": field, "in": source, "code": item["type"], "message": item["msg"]})
    return invalid(*found)
