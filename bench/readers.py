"""``script/bench readers``: many consumers poll a city's vehicle feed while riders start and end rides, over HTTP.

Half of the riders make one trip after another, the others start one and stay on it. A vehicle whose ride started more
than the feed's ``ttl`` before a consumer asked must not be in the answer.
"""

import argparse
import asyncio
import json
import os
import re
import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import quantiles

from . import load
from .databases import SQLITE, postgres_server
from .riders import WORKERS, Server, prepared
from .sides import commit_here, say, sides

FILE = "vehicle_status"
PUBLIC_ID = re.compile(r"/rides/start/([a-z-]+)/([0-9a-f-]{36})/")


@dataclass
class Polls:
    """What the consumers were answered."""

    statuses: Counter[int] = field(default_factory=Counter)
    ms: list[float] = field(default_factory=list)
    published: dict[str, set[str]] = field(default_factory=dict)  # IDs by ETag
    started: dict[str, float] = field(default_factory=dict)  # when a vehicle's ride had started, by public ID
    ttl: float = 0
    stale: int = 0  # answers with a vehicle that had been on a trip for too long

    def note(self, asked_at: float, reply: load.Reply) -> None:
        self.statuses[reply.status] += 1
        self.ms.append((time.perf_counter() - asked_at) * 1000)
        if reply.status == 200 and reply.etag not in self.published:
            document = json.loads(reply.body)
            self.ttl = document["ttl"]
            self.published[reply.etag] = {vehicle["vehicle_id"] for vehicle in document["data"]["vehicles"]}
        too_long = {id_ for id_, started in self.started.items() if asked_at - started > self.ttl}
        self.stale += bool(too_long & self.published.get(reply.etag, set()))


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--database", metavar="URL", help="sqlite, or a PostgreSQL server on which to create databases")
    parser.add_argument("--readers", type=int, default=200, help="(200)")
    parser.add_argument("--riders", type=int, default=8, help="(8)")
    parser.add_argument("--vehicles", type=int, default=500, help="in the city where they ride (500)")
    parser.add_argument("--seconds", type=float, default=100, help="of the run (100)")
    parser.add_argument("--pause", type=float, default=1, help="seconds between a reader's polls (1)")
    parser.add_argument("--cache", metavar="URL", default="", help="the CACHE_URL of the server")


def run(options: argparse.Namespace) -> None:
    options.counts, options.one_vehicle = [options.riders], False
    with ExitStack() as stack:
        (side,) = stack.enter_context(sides(against=None, server=options.database or postgres_server()))
        side.environment["CACHE_URL"] = options.cache
        server = prepared(side, options)
        stack.enter_context(server.serving())
        say(f"{options.readers} readers and {options.riders} riders, {options.seconds:g} s")
        polls, tally, periods = asyncio.run(_run(server, options))
        asyncio.run(load.settle(server.riders))
        builds = server.events("feed_built", file=FILE)
    engine = SQLITE if side.database.startswith(SQLITE) else "PostgreSQL"
    sys.stdout.write(_printed(polls, tally, periods, builds, engine, options))
    failed = [status for status in [*polls.statuses, *tally.failed] if status >= 500 or status == load.DROPPED]
    if failed or polls.stale:
        raise SystemExit("There were errors, or vehicles on a trip that were published for too long.")


async def _run(server: Server, options: argparse.Namespace) -> tuple[Polls, load.Tally, int]:
    """Return what readers and riders were answered, and how many periods of the feed there were."""
    polls, tally = Polls(), load.Tally(seconds=options.seconds)
    await load.ready(server.riders)
    city = PUBLIC_ID.search(server.riders[0].start.url)[1]
    began, until = time.time(), time.perf_counter() + options.seconds
    await asyncio.gather(
        *(_ride(rider, polls, tally, until, stays=number % 2 == 0) for number, rider in enumerate(server.riders)),
        *(
            _read(server.port, f"/gbfs/v3/{city}/{FILE}.json", polls, until, options.pause)
            for _number in range(options.readers)
        ),
    )
    return polls, tally, int(time.time() // polls.ttl - began // polls.ttl + 1)


async def _read(port: int, path: str, polls: Polls, until: float, pause: float) -> None:
    connection, etag = load.Connection(port, {}), ""
    while (asked_at := time.perf_counter()) < until:
        reply = await connection.ask("GET", path, headers={"If-None-Match": etag} if etag else {})
        polls.note(asked_at, reply)
        etag = reply.etag or etag
        await asyncio.sleep(pause)
    connection.close()


async def _ride(rider: load.Rider, polls: Polls, tally: load.Tally, until: float, *, stays: bool) -> None:
    """Start rides, which are noted as soon as they have started, and end them unless the rider stays."""
    while time.perf_counter() < until:
        if not await rider.open_the_label(tally, until):
            break
        public_id = PUBLIC_ID.search(rider.start.url)[2]
        started = await rider.try_to_start(tally, until)
        if started.leads_to_a_ride:
            polls.started[public_id] = time.perf_counter()
            if stays:
                break
            ended = await rider.end_what_is_open(tally, until, started.location)
            tally.cycles += ended  # not with "+= await", which would lose what others have counted meanwhile
    rider.connection.close()


def _printed(
    polls: Polls, tally: load.Tally, periods: int, builds: int, engine: str, options: argparse.Namespace
) -> str:
    p50, p95 = (quantiles(polls.ms, n=100)[percent - 1] for percent in (50, 95))
    shared = "a shared cache" if options.cache else "no shared cache"
    statuses = ", ".join(f"{number} × {status}" for status, number in sorted(polls.statuses.items()))  # noqa: RUF001
    return (
        f"{commit_here()}: {options.readers} readers who poll every {options.pause:g} s and {options.riders} riders, "
        f"{options.seconds:g} s, {options.vehicles} vehicles on {engine}, {WORKERS} workers, {shared}, "
        f"{os.cpu_count()} cores.\n"
        f"Answers: {statuses}; p50 {p50:.0f} ms, p95 {p95:.0f} ms. "
        f"Rides: {len(polls.started)} started, {tally.cycles} ended.\n"
        f"Answers with a vehicle that had been on a trip for more than {polls.ttl:g} s: {polls.stale}.\n"
        f"Statements of the feed: {builds} in {periods} periods of {polls.ttl:g} s.\n"
    )
