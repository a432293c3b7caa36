"""The time of the largest feed, uncached and cached, compared with its bare statement and with the health check.

A request runs in process, through all middleware. The bare variant sends the feed's statement by a cursor and calls
``json.dumps`` on the payload that was published. They alternate, and the median is reported.
"""

import gc
import json
import random
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from statistics import median
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from feeds.gbfs.published import memory
from fleet.models import Allocation, Vehicle
from fleet.models.choices import AllocationKind, VehicleState
from movr_project.wsgi import application

from . import map as map_bench
from .browser import Browser, Request

CITY = map_bench.CITY
PATH = f"/gbfs/v3/{CITY}/vehicle_status.json"
TURNS = 41
OUT_OF_SERVICE = 20  # one of so many is in maintenance
PAST = 5  # allocations of each vehicle


def fill(number: int) -> None:
    """Insert vehicles that are all published, with past and current entries in their calendars. Reproducible."""
    map_bench.fill(number)
    Vehicle.objects.filter(city=CITY).update(status=VehicleState.AVAILABLE)
    chance, now = random.Random(2), timezone.now()  # noqa: S311
    made = []
    for index, id_ in enumerate(Vehicle.objects.filter(city=CITY).order_by("id").values_list("id", flat=True)):
        starts = [now - timedelta(days=chance.randint(2, 300)) for _past in range(PAST)]
        bounds = [(start, start + timedelta(hours=2)) for start in starts]
        if index % OUT_OF_SERVICE == 0:
            bounds.append((now - timedelta(hours=1), None))
        made += [
            Allocation(
                city=CITY,
                vehicle_id=id_,
                kind=AllocationKind.MAINTENANCE,
                state=VehicleState.NON_OPERATIONAL,
                starts_at=start,
                ends_at=end,
            )
            for start, end in bounds
        ]
    Allocation.objects.bulk_create(made, batch_size=map_bench.BATCH)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # a server does so within a minute; until then PostgreSQL believes the tables empty


def printed(vehicles: int) -> Iterator[str]:
    settings.DEBUG = False  # DEBUG would keep all queries
    browser, plain = Browser(application, {}), Browser(application, {}, accept_encoding="identity")
    browser.get(PATH)
    answer = plain.get(PATH)
    gc.collect()
    gc.freeze()  # as gunicorn.conf.py does
    yield f"{vehicles} vehicles in one city, on {connection.vendor}, medians of {TURNS}, in ms:"
    yield from _uncached(plain, browser, json.loads(answer.body), len(answer.body), len(browser.get(PATH).body))
    yield from _cached(browser)


def _uncached(plain: Browser, browser: Browser, payload: Any, size: int, compressed: int) -> Iterator[str]:
    sent: list[tuple[str, Any]] = []

    def keep(execute, sql, params, many, context):
        sent.append((sql, params))
        return execute(sql, params, many, context)

    memory.clear()
    with connection.execute_wrapper(keep):
        plain.get(PATH)

    def bare() -> None:
        for sql, params in sent:
            with connection.cursor() as cursor:
                cursor.execute(sql, params)
                cursor.fetchall()
        json.dumps(payload)

    def uncached(by: Browser) -> Callable[[], Any]:
        def ask() -> None:
            memory.clear()
            by.get(PATH)

        return ask

    whole, packed = uncached(plain), uncached(browser)
    times = _timed(bare, whole, packed)
    yield f"  statements {len(sent)}, {size / 1e6:.2f} MB, {compressed / 1e6:.2f} MB compressed"
    yield f"  its statement and json.dumps     {times[bare]:8.1f}"
    yield f"  uncached                         {times[whole]:8.1f}   {times[whole] / times[bare]:.2f} times that"
    yield f"  uncached and compressed          {times[packed]:8.1f}   {times[packed] / times[bare]:.2f} times that"


def _cached(browser: Browser) -> Iterator[str]:
    etag = ""

    def health() -> None:
        browser.get("/health/")

    def cached() -> None:
        nonlocal etag
        etag = browser.get(PATH).headers["etag"]

    def not_modified() -> None:
        browser.send(Request.get(PATH), HTTP_IF_NONE_MATCH=etag)

    times = _timed(health, cached, not_modified, turns=TURNS * 10)
    yield f"  /health/                         {times[health]:8.3f}"
    for name, run in (("cached", cached), ("304", not_modified)):
        yield f"  {name:<33}{times[run]:8.3f}   {times[run] / times[health]:.2f} times that"


def _timed(*runs: Callable[[], Any], turns: int = TURNS) -> dict[Callable[[], Any], float]:
    """Return the median time of each in milliseconds, after a run that is not counted."""
    times: dict[Callable[[], Any], list[float]] = {run: [] for run in runs}
    for _turn in range(turns + 1):
        for run in runs:
            began = time.perf_counter()
            run()
            times[run].append((time.perf_counter() - began) * 1000)
    return {run: median(measured[1:]) for run, measured in times.items()}
