"""Chromium and a live server. The environment variable CHROMIUM names the executable."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import expect

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(autouse=True)
def _plain_maps(settings):
    """Block requests to other servers by DNS, as intercepting them would interfere with the service worker."""
    settings.MAP_TILE_URL = ""


@pytest.fixture
def open_browser(chromium, live_server):
    """``with open_browser(PHONE, javascript=True) as page`` fails if the browser reports errors."""

    @contextmanager
    def open_(
        viewport: dict[str, int] = PHONE, *, javascript: bool = True, locale: str = "en-US", **options: Any
    ) -> Iterator[Any]:
        context = chromium.new_context(
            base_url=live_server.url,
            viewport=viewport,
            has_touch=viewport == PHONE,
            java_script_enabled=javascript,
            locale=locale,
            **options,
        )
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.site = live_server.url
        complaints: list[str] = []
        listen(page, complaints)
        yield page
        context.close()
        assert not complaints, "\n".join(complaints)

    return open_


def listen(page: Any, complaints: list[str]) -> None:
    """Collect console errors (including policy violations), script errors and failed requests."""

    def console(message: Any) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(f"console: {message.text} ({page.url})")

    def failed(request: Any) -> None:
        if request.failure != "net::ERR_ABORTED":  # the page was left while loading
            complaints.append(f"failed: {request.url} {request.failure}")

    def response(answer: Any) -> None:
        if answer.status >= 400:
            complaints.append(f"{answer.status}: {answer.request.method} {answer.url}")

    page.on("console", console)
    page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
    page.on("requestfailed", failed)
    page.on("response", response)
