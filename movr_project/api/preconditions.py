"""``If-Match``: a change is refused if the resource is no longer the one that the client has read."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_etags
from django.utils.translation import gettext as _

from ..db.retry import run_transaction
from .errors import ApiError

R = TypeVar("R")


def change(
    request: HttpRequest,
    service: Callable[..., R],
    render: Callable[[R], HttpResponse],
    /,
    *,
    current: Callable[[], str],
    **arguments: Any,
) -> HttpResponse:
    """Check ``If-Match`` and call a service, in one transaction, for PUT and PATCH.

    ``current`` locks what the service changes and returns its entity tag, so that of two clients that have read the
    same version only one changes it. ``service`` and ``render`` are as for ``once``. Answers 428 without the header
    and 412 if it doesn't match.
    """
    part: Callable[..., R] = getattr(service, "__wrapped__", service)

    def attempt() -> HttpResponse:
        check_if_match(request, current())
        return render(part(**arguments))

    return run_transaction(attempt, name=f"change {part.__qualname__}")


def check_if_match(request: HttpRequest, etag: str) -> None:
    header = request.headers.get("If-Match", "")
    if not header:
        sentence = _("Send If-Match with the ETag of what you have read.")
        raise ApiError(HTTPStatus.PRECONDITION_REQUIRED, "if_match_required", sentence)
    # GZip turns our strong tags into weak ones. They are still of exactly this version.
    given = {tag.removeprefix("W/") for tag in parse_etags(header)}
    if not given & {"*", etag}:
        sentence = _("This has changed since you read it. Read it again.")
        raise ApiError(HTTPStatus.PRECONDITION_FAILED, "precondition_failed", sentence)
