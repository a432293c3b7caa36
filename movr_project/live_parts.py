"""Parts of a page that htmx puts into it; without JavaScript the same address is the whole page."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers


def wants_live_part(request: HttpRequest) -> bool:
    """Whether htmx asks for the part alone. Going back in the browser's history asks for the page."""
    return bool(request.htmx) and not request.htmx.history_restore_request


def render_live(request: HttpRequest, page: str, part: str, context: dict[str, Any]) -> HttpResponse:
    """The page, or for htmx only the ``part`` template of it, with ``live_part`` set.

    The part has the same context; it must not need what the page alone computes.
    """
    live_part = wants_live_part(request)
    response = render(request, part if live_part else page, context | {"live_part": live_part})
    # No cache may answer one with the other.
    patch_vary_headers(response, ["HX-Request", "HX-History-Restore-Request"])
    return response
