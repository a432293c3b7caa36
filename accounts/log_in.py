"""What stands around every page that logs somebody in: the site's and the admin's."""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any
from unicodedata import normalize

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from movr_project.clients import client_address
from movr_project.db.requests import retry_view

from .backends import UsernameOrEmailBackend
from .throttling import Throttled, locked_page, refuse_throttled, throttle

LONGEST_NAME = 254


def log_in_view(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Run a log-in page under the retry, with the password checked before, and failures counted by address.

    django-axes counts by name and address; this stops who tries one password on many names.
    """
    retried = retry_view(view)

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "POST":
            return retried(request, *args, **kwargs)
        address = client_address(request)
        try:
            refuse_throttled("login-from", address, limit=settings.LOGINS_PER_HOUR)
        except Throttled as refused:
            return locked_page(request, refused.wait)
        _check_early(request)
        response = retried(request, *args, **kwargs)
        if not request.user.is_authenticated:
            with suppress(Throttled):
                throttle("login-from", address, limit=settings.LOGINS_PER_HOUR)
        return response

    return wrapper


def _check_early(request: HttpRequest) -> None:
    """What the form would refuse anyway is left to it."""
    name = normalize("NFKC", request.POST.get("username", "")).strip()
    password = request.POST.get("password", "")
    if name and password and len(name) <= LONGEST_NAME and "\0" not in name + password:
        UsernameOrEmailBackend.check_early(request, name, password)
