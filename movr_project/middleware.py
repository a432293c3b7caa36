import logging
import re
import time
from collections.abc import Callable
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware as DjangoLoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.utils.cache import patch_cache_control
from django.utils.functional import LazyObject, empty

from . import views
from .logs import current_request_id, log_event, route_of
from .redirects import page_to_return_to

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]

HEALTH_PATH = "/health/"
SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")

# The one thing asked of a browser is where a rider stands. Chromium knows these names: it warns of others.
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
    """Gives each request an id, and logs one line about it without asking the database anything.

    First in the list, so that what the others answer is logged too.
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
            log_event(
                logger,
                "request",
                level=_level(request, response),
                method=request.method,
                route=route_of(request),
                status=response.status_code,
                duration_ms=round((time.monotonic() - began) * 1000),
                user_id=_known_user_id(request),
            )
            return response
        finally:
            current_request_id.reset(token)


def _request_id(request: HttpRequest) -> str:
    """The id that the proxy in front gave, or a new one."""
    given = request.headers.get("X-Request-ID", "")
    believed = settings.TRUSTED_PROXY_COUNT > 0 and SANE_REQUEST_ID.fullmatch(given)
    return given if believed else uuid4().hex


def _level(request: HttpRequest, response: HttpResponse) -> int:
    """Static files and a load balancer's questions, while all is well, are of no interest."""
    static = request.path.startswith(settings.STATIC_URL)
    quiet = response.status_code < 400 and (static or request.path == HEALTH_PATH)
    return logging.DEBUG if quiet else logging.INFO


def _known_user_id(request: HttpRequest) -> str | None:
    """Whose request it was, if somebody has asked already: logging loads nobody."""
    user = getattr(request, "user", None)
    if isinstance(user, LazyObject) and user._wrapped is empty:
        return None
    return str(user.pk) if user and user.pk else None


class HealthCheckMiddleware:
    """Answers ``/health/`` before anybody asks for which host: load balancers probe a server by its address."""

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return views.health(request) if request.path == HEALTH_PATH else self.get_response(request)


class PageHeadersMiddleware:
    """What a page may ask of the browser, and that no cache on the way keeps it.

    A view whose page is the same for everybody says so with a ``Cache-Control`` of its own (row W2).
    """

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response["Permissions-Policy"] = PERMISSIONS_POLICY
        if "Cache-Control" not in response:
            patch_cache_control(response, private=True)
        return response


class LoginRequiredMiddleware(DjangoLoginRequiredMiddleware):
    """Everything needs a log-in unless its view says ``login_not_required``; afterwards one goes on.

    Django would lead back to the address of a form that was sent, which takes no GET.
    """

    def handle_no_permission(self, request: HttpRequest, view_func: Callable[..., HttpResponse]) -> HttpResponse:
        return redirect_to_login(page_to_return_to(request), resolve_url(self.get_login_url(view_func)))


class MethodNotAllowedPageMiddleware:
    """Django answers a wrong method with an empty page; this one says what happened."""

    def __init__(self, get_response: GetResponse):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 405 and not response.content:
            response.content = render_to_string("405.html")
        return response
