"""Project-wide pages: the landing page and the error pages."""

import sys
from http import HTTPStatus

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from .db.retry import unavailable
from .web.limits import AddressTooLong
from .web.problems import problem, wants_problem
from .web.retry_view import busy_page, form_to_send_again


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Redirect riders to the vehicles and show others the landing page."""
    if request.user.is_authenticated:
        return redirect("fleet:vehicle_list")
    return render(request, "landing.html")


def _error_page(request: HttpRequest, status: int, code: str, template: str = "") -> HttpResponse:
    """Render without the request, so that no error page depends on the database or on the user.

    Programs get JSON: see ``wants_problem``.
    """
    if wants_problem(request):
        return problem(request, status, code=code)
    return HttpResponse(render_to_string(template or f"{status}.html"), status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Handle 400, and 413 or 414 for requests that are too long."""
    if isinstance(exception, AddressTooLong):
        return _error_page(request, HTTPStatus.REQUEST_URI_TOO_LONG, "address_too_long", "413.html")
    if isinstance(exception, RequestDataTooBig):
        return _error_page(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", "413.html")
    return _error_page(request, 400, "bad_request")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error_page(request, 403, "forbidden")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Keep the values, except secrets, of our own form with an expired token. Give another site's form nothing."""
    if wants_problem(request):
        return problem(request, 403, code="csrf_failed")
    context = form_to_send_again(request) if _is_from_here(request) else {}
    return HttpResponse(render_to_string("403_csrf.html", context), status=403)


def _is_from_here(request: HttpRequest) -> bool:
    """Return whether the request comes from this site, by a header that scripts can't forge."""
    return request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _error_page(request, 404, "not_found")


def server_error(request: HttpRequest) -> HttpResponse:
    """Handle 500. Respond with 503 if the database is down, which can happen before a view runs."""
    error = sys.exc_info()[1]
    return busy_page(request, error) if unavailable(error) else _error_page(request, 500, "server_error")
