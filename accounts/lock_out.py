"""Rate limits for log-ins (with django-axes) and e-mails."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone

from movr_project.web.clients import client_address
from throttling.services import TOO_MANY_REQUESTS, Throttled, minutes_left

from .email_addresses import fold_email

MAX_LOGIN_LENGTH = 254  # the longest identifier to log in with: an e-mail address


def login_name(request: HttpRequest, credentials: Mapping[str, Any] | None = None) -> str:
    """Return the name that axes counts failures for. An AXES_USERNAME_CALLABLE.

    Case and surrounding spaces are ignored. An e-mail address and its account's username count separately, as a
    common lock-out would reveal that they belong together.
    """
    source = credentials or request.POST
    name = str(source.get("username") or "")[:MAX_LOGIN_LENGTH].strip().lower()[:MAX_LOGIN_LENGTH].replace("\0", "")
    return fold_email(name)


def locked_out(
    request: HttpRequest, response: HttpResponse | None, credentials: Mapping[str, Any] | None
) -> HttpResponse:
    """Return the page for a locked-out user, with the remaining time. An AXES_LOCKOUT_CALLABLE."""
    return locked_page(request, login_wait(login_name(request, credentials), client_address(request)))


def locked_page(request: HttpRequest, wait: timedelta) -> HttpResponse:
    page = render(
        request,
        "accounts/locked_out.html",
        {"minutes": minutes_left(wait)},
        status=TOO_MANY_REQUESTS,
    )
    page["Retry-After"] = str(math.ceil(wait.total_seconds()))
    return page


def too_often_page(refused: Throttled) -> HttpResponse:
    """Return a 429 for requests other than forms. Rendered without the database, like all error pages."""
    page = HttpResponse(render_to_string("429.html", {"sentence": str(refused)}), status=TOO_MANY_REQUESTS)
    page["Retry-After"] = str(math.ceil(refused.wait.total_seconds()))
    return page


def login_wait(name: str, address: str) -> timedelta:
    """Return how long someone is locked out. ``name`` is as ``login_name`` returns it."""
    attempts = AccessAttempt.objects.filter(username=name, ip_address=address)
    last: datetime | None = attempts.order_by("-attempt_time").values_list("attempt_time", flat=True).first()
    ends = (last or timezone.now()) + settings.AXES_COOLOFF_TIME
    return max(ends - timezone.now(), timedelta(seconds=1))
