"""Rate limit for guessing vehicle codes. Codes that lead to a vehicle are not counted."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse

from accounts.lock_out import too_often_page
from movr_project.web.clients import client_address
from throttling.services import Throttled, refuse_throttled, throttle

KIND = "codes-from"


class NoSuchCode(Exception):
    """Raise it inside ``count_wrong_codes`` for a code without a vehicle."""


@contextmanager
def count_wrong_codes(request: HttpRequest) -> Iterator[None]:
    """Count wrong codes per address. Raises ``Throttled`` before any look-up once there were too many."""
    address = client_address(request)
    refuse_throttled(KIND, address, limit=settings.WRONG_CODES_PER_HOUR)
    try:
        yield
    except (Http404, NoSuchCode):
        with suppress(Throttled):
            throttle(KIND, address, limit=settings.WRONG_CODES_PER_HOUR)
        raise


def limits_wrong_codes(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Limit a view with a code in its URL. A 404 counts as a wrong code."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            with count_wrong_codes(request):
                return view(request, *args, **kwargs)
        except Throttled as refused:
            return too_often_page(refused)

    return wrapper
