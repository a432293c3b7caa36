"""The pages and actions that ``script/bench pages`` measures.

They are found by following links and buttons, so that this works on any commit.
"""

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.apps import apps
from django.db.models import Q
from django.utils import timezone

from .bare_urls import PATH as BARE_PATH
from .browser import Answer, Browser, Request
from .html import NotFound, Page, Submit
from .pages import BARE
from .people import largest_city, riders

LIST, RIDES, BOOKINGS, MAP = "/vehicles/", "/rides/", "/bookings/", "/vehicles/map/"
VEHICLE = r"^/vehicles/[a-z-]+/[^/]+/$"
START, END, RESERVE = r"^/rides/start/", r"^/rides/.+/end/$", r"/reserve/$"
BOOK, CANCEL, CALENDAR = r"/book/$", r"^/bookings/.+/cancel/$", r"/calendar/$"
NOTIFICATIONS = r"^/(notices|notifications)/$"
END_LOCATION = "The station"
PAST_RIDES, BOOKED = 30, 3  # more rides than fit on a page
SOON, FREE_FOR = timedelta(minutes=2), timedelta(hours=4)  # longer than any run
SOME_STREETS = 0.004, 0.005  # degrees from the city's centre


def nothing(answer: Answer) -> None:
    pass


@dataclass(frozen=True)
class Visit:
    """A page or action. ``ready`` runs the preceding steps, unmeasured, and returns the request to measure."""

    name: str
    browser: Browser
    ready: Callable[[], Request]
    after: Callable[[Answer], None] = field(default=nothing)


class Visits:
    """A rider with past rides, another one on a ride, and their vehicles."""

    def __init__(self, application: Any):
        self.city, _number = largest_city()
        self.rider, self.riding = (
            Browser(application, cookies) for cookies in riders(self.city, ["bench-rider", "bench-riding"])
        )
        found = free_vehicles(self.rider)
        self.vehicle = next(found)
        self.act_on, ridden, *booked = (label_of(next(found)) for _number in range(2 + BOOKED))
        for _number in range(PAST_RIDES):
            self._end(self._started(ridden), self.rider)
        for days, vehicle in enumerate(booked, start=2):
            self._book(vehicle, days)
        self.open_ride = self.riding.post(self.riding.get(ridden).page.submit(START))

    def all(self) -> Iterator[Visit]:
        yield Visit(BARE, self.rider, lambda: Request.get(f"/{BARE_PATH}"))
        for name, url in self._urls().items():
            yield Visit(name, self.rider, lambda url=url: Request.get(url))
        for name, url in self._urls_while_riding().items():
            yield Visit(name, self.riding, lambda url=url: Request.get(url))
        yield Visit("start a ride", self.rider, self._ready_to_start, self._end_after_start)
        yield Visit("end a ride", self.rider, self._ready_to_end)
        yield Visit("reserve", self.rider, self._ready_to_reserve, self._cancel_after)
        yield Visit("cancel a reservation", self.rider, self._ready_to_cancel_reservation)
        yield Visit("book", self.rider, self._ready_to_book, self._cancel_after)
        yield Visit("cancel a booking", self.rider, self._ready_to_cancel_booking)

    def _urls(self) -> dict[str, str]:
        page = self.rider.get(self.vehicle).page
        start_page = self.rider.get(LIST).page
        map_url = start_page.attributes.get("data-url", MAP)
        return {
            "help": "/help/",
            "list": LIST,
            "list, charged": f"{LIST}?battery=50",
            "vehicle": self.vehicle,
            "calendar": page.link(CALENDAR),
            "booking form": page.link(BOOK),
            "map, whole city": f"{map_url}?zoom=11",
            "map, some streets": f"{map_url}?zoom=16&bbox={self._streets()}",
            "bookings": BOOKINGS,
            "rides": RIDES,
            "profile": "/profile/",
            "notifications": start_page.link(NOTIFICATIONS),
        }

    def _urls_while_riding(self) -> dict[str, str]:
        ride = self.open_ride.page.submit(END).url.removesuffix("end/")
        return {"rides, one open": RIDES, "ride page, open": ride}

    def _streets(self) -> str:
        city = apps.get_model("cities", "City").objects.get(name=self.city)
        north, east = SOME_STREETS
        edges = (city.latitude - north, city.longitude - east, city.latitude + north, city.longitude + east)
        return ",".join(f"{edge:.4f}" for edge in edges)

    def _ready_to_start(self) -> Request:
        return Request.post(self.rider.get(self.act_on).page.submit(START))

    def _end_after_start(self, answer: Answer) -> None:
        self._end(self.rider.get(answer.location).page.submit(END), self.rider)

    def _ready_to_end(self) -> Request:
        return Request.post(self._started(self.act_on), end_location=END_LOCATION)

    def _ready_to_reserve(self) -> Request:
        return Request.post(self.rider.get(self.act_on).page.submit(RESERVE))

    def _ready_to_cancel_reservation(self) -> Request:
        return Request.post(self.rider.post(self.rider.get(self.act_on).page.submit(RESERVE)).page.submit(CANCEL))

    def _ready_to_book(self) -> Request:
        return Request.post(self._booking_form(self.act_on, days=1))

    def _ready_to_cancel_booking(self) -> Request:
        return Request.post(self._book(self.act_on, days=1).page.submit(CANCEL))

    def _cancel_after(self, answer: Answer) -> None:
        self.rider.post(self.rider.get(answer.location).page.submit(CANCEL))

    def _started(self, vehicle: str) -> Submit:
        return self.rider.post(self.rider.get(vehicle).page.submit(START)).page.submit(END)

    def _end(self, submit: Submit, browser: Browser) -> None:
        browser.post(submit, end_location=END_LOCATION)

    def _booking_form(self, vehicle: str, days: int) -> Submit:
        start = timezone.now() + timedelta(days=days)
        form = self.rider.get(self.rider.get(vehicle).page.link(BOOK)).page.submit(BOOK)
        return Submit(form.url, form.fields | {"starts": f"{start:%Y-%m-%d}T12:00"})

    def _book(self, vehicle: str, days: int) -> Answer:
        return self.rider.post(self._booking_form(vehicle, days))


