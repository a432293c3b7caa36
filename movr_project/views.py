"""Pages of no app: the landing page, the health check and the error pages."""

import sys

from django.contrib.auth.decorators import login_not_required
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from .db.requests import busy_page
from .db.retry import unavailable


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Riders go on to the vehicles, everybody else is welcomed (row M26)."""
    if request.user.is_authenticated:
        return redirect("fleet:vehicle_list")
    return render(request, "landing.html")


@login_not_required
@never_cache
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """200 when the database answers, 503 when it does not (row M37b)."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        connection.close()
        return HttpResponse("The database does not answer.\n", status=503, content_type="text/plain")
    return HttpResponse("Health check.\n", content_type="text/plain")


def _error_page(status: int, template: str = "") -> HttpResponse:
    """Made without the request: no error page depends on the database or on who is asking."""
    return HttpResponse(render_to_string(template or f"{status}.html"), status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error_page(400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error_page(403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _error_page(403, "403_csrf.html")


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error_page(404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Also when the database went away before a view ran, as it was asked who is logged in."""
    error = sys.exc_info()[1]
    return busy_page(request, error) if unavailable(error) else _error_page(500)
