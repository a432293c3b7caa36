"""The pages about notifications."""

import re
import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_POST, require_safe

from movr_project.web.pagination import Page, page_number
from movr_project.web.problems import problem
from movr_project.web.redirects import safe_next

from .models import Notification
from .services import mark_all_read, mark_read

PAGE_SIZE = 25
MAX_NEWS = 50
SEQUENCE = re.compile(r"[0-9]{1,10}", re.ASCII)


@require_safe
def notification_list(request: HttpRequest) -> HttpResponse:
    """Render the list. With ``since``, answer what is new as JSON, which open pages ask for every few seconds."""
    if "since" in request.GET:
        return _news(request)
    notifications = request.user.notifications.listed().newest_first()
    page = Page.of(notifications, page_number(request.GET.get("page", "")), PAGE_SIZE)
    return render(request, "notifications/notification_list.html", {"page": page})


@require_POST
def read(request: HttpRequest, notification_id: uuid.UUID) -> HttpResponse:
    """Dismiss a notification and return to the page that showed it."""
    notification = get_object_or_404(request.user.notifications, id=notification_id)
    mark_read(request.user, notification.id)
    return _back(request)


@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    mark_all_read(request.user)
    return _back(request)


def _news(request: HttpRequest) -> HttpResponse:
    """Answer what was written since a ``sequence``, and the ``sequence`` to ask with next time.

    Whether there is anything, and the entity tag, come from the person's row, so that an answer without news needs no
    statement beyond the one for the row.
    """
    given = request.GET["since"]
    if not SEQUENCE.fullmatch(given):
        return problem(request, 400, code="invalid_since")
    user, since = request.user, int(given)
    etag = f'"{user.id.hex}-{user.notification_sequence}-{since}-{user.active_jobs}"'
    if unchanged := get_conditional_response(request, etag):
        return unchanged
    news = list(user.notifications.since(since)[:MAX_NEWS]) if since < user.notification_sequence else []
    # A notification that was written after the person's row was read is included: so it is skipped next time.
    latest = news[-1].sequence if news else 0
    answer = {
        "sequence": latest if len(news) == MAX_NEWS else max(latest, user.notification_sequence),
        "unread": user.unread_notifications,
        "label": user.unread_label,
        "jobs": user.active_jobs,
        "news": [_item(notification) for notification in news],
    }
    return JsonResponse(answer, headers={"ETag": etag})


def _item(notification: Notification) -> dict[str, Any]:
    data = {"text": notification.text, "url": notification.url} if notification.text else notification.data
    return {
        "name": notification.code,
        "data": data,
        "timestamp": notification.created_at,
        "sequence": notification.sequence,
    }


def _back(request: HttpRequest) -> HttpResponse:
    return redirect(safe_next(request) or "notifications:notification_list")