def label_of(url: str) -> str:
    """Return the address on the label of a vehicle, which stays the same after a trip."""
    id_ = uuid.UUID(urlsplit(url).path.split("/")[-2])
    vehicle = apps.get_model("fleet", "Vehicle").objects.get(Q(id=id_) | Q(public_id=id_))
    return f"/v/{vehicle.code}/"


def free_vehicles(browser: Browser) -> Iterator[str]:
    """Yield pages of vehicles that can be ridden, reserved and booked for some hours, in list order."""
    now = timezone.now()
    hours = {"from": (now + SOON).isoformat(), "until": (now + SOON + FREE_FOR).isoformat()}
    for page in pages(browser, f"{LIST}?{urlencode(hours)}"):
        for url in dict.fromkeys(link for link in page.links if re.search(VEHICLE, urlsplit(link).path)):
            if is_free(browser.get(url).page):
                yield url
    raise NotFound("Too few free vehicles. Increase --vehicles.")


def pages(browser: Browser, url: str) -> Iterator[Page]:
    """Yield a list's pages by following its "next" links."""
    seen: set[str] = set()
    while url not in seen:
        seen.add(url)
        page = browser.get(url).page
        yield page
        here = page_number(url)
        ahead = [link for link in page.links if urlsplit(link).path == LIST and page_number(link) == here + 1]
        url = ahead[0] if ahead else url


def page_number(url: str) -> int:
    found = re.search(r"[?&]page=(\d+)", url)
    return int(found[1]) if found else 1


def is_free(page: Page) -> bool:
    try:
        page.submit(START), page.submit(RESERVE), page.link(BOOK)
    except NotFound:
        return False
    return True
