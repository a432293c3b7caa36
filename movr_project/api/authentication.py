"""Who is asking, and what for: tokens, clients' credentials, and cookies of browser apps on allowed origins."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import Error
from django.http import HttpRequest
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.translation import gettext as _
from ninja.security.base import AuthBase

from accounts.api_access.models import FLEET, ApiClient, ApiToken, Scope
from accounts.api_access.services import ORGANISATION, SECRET, find_client, find_token, note_use
from accounts.models import User
from accounts.two_factor import services as second_factor
from documents.current import documents

from ..web.clients import client_address
from .errors import ApiError, unauthorized
from .limits import count_address, count_use

ALL_SCOPES = frozenset(Scope.values)


@dataclass(frozen=True)
class Caller:
    """Who is asking: a person (``user``), or an organisation's ``client``. ``request.auth`` of an endpoint."""

    user: User | None
    scopes: frozenset[str]
    token: ApiToken | None = None
    client: ApiClient | None = None

    @property
    def id(self) -> UUID:
        return self.user.id if self.user else self.client.id

    @cached_property
    def cities(self) -> frozenset[str] | None:
        """Return the names of a client's cities, or None for a person, who may be in any."""
        return frozenset(self.client.cities) if self.client else None

    def serves(self, city: str) -> bool:
        return self.cities is None or city in self.cities


def scope(*names: str, clients: bool = False, terms: bool = True) -> list[Callable[[HttpRequest], Any]]:
    """Return the ``auth`` of an endpoint that needs one of the scopes ``names``, or none if there are no names.

    With ``clients``, organisations' clients are let in too. People must have accepted the current terms, unless
    ``terms`` is off: for what they need if they don't.
    """
    unknown = set(names) - ALL_SCOPES
    if unknown:
        raise ValueError(f"There is no scope {unknown}.")
    return [BearerToken(names, clients, terms), BrowserSession(names, terms)]


class BearerToken(AuthBase):
    """``Authorization: Bearer movr_…``."""

    openapi_type = "http"
    openapi_scheme = "bearer"
    openapi_description = "A token from `POST /api/v1/tokens`, or the credential of an organization's client."

    def __init__(self, names: Sequence[str] = (), clients: bool = False, terms: bool = True):
        super().__init__()
        self.names, self.clients, self.terms = frozenset(names), clients, terms

    def __call__(self, request: HttpRequest) -> Caller | None:
        header = request.META.get("HTTP_AUTHORIZATION")
        if not header:
            return None
        count_address(request)
        caller = _caller_of(header)
        count_use(request, str(caller.id))
        request.user = caller.user or request.user
        self._check(caller)
        with suppress(Error):  # a note that isn't worth an error
            note_use(caller.token or caller.client)
        return caller

    def _check(self, caller: Caller) -> None:
        if caller.client and not self.clients:
            sentence = _("This is for people's tokens, not for clients.")
            raise ApiError(HTTPStatus.FORBIDDEN, "people_only", sentence)
        check_scope(caller, *self.names)
        _check_terms(caller, self.terms)


class BrowserSession(AuthBase):
    """The cookie of someone who is logged in, for browser apps on our own origin and on CORS_ALLOWED_ORIGINS."""

    openapi_type = "apiKey"
    openapi_in = "cookie"
    openapi_description = "The session cookie, from allowed origins only. Writes need the `X-CSRFToken` header."

    def __init__(self, names: Sequence[str] = (), terms: bool = True):
        self.openapi_name = settings.SESSION_COOKIE_NAME
        super().__init__()
        self.names, self.terms = frozenset(names), terms

    def __call__(self, request: HttpRequest) -> Caller | None:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or not _is_from_allowed_origin(request):
            return None
        count_address(request)
        user = request.user
        if not user.is_authenticated:
            return None
        _check_csrf(request)
        count_use(request, str(user.id))
        caller = Caller(user, session_scopes(request))
        check_scope(caller, *self.names)
        _check_terms(caller, self.terms)
        return caller


def session_scopes(request: HttpRequest) -> frozenset[str]:
    """Return what a session may do: everything, but staff need their second factor for the fleet, as in the admin."""
    return ALL_SCOPES - FLEET if request.user.is_staff and second_factor.is_missing(request) else ALL_SCOPES


def anyone(request: HttpRequest) -> Caller | bool:
    """The ``auth`` of an endpoint that needs no credential. Counts per address."""
    count_use(request, client_address(request))
    return True


def _caller_of(header: str) -> Caller:
    kind, _space, secret = header.partition(" ")
    secret = secret.strip()
    if kind.lower() != "bearer" or not SECRET.fullmatch(secret):
        raise unauthorized("invalid_token")
    if secret.startswith(ORGANISATION):
        if client := find_client(secret):
            return Caller(None, frozenset(client.scopes), client=client)
    elif token := find_token(secret):
        return Caller(token.user, frozenset(token.scopes), token=token)
    raise unauthorized("invalid_token", _("This token is unknown, has expired or was revoked."))


def check_scope(caller: Caller, *names: str) -> None:
    """Refuse a caller who has none of the scopes ``names``, if there are names."""
    if names and caller.scopes.isdisjoint(names):
        sentence = _("Your token needs the scope %(scopes)s.") % {"scopes": " / ".join(sorted(names))}
        raise ApiError(HTTPStatus.FORBIDDEN, "insufficient_scope", sentence)


def _check_terms(caller: Caller, required: bool) -> None:
    """Refuse people who have not accepted the current terms. Riders must be able to end their ride."""
    user = caller.user
    if required and user and user.terms_version < documents.required_terms and not user.is_riding:
        raise ApiError(HTTPStatus.FORBIDDEN, "terms_not_accepted", _("Please accept our new terms on the site first."))


def _is_from_allowed_origin(request: HttpRequest) -> bool:
    """Return whether a browser says that the request comes from our own origin or an allowed one.

    Browsers omit ``Origin`` on a page's reads from its own origin.
    """
    origin = request.headers.get("Origin")
    if origin is None:
        return request.headers.get("Sec-Fetch-Site") == "same-origin"
    return origin == f"{request.scheme}://{request.get_host()}" or origin in settings.CORS_ALLOWED_ORIGINS


def _check_csrf(request: HttpRequest) -> None:
    """Check the CSRF token: the middleware leaves it to the API, as bearer tokens need none."""
    middleware = CsrfViewMiddleware(lambda request: None)
    request.csrf_processing_done = False
    middleware.process_request(request)
    if middleware.process_view(request, lambda: None, (), {}) is not None:
        sentence = _("Send the X-CSRFToken header with the token from /api/v1/session.")
        raise ApiError(HTTPStatus.FORBIDDEN, "csrf_failed", sentence)
