import logging
import re
import time
from collections.abc import Callable
from http import HTTPStatus
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware as DjangoLoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.utils.cache import patch_cache_control
from django.utils.functional import LazyObject, empty

from ..logs import current_request_id, log_event, route_of
from ..metrics import REQUESTS
from ..tracing import is_tracing, request_span
from .probes import PROBES
from .problems import problem, wants_problem
from .redirects import page_to_return_to

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]

FEEDS_PATH = "/gbfs/"
VALID_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")

# Pages only ask for a rider's position. Chromium warns about unknown names, so only those it knows are listed.
UNUSED_FEATURES = [
    "accelerometer",
    "autoplay",
    "camera",
    "display-capture",
    "encrypted-media",
    "gyroscope",
    "hid",
    "idle-detection",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "screen-wake-lock",
    "serial",
    "usb",
    "xr-spatial-tracking",
]
PERMISSIONS_POLICY = ", ".join(["geolocation=(self)", *(f"{feature}=()" for feature in UNUSED_FEATURES)])


class RequestLogMiddleware:
    """Give each request an id and log one line about it, without a database query.

    Comes first, so that the responses of other middleware are logged too.
    """

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.monotonic()
        request.request_id = _request_id(request)
        token = current_request_id.set(request.request_id)
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = request.request_id
            seconds = time.monotonic() - began
            REQUESTS.labels(_view_name(request), response.status_code).observe(seconds)
            log_event(
                logger,
                "request",
                level=_level(request, response),
                method=request.method,
                route=route_of(request),
                status=response.status_code,
                duration_ms=round(seconds * 1000),
                user_id=_known_user_id(request),
            )
            return response
        finally:
            current_request_id.reset(token)


def _request_id(request: HttpRequest) -> str:
    """Return the id set by the proxy in front, or a new one."""
    given = request.headers.get("X-Request-ID", "")
    is_trusted = settings.TRUSTED_PROXY_COUNT > 0 and VALID_REQUEST_ID.fullmatch(given)
    return given if is_trusted else uuid4().hex


def _level(request: HttpRequest, response: HttpResponse) -> int:
    """Log at DEBUG what programs and open pages ask every few seconds: static files, feeds, successful probes and what
    hasn't changed.
    """
    frequent = request.path.startswith((settings.STATIC_URL, FEEDS_PATH)) or request.path in PROBES
    unchanged = response.status_code == HTTPStatus.NOT_MODIFIED
    quiet = response.status_code < 400 and (frequent or unchanged)
    return logging.DEBUG if quiet else logging.INFO


def _view_name(request: HttpRequest) -> str:
    """Return the name of the request's URL, or a word for what has none."""
    if request.resolver_match:
        return request.resolver_match.view_name
    if request.path in PROBES:
        return "probe"
    return "static" if request.path.startswith(settings.STATIC_URL) else "none"


def _known_user_id(request: HttpRequest) -> str | None:
    """Return the user's id if the user is already loaded: logging must not cause a query."""
    user = getattr(request, "user", None)
    if isinstance(user, LazyObject) and user._wrapped is empty:
        return None
    return str(user.pk) if user and user.pk else None


class TracingMiddleware:
    """Trace pages, the API and feeds. Costs nothing unless OTEL_EXPORTER_OTLP_ENDPOINT is set."""

    def __init__(self, get_response: GetResponse):
        if not is_tracing():
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(settings.STATIC_URL):
            return self.get_response(request)
        with request_span(request) as describe:
            response = self.get_response(request)
            describe(response)
            return response


class PageHeadersMiddleware:
    """Set the Permissions-Policy header, and keep pages out of caches.

    Pages for logged-in users are not stored by their own browser either: on a shared machine, the next person could
    go back to them. Views whose page is the same for everyone set their own ``Cache-Control``.
    """

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response["Permissions-Policy"] = PERMISSIONS_POLICY
        if "Cache-Control" not in response:
            personal = _known_user_id(request) is not None
            patch_cache_control(response, private=True, **({"no_store": True} if personal else {}))
        return response


class LoginRequiredMiddleware(DjangoLoginRequiredMiddleware):
    """Require login unless a view is marked ``login_not_required``, and return to a sensible page afterwards.

    Django would return to the URL of a submitted form, which may not accept GET.
    """

    def handle_no_permission(self, request: HttpRequest, view_func: Callable[..., HttpResponse]) -> HttpResponse:
        return redirect_to_login(page_to_return_to(request), resolve_url(self.get_login_url(view_func)))


class MethodNotAllowedPageMiddleware:
    """Replace Django's empty 405 response by a page that explains it."""

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 405 and not response.content:
            if wants_problem(request):
                return problem(request, 405, code="method_not_allowed", headers={"Allow": response["Allow"]})
            response.content = render_to_string("405.html")
        return response
