"""Retries for requests that meet a conflict or a lost connection outside our own services."""

import re
from collections.abc import Callable
from copy import copy, deepcopy
from functools import wraps
from typing import Any

from django.contrib.messages.storage import default_storage
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.translation import gettext

from ..db.retry import OutcomeUnknown, can_retry_read, run_transaction, unavailable
from .problems import problem, wants_problem
from .redirects import SAFE_METHODS

RETRY_AFTER_SECONDS = 5
SECRET_FIELD = re.compile("password|code|offer")


def retry_view(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Run a whole view under the retry, for writes by third-party code.

    The views of contrib.auth, axes and the admin write on their own. On PostgreSQL at READ COMMITTED they may meet a
    deadlock or a lost connection. At SERIALIZABLE, as on CockroachDB, 10 of 20 concurrent log-ins would be server
    errors. The request's session, messages and user are restored before each attempt.
    """

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method in SAFE_METHODS:
            return view(request, *args, **kwargs)
        before = _RequestState(request)

        def attempt() -> HttpResponse:
            before.restore()
            return view(request, *args, **kwargs)

        return run_transaction(attempt, name=f"{request.method} {view.__qualname__}")

    return wrapper


class _RequestState:
    """What a view may change on its request, to restore before another attempt."""

    def __init__(self, request: HttpRequest):
        self.request = request
        _ = request.POST  # the body can be read only once, so reading it is part of the state
        self.attributes = set(vars(request))
        self.session = deepcopy(dict(request.session.items()))
        self.session_modified = request.session.modified
        self.user = request.user
        self.csrf = {name: request.META.get(name) for name in ("CSRF_COOKIE", "CSRF_COOKIE_NEEDS_UPDATE")}

    def restore(self) -> None:
        request = self.request
        for name in vars(request).keys() - self.attributes:
            delattr(request, name)  # attributes set by libraries, such as axes' lock-out
        request.session.clear()
        request.session.update(deepcopy(self.session))
        request.session.modified = self.session_modified
        # A copy, as a view may change the user.
        request.user = copy(self.user)
        # As the middleware does: pending messages are read from the cookie again.
        request._messages = default_storage(request)
        for name, value in self.csrf.items():
            if value is None:
                request.META.pop(name, None)
            else:
                request.META[name] = value


class DatabaseFaultMiddleware:
    """Retry a page once after a conflict or a lost connection. Respond with 503 if it fails again.

    Only safe methods are retried: the writes of a POST have their own retry.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if request.method in SAFE_METHODS and can_retry_read(error):
            try:
                return _run_view_again(request)
            except Exception as second:
                error = second
        return busy_page(request, error) if unavailable(error) else None


def _run_view_again(request: HttpRequest) -> HttpResponse:
    match = request.resolver_match
    response = match.func(request, *match.args, **match.kwargs)
    if callable(getattr(response, "render", None)):
        response.render()
    return response


def busy_page(request: HttpRequest, error: Any) -> HttpResponse:
    """Return a 503 with ``Retry-After``, rendered without the database.

    The form's values are kept behind a button that submits them again, except secrets, which must be retyped.
    """
    if wants_problem(request):
        code = "outcome_unknown" if isinstance(error, OutcomeUnknown) else "busy"
        response = problem(request, 503, code=code, detail=gettext("MovR is busy. Please try again."))
    else:
        context = form_to_send_again(request) | {"outcome_unknown": isinstance(error, OutcomeUnknown)}
        response = HttpResponse(render_to_string("503.html", context), status=503)
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def form_to_send_again(request: HttpRequest) -> dict[str, Any]:
    """Return the context for ``_send_again.html``, empty if no form was submitted."""
    if request.method != "POST":
        return {}
    fields = _fields_to_keep(request)
    return {"fields": fields, "action": request.get_full_path(), "csrf_token": get_token(request)}


def _fields_to_keep(request: HttpRequest) -> list[tuple[str, str]]:
    if request.method != "POST":
        return []
    return [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name != "csrfmiddlewaretoken" and not SECRET_FIELD.search(name)
    ]
