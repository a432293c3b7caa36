"""Requests that meet a conflict or a dead connection outside our own services."""

import re
from collections.abc import Callable
from copy import copy, deepcopy
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string

from movr_project.redirects import SAFE_METHODS

from .retry import OutcomeUnknown, may_read_again, run_transaction, unavailable

RETRY_AFTER_SECONDS = 5
SECRET_FIELD = re.compile("password|code|offer")
# Added, read from the cookie, and whether a page has shown them or added to them.
MESSAGE_STATE = ("_queued_messages", "_loaded_data", "used", "added_new")


def retry_view(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Run a whole view under the retry, for writes that are not ours.

    contrib.auth's and the admin's views write on their own; without this, 20 simultaneous log-ins gave 10
    server errors under serializable isolation. What an attempt did to the session, the messages and
    the user of the request is put back before the next one.
    """

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method in SAFE_METHODS:
            return view(request, *args, **kwargs)
        before = _RequestState(request)

        def attempt() -> HttpResponse:
            before.put_back()
            return view(request, *args, **kwargs)

        return run_transaction(attempt, name=f"{request.method} {view.__qualname__}")

    return wrapper


class _RequestState:
    """What a view may change on its request and would find changed at its second run."""

    def __init__(self, request: HttpRequest):
        self.request = request
        _ = request.POST  # the body can be read once only: what was read is part of the state
        self.attributes = set(vars(request))
        self.session = deepcopy(dict(request.session.items()))
        self.session_modified = request.session.modified
        self.user = request.user
        self.messages = self._messages_now()
        self.csrf = {name: request.META.get(name) for name in ("CSRF_COOKIE", "CSRF_COOKIE_NEEDS_UPDATE")}

    def put_back(self) -> None:
        request = self.request
        for name in vars(request).keys() - self.attributes:
            delattr(request, name)  # a library's notes, like axes' that the person is locked out
        request.session.clear()
        request.session.update(deepcopy(self.session))
        request.session.modified = self.session_modified
        # A copy, as a view may change the person too; one who is not loaded yet is loaded again.
        request.user = copy(self.user)
        vars(request).pop("_cached_user", None)
        storage = vars(request._messages)
        for name in MESSAGE_STATE:
            storage.pop(name, None)
        storage.update({name: copy(value) for name, value in self.messages.items()})
        for name, value in self.csrf.items():
            if value is None:
                request.META.pop(name, None)
            else:
                request.META[name] = value

    def _messages_now(self) -> dict[str, Any]:
        storage = vars(self.request._messages)
        return {name: copy(storage[name]) for name in MESSAGE_STATE if name in storage}


class DatabaseFaultMiddleware:
    """A page that meets a conflict or a dead connection is made once more; what stays busy is a 503.

    Only safe methods are repeated: a POST's writes have had their own retry.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if request.method in SAFE_METHODS and may_read_again(error):
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
    """503 with ``Retry-After``, made without the database.

    What a form held is kept, on a button that sends it again. Secrets are not: they are typed once more.
    """
    context = {"fields": _fields_to_keep(request), "outcome_unknown": isinstance(error, OutcomeUnknown)}
    if request.method == "POST":
        context |= {"action": request.get_full_path(), "csrf_token": get_token(request)}
    response = HttpResponse(render_to_string("503.html", context), status=503)
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def _fields_to_keep(request: HttpRequest) -> list[tuple[str, str]]:
    if request.method != "POST":
        return []
    return [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name != "csrfmiddlewaretoken" and not SECRET_FIELD.search(name)
    ]
