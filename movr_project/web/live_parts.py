"""Partial pages for htmx. Without JavaScript the same URL returns the whole page."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers


def wants_live_part(request: HttpRequest) -> bool:
    """Return whether htmx wants only the partial. Restoring the browser's history needs the whole page."""
    return bool(request.htmx) and not request.htmx.history_restore_request


def render_live(request: HttpRequest, page: str, part: str, context: dict[str, Any]) -> HttpResponse:
    """Render the page or, for htmx, only the ``part`` template, with ``live_part`` set.

    The partial gets the same context and must not need anything that only the page computes.
    """
    live_part = wants_live_part(request)
    response = render(request, part if live_part else page, context | {"live_part": live_part})
    # Keep caches from mixing up the two.
    patch_vary_headers(response, ["HX-Request", "HX-History-Restore-Request"])
    return response
