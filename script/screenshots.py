"""Serve MovR on a free port and take the README's screenshots. Run by script/screenshots, which prepares the database.

The streets under the maps are drawn by ``street_tiles``: map tiles of others belong to their providers.
"""

import io
import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from PIL import Image
from playwright.sync_api import Page, sync_playwright
from street_tiles import ATTRIBUTION, street_tiles

PASSWORD = "ride-around-town"  # noqa: S105  (the demo's password)
VIEWPORTS = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 800}}
LABELS = {"phone": "PAR7K3M2", "desk": "PAR5H8WQ"}  # vehicles to ride: a moped and an e-bike
TIMEOUT_SECONDS = 30
PARIS = ZoneInfo("Europe/Paris")


# --- The site -----------------------------------------------------------------------------------


@contextmanager
def site(tiles: str):
    """Run MovR during the block, with the map tiles of a URL, and yield its URL."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://localhost:{port}"
    command = [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"]
    environment = os.environ | {"MAP_TILE_URL": tiles, "MAP_ATTRIBUTION": ATTRIBUTION}
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)  # noqa: S603
    try:
        wait_for(f"{address}/health/")
        yield address
    finally:
        server.terminate()
        server.wait()


def wait_for(url: str) -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while True:
        try:
            urllib.request.urlopen(url, timeout=1).close()  # noqa: S310
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


# --- Pages ------------------------------------------------------------------------------


def show(page: Page, take, label: str) -> None:
    """Walk through the site as a rider, then as a staff member. ``take`` is told for which device a picture is."""
    choose_city(page, "Paris")
    log_in(page, "rider")
    for notification in page.get_by_role("button", name="Got it").all():
        notification.click()
    page.goto("/vehicles/")
    take("vehicles", "desk")
    take("vehicles-night", "phone", night=True)
    page.goto(f"/v/{label}/")
    page.locator("a.outlook").click()
    book_tomorrow(page)
    take("calendar", "desk")
    page.goto(f"/v/{label}/")
    page.get_by_role("button", name="Start ride").click()
    page.wait_for_url("**/rides/")
    take("riding", "phone")
    page.locator(".end-details > summary").click()
    page.get_by_label("Where are you leaving the vehicle?").fill("Place de la République")
    page.locator(".position summary").click()
    for label_of_field, degrees in (("Latitude", "48.867500"), ("Longitude", "2.363800")):
        page.get_by_label(label_of_field).fill(degrees)
    page.get_by_role("button", name="End ride here").click()
    page.get_by_text("Ride ended.").wait_for()
    take("summary", "phone")
    page.context.clear_cookies()
    log_in(page, "staff")
    page.goto("/admin/fleet/vehicle/?city=paris")
    take("admin", "desk")


def book_tomorrow(page: Page) -> None:
    """Book from 10 to 12, then return to that day in the calendar."""
    day, address = tomorrow(), page.url.partition("?")[0]
    page.goto(address.replace("/calendar/", "/book/") + f"?from={day}T10:00&until={day}T12:00")
    page.locator("main form button.btn-primary").click()
    page.wait_for_url("**/bookings/**")
    page.goto(f"{address}?day={day}")


def tomorrow() -> str:
    return (datetime.now(PARIS) + timedelta(days=1)).date().isoformat()


def choose_city(page: Page, city: str) -> None:
    page.goto("/")
    page.locator(".city-menu summary").click()
    page.locator(".city-menu").get_by_role("button", name=city).click()
    page.get_by_text(f"Now using {city}").wait_for()


def log_in(page: Page, username: str) -> None:
    page.goto("/login/")
    page.locator("[name=username]").fill(username)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")
    page.wait_for_url("**/vehicles/")


# --- Smaller files ------------------------------------------------------------------------------


def compressed(png: bytes) -> bytes:
    """Return the picture in at most 256 colors, each pixel in the nearest of them."""
    smaller = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        colors = picture.convert("RGB").quantize(256, kmeans=1, dither=Image.Dither.NONE)
        colors.save(smaller, format="PNG", optimize=True)
    return smaller.getvalue()


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with street_tiles() as tiles, site(tiles) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=["--no-sandbox"])
        for device, viewport in VIEWPORTS.items():
            options = {"base_url": address, "viewport": viewport, "locale": "en-US", "color_scheme": "light"}
            page = browser.new_context(**options, reduced_motion="reduce").new_page()

            def take(name: str, on: str, night: bool = False, page: Page = page, device: str = device) -> None:
                if on != device:
                    return
                page.wait_for_load_state("networkidle")
                page.emulate_media(color_scheme="dark" if night else "light")
                path = folder / f"{name}-{device}.png"
                path.write_bytes(compressed(page.screenshot()))
                page.emulate_media(color_scheme="light")
                print(f"{path} {path.stat().st_size // 1000} KB")

            show(page, take, LABELS[device])
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
