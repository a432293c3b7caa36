"""The pages about what a person was told."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from movr_project.pagination import Page, page_number
from movr_project.redirects import safe_next

from .notices import mark_all_read, mark_read

PAGE_SIZE = 25


@require_safe
def notice_list(request: HttpRequest) -> HttpResponse:
    notices = request.user.notices.newest_first()
    page = Page.of(notices, page_number(request.GET.get("page", "")), PAGE_SIZE)
    return render(request, "accounts/notice_list.html", {"page": page})


@require_POST
def read(request: HttpRequest, notice_id: uuid.UUID) -> HttpResponse:
    """ "Got it": the notice is gone from the page that the person returns to."""
    notice = get_object_or_404(request.user.notices, id=notice_id)
    mark_read(request.user, notice.id)
    return _back(request)


@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    mark_all_read(request.user)
    return _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    return redirect(safe_next(request) or "accounts:notice_list")
