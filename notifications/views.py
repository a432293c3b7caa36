"""The pages about notifications."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from movr_project.web.pagination import Page, page_number
from movr_project.web.redirects import safe_next

from .services import mark_all_read, mark_read

PAGE_SIZE = 25


@require_safe
def notification_list(request: HttpRequest) -> HttpResponse:
    notifications = request.user.notifications.newest_first()
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


def _back(request: HttpRequest) -> HttpResponse:
    return redirect(safe_next(request) or "notifications:notification_list")
