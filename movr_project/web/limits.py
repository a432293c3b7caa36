"""Length limits for request data, checked before anything processes it.

Normalising, matching and hashing take time that grows with the length, sometimes quadratically: a login name of
60,000 combining marks blocked a worker for seconds. Forms have limits too, but apply them after converting.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, UnreadablePostError

MAX_QUERY_LENGTH = 16_000  # characters of a query string; gunicorn's limit is lower
MAX_PARAMETER_LENGTH = 10_000
MAX_VALUE_LENGTH = 10_000  # of a form field, whatever its own limit
MAX_DISCARDED, CHUNK = 12_000_000, 65_536  # bytes; more than the proxy passes on
MAX_PATH_LENGTH = 2000  # of this site's paths, as in `next` and Referer

View = Callable[..., HttpResponse]


class AddressTooLong(SuspiciousOperation):
    """Results in a 414 response."""


class ValueTooLong(RequestDataTooBig):
    """Results in a 413 response."""


def takes_text(*, max_length: int) -> Callable[[View], View]:
    """Declare a view whose form has a field longer than ``MAX_VALUE_LENGTH``."""

    def declare(view: View) -> View:
        view.max_value_length = max_length
        return view

    return declare


class DiscardBodyMiddleware:
    """Read what the response left unread of the request's body, up to ``MAX_DISCARDED`` bytes.

    A server that closes a connection with unread data resets it, and a proxy then answers 502 instead of our refusal.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        left = MAX_DISCARDED
        with suppress(UnreadablePostError):  # the client has disconnected
            while left > 0 and (chunk := request.read(CHUNK)):
                left -= len(chunk)
        return response


class MeasureMiddleware:
    """Reject requests that are longer than any page accepts, before a view runs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        query = request.META.get("QUERY_STRING", "")
        if len(query) > MAX_QUERY_LENGTH or _longest(request.GET) > MAX_PARAMETER_LENGTH:
            raise AddressTooLong("An address is too long.")
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: View, args: Any, kwargs: Any) -> None:
        with suppress(UnreadablePostError):  # the client has disconnected
            self._measure_form(request, view)

    @staticmethod
    def _measure_form(request: HttpRequest, view: View) -> None:
        if _longest(request.POST) > getattr(view, "max_value_length", MAX_VALUE_LENGTH):
            raise ValueTooLong("A field is too long.")


def _longest(values: Any) -> int:
    return max((len(text) for name, given in values.lists() for text in (name, *given)), default=0)
