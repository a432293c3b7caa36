"""Common parts of the log-in pages of the site and the admin."""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any
from unicodedata import normalize

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse

from movr_project.web.clients import client_address
from movr_project.web.retry_view import retry_view
from throttling.services import Throttled, refuse_throttled, throttle

from .backends import UsernameOrEmailBackend
from .lock_out import MAX_LOGIN_LENGTH, locked_page
from .models import User
from .passwords import MAX_TYPED_LENGTH

BACKEND = "accounts.backends.UsernameOrEmailBackend"


def log_in_view(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Run a log-in view under the retry. Check the password first, and count failures per address.

    django-axes counts per name and address. This limit stops trying one password with many names.
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
        check_password_early(request, request.POST.get("username", ""), request.POST.get("password", ""))
        response = retried(request, *args, **kwargs)
        if not request.user.is_authenticated:
            with suppress(Throttled):
                throttle("login-from", address, limit=settings.LOGINS_PER_HOUR)
        return response

    return wrapper


def check_password_early(request: HttpRequest, name: str, password: str) -> str:
    """Check the password and return the name in the form to authenticate with, or "" if the input can't be right."""
    if len(name) > MAX_LOGIN_LENGTH or len(password) > MAX_TYPED_LENGTH:
        return ""  # normalising takes quadratic time
    name = normalize("NFKC", name.strip())
    if not name or not password or len(name) > MAX_LOGIN_LENGTH or "\0" in name + password:
        return ""
    UsernameOrEmailBackend.check_early(request, name, password)
    return name


def start_session(request: HttpRequest, user: User) -> None:
    """Log someone in until the browser closes."""
    retry_view(_log_in)(request, user)
    request.session.set_expiry(0)


def _log_in(request: HttpRequest, user: User) -> None:
    login(request, user, backend=BACKEND)
