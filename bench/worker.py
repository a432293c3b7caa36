"""A side's process. It imports that side's code only, and carries out the driver's orders.

Each order and each response is a JSON object on one line. ``bench`` is the driver's, whatever the side's commit.
"""

import gc
import json
import os
import sys
import traceback
from collections.abc import Callable
from itertools import islice
from typing import Any, TextIO

import django
from django.conf import settings

URLS = "bench.bare_urls"


def main() -> None:
    out = channel()
    os.environ["DJANGO_SETTINGS_MODULE"] = "movr_project.settings"
    django.setup()
    settings.ROOT_URLCONF = URLS
    worker = Worker()
    for line in sys.stdin:
        order = json.loads(line)
        try:
            answer = {"answer": getattr(worker, order.pop("do"))(**order)}
        except Exception:
            answer = {"error": traceback.format_exc()}
        out.write(json.dumps(answer) + "\n")
        out.flush()


def channel() -> TextIO:
    """Reserve standard output for the driver. Format log records as on a server, and discard them."""
    out = os.fdopen(os.dup(1), "w")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    return out


class Worker:
    """Its methods are the driver's orders."""

    def __init__(self) -> None:
        from django.core.wsgi import get_wsgi_application

        self.application: Callable = get_wsgi_application()
        self.visits: dict[str, Any] = {}

    def prepare_pages(self) -> list[str]:
        from .visits import Visits

        self.visits = {visit.name: visit for visit in Visits(self.application).all()}
        return list(self.visits)

    def measure(self, page: str, times: int) -> list[float]:
        """Return the CPU time of each request in milliseconds, after one that is not counted.

        Collect garbage between requests instead of during them, where it would affect a random one.
        """
        self._visit(page)
        gc.freeze()
        gc.disable()
        try:
            return [self._visit(page) for _number in range(times)]
        finally:
            gc.enable()
            gc.unfreeze()

    def _visit(self, page: str) -> float:
        visit = self.visits[page]
        request = visit.ready()
        gc.collect()
        answer = visit.browser.send(request).expect(200 if request.method == "GET" else 302)
        visit.after(answer)
        return answer.cpu_ms

    def count(self, page: str) -> dict[str, int]:
        """Return the counts of a request."""
        from .counting import counted

        visit = self.visits[page]
        request = visit.ready()
        with counted() as counts:
            answer = visit.browser.send(request)
        visit.after(answer)
        return {"statements": counts.statements, "nodes": counts.nodes, "bytes": len(answer.content)}

    def largest_city(self) -> tuple[str, int]:
        from .people import largest_city

        return largest_city()

    def prepare_riders(self, number: int, same: bool) -> list[dict[str, Any]]:
        """Log in riders in one city. Return their cookies and the address on their vehicle's label.

        With ``same``, all have the same vehicle.
        """
        from .browser import Browser
        from .people import largest_city, riders
        from .visits import free_vehicles, label_of

        city, _number = largest_city()
        cookies = list(riders(city, [f"bench-{index}" for index in range(number)]))
        found = free_vehicles(Browser(self.application, dict(cookies[0])))
        vehicles = [next(found)] * number if same else list(islice(found, number))
        return [{"cookies": own, "vehicle": label_of(vehicle)} for own, vehicle in zip(cookies, vehicles, strict=True)]
