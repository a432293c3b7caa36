"""Serves MovR on a free port and takes its pictures: see script/screenshots, which prepares what this needs."""

import os
import socket
import struct
import subprocess
import sys
import time
import urllib.request
import zlib
from collections import Counter
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, sync_playwright

PASSWORD = "ride-around-town"  # noqa: S105  (the demo's, which seed_demo prints)
VIEWPORTS = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 800}}
LABELS = {"phone": "PAR7K3M2", "desk": "PAR5H8WQ"}  # the vehicle that is ridden: a moped and an e-bike
PATIENCE_SECONDS = 30
PARIS = ZoneInfo("Europe/Paris")
CHANNELS = {2: 3, 6: 4}  # of PNG's color types: with and without transparency


# --- The site -----------------------------------------------------------------------------------


@contextmanager
def site():
    """The address of a MovR that runs while the block does."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://localhost:{port}"
    command = [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        wait_for(f"{address}/health/")
        yield address
    finally:
        server.terminate()
        server.wait()


def wait_for(url: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            urllib.request.urlopen(url, timeout=1).close()  # noqa: S310
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


# --- What is shown ------------------------------------------------------------------------------


def show(page: Page, take, label: str) -> None:
    """A rider's way through the site, then what staff see."""
    choose_city(page, "Paris")
    page.goto("/")
    take("landing")
    log_in(page, "rider")
    page.goto("/vehicles/")
    take("vehicles")
    take("vehicles", night=True)
    page.goto(f"/v/{label}/")
    take("vehicle")
    page.get_by_role("link", name="Calendar", exact=True).click()
    book_tomorrow(page)
    take("calendar")
    page.goto(f"/v/{label}/")
    page.get_by_role("button", name="Start ride").click()
    page.wait_for_url("**/rides/")
    take("riding")
    take("riding", night=True)
    page.get_by_label("Where are you leaving the vehicle?").fill("Place de la République")
    page.locator(".position summary").click()
    for label_of_field, degrees in (("Latitude", "48.867500"), ("Longitude", "2.363800")):
        page.get_by_label(label_of_field).fill(degrees)
    page.get_by_role("button", name="End ride").click()
    page.get_by_text("Ride ended.").wait_for()
    take("summary")
    page.goto("/rides/")
    take("history")
    page.context.clear_cookies()
    log_in(page, "staff")
    page.goto("/admin/fleet/vehicle/?city=paris")
    take("admin")
    page.goto(f"/admin/fleet/allocation/calendar/?city=paris&day={tomorrow()}")
    take("admin-calendar")


def book_tomorrow(page: Page) -> None:
    """From ten to twelve, and back to that day in the calendar."""
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
    """The picture in 256 colors: those it uses most, and for every other one the nearest of them."""
    width, height, channels, rows = decoded(png)
    pixels = [[tuple(row[x : x + 3]) for x in range(0, width * channels, channels)] for row in rows]
    used = Counter(pixel for row in pixels for pixel in row)
    palette = [color for color, _count in used.most_common(256)]
    index = {color: number for number, color in enumerate(palette)}
    for color in used:
        if color not in index:
            index[color] = min(range(len(palette)), key=lambda n: distance(palette[n], color))
    raw = b"".join(b"\0" + bytes(index[pixel] for pixel in row) for row in pixels)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0))
        + chunk(b"PLTE", b"".join(map(bytes, palette)))
        + chunk(b"IDAT", zlib.compress(raw, 9))
        + chunk(b"IEND", b"")
    )


def distance(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def decoded(png: bytes) -> tuple[int, int, int, list[bytearray]]:
    """Width, height, bytes per pixel and rows of a picture with 8 bits per channel, as Chromium makes them."""
    chunks: dict[bytes, bytes] = {}
    position = 8
    while position < len(png):
        length, name = struct.unpack(">I4s", png[position : position + 8])
        chunks[name] = chunks.get(name, b"") + png[position + 8 : position + 8 + length]
        position += length + 12
    width, height, _depth, color_type, *_rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    channels = CHANNELS[color_type]
    data = zlib.decompress(chunks[b"IDAT"])
    size = width * channels
    rows, above = [], bytearray(size)
    for start in range(0, len(data), size + 1):
        above = unfiltered(data[start], bytearray(data[start + 1 : start + 1 + size]), above, channels)
        rows.append(above)
    return width, height, channels, rows


def unfiltered(kind: int, row: bytearray, above: bytearray, channels: int) -> bytearray:
    """A row of a PNG without its filter: nothing, left, above, their mean, or Paeth's choice of three."""
    for i in range(len(row)):
        left = row[i - channels] if i >= channels else 0
        corner = above[i - channels] if i >= channels else 0
        guess = (0, left, above[i], (left + above[i]) // 2, paeth(left, above[i], corner))[kind]
        row[i] = (row[i] + guess) & 255
    return row


def paeth(left: int, above: int, corner: int) -> int:
    estimate = left + above - corner
    return min((left, above, corner), key=lambda value: abs(estimate - value))


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with site() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=["--no-sandbox"])
        for device, viewport in VIEWPORTS.items():
            options = {"base_url": address, "viewport": viewport, "locale": "en-US", "color_scheme": "light"}
            page = browser.new_context(**options, reduced_motion="reduce").new_page()

            def take(name: str, night: bool = False, page: Page = page, device: str = device) -> None:
                page.wait_for_load_state("networkidle")
                page.emulate_media(color_scheme="dark" if night else "light")
                path = folder / f"{name}{'-night' * night}-{device}.png"
                path.write_bytes(compressed(page.screenshot()))
                page.emulate_media(color_scheme="light")
                print(f"{path} {path.stat().st_size // 1000} KB")

            show(page, take, LABELS[device])
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
