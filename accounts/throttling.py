"""Limits on what may be tried again and again: logging in (django-axes), and asking for mails."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import ngettext

from movr_project.clients import client_address
from movr_project.db.retry import log_refusal, retry_transaction
from movr_project.errors import Refused

from .models import Throttle, User

HOUR = timedelta(hours=1)
TOO_MANY_REQUESTS = 429


class Throttled(Refused):
    """Code: ``too_often``. ``wait`` says how long."""

    def __init__(self, wait: timedelta):
        minutes = minutes_left(wait)
        sentence = ngettext(
            "That was asked for too often. Please try again in %(minutes)d minute.",
            "That was asked for too often. Please try again in %(minutes)d minutes.",
            minutes,
        )
        super().__init__(sentence % {"minutes": minutes}, code="too_often")
        self.wait = wait


def throttle(kind: str, subject: str, *, limit: int, period: timedelta = HOUR) -> None:
    """Count one more of ``kind`` for a subject (an address, a name). Raises ``Throttled`` past the limit.

    Only a keyed hash of the subject is stored.
    """
    wait = _count(throttle_key(kind, subject), limit, period)
    if wait:
        refused = Throttled(wait)
        log_refusal(f"throttle {kind}", refused)
        raise refused


def refuse_throttled(kind: str, subject: str, *, limit: int, period: timedelta = HOUR) -> None:
    """As ``throttle``, but counts nothing: for what is counted only once it has failed."""
    row = Throttle.objects.filter(key=throttle_key(kind, subject), count__gte=limit).first()
    wait = row.since + period - timezone.now() if row else timedelta()
    if wait > timedelta():
        refused = Throttled(wait)
        log_refusal(f"throttle {kind}", refused)
        raise refused


def throttle_key(kind: str, subject: str) -> str:
    return salted_hmac(f"movr.throttle.{kind}", subject.lower(), algorithm="sha256").hexdigest()


@retry_transaction
def _count(key: str, limit: int, period: timedelta) -> timedelta | None:
    """Count, and return None; or how long to wait, counting nothing."""
    now = timezone.now()
    current = Throttle.objects.select_for_update().filter(key=key).first()
    if current is None or current.since + period <= now:
        Throttle.objects.filter(since__lt=now - max(period, HOUR)).delete()
        Throttle.objects.update_or_create(key=key, defaults={"since": now, "count": 1})
        return None
    if current.count >= limit:
        return current.since + period - now
    Throttle.objects.filter(key=key).update(count=F("count") + 1)
    return None


def login_name(request: HttpRequest, credentials: Mapping[str, Any] | None = None) -> str:
    """For axes: whom somebody tries to log in as.

    Case and spaces around make no new name, and an e-mail address counts together with its account's name.
    """
    source = credentials or request.POST
    name = str(source.get("username") or "").strip().lower()[:254].replace("\0", "")
    if "@" not in name:
        return name
    early = getattr(request, "early_check", None)
    if early and early.login.lower() == name:
        return early.username or name
    return User.objects.filter(email=name).values_list("username", flat=True).first() or name


def locked_out(
    request: HttpRequest, response: HttpResponse | None, credentials: Mapping[str, Any] | None
) -> HttpResponse:
    """For axes: the page of somebody who tried too often, with the time that is left."""
    return locked_page(request, _login_wait(login_name(request, credentials), client_address(request)))


def locked_page(request: HttpRequest, wait: timedelta) -> HttpResponse:
    page = render(
        request,
        "accounts/locked_out.html",
        {"minutes": minutes_left(wait)},
        status=TOO_MANY_REQUESTS,
    )
    page["Retry-After"] = str(math.ceil(wait.total_seconds()))
    return page


def _login_wait(name: str, address: str) -> timedelta:
    attempts = AccessAttempt.objects.filter(username=name, ip_address=address)
    last: datetime | None = attempts.order_by("-attempt_time").values_list("attempt_time", flat=True).first()
    ends = (last or timezone.now()) + settings.AXES_COOLOFF_TIME
    return max(ends - timezone.now(), timedelta(seconds=1))


def minutes_left(wait: timedelta) -> int:
    return max(1, math.ceil(wait / timedelta(minutes=1)))
