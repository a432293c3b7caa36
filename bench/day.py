"""``script/bench load``: a day of a city, sped up, through nginx over TLS, gunicorn and PostgreSQL.

People arrive at random (a Poisson process) with a morning and an evening peak, whether or not the server keeps up. Two
thirds look at the list, scan a label, ride and end their ride; the others only look. At a speed of 100, a hundred times
as many arrive per second as in the real city, so a server that keeps up carries a hundred such cities.
"""

import argparse
import asyncio
import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

from . import load
from .databases import postgres_server
from .markdown import markdown
from .nginx import proxying, trusting
from .riders import Server, complaints, prepared
from .sides import commit_here, say, sides

DAY_SECONDS = 24 * 60 * 60
# The share of a day's rides by hour: quiet nights, people going to work and back.
HOURS = (1, 1, 1, 1, 1, 2, 4, 8, 9, 5, 4, 5, 6, 5, 5, 6, 8, 10, 9, 7, 5, 4, 3, 2)
RIDES_PER_VEHICLE = 4  # and day
RIDE_MINUTES = 12  # on average
ONLY_LOOK = 1 / 3
SPEEDS = [100.0, 200.0, 400.0, 800.0]
RIDERS_PER_VEHICLE = 3 / 4  # each has a vehicle of their own; some vehicles are out of service
ACTIONS = ("list", "label", "start", "ride page", "end")
LIST = "/vehicles/"


@dataclass
class Day:
    """What happened at one speed."""

    speed: float
    tally: load.Tally = field(default_factory=load.Tally)
    riders: int = 0
    turned_away: int = 0  # every rider was riding already
    unfinished: int = 0  # when the day was over, and some seconds later

    def row(self) -> list[str]:
        names = {load.DROPPED: "dropped"}
        failed = ", ".join(f"{number} × {names.get(status, status)}" for status, number in self.tally.failed.items())  # noqa: RUF001
        cells = [f"{self.speed:g}", str(self.riders), str(self.tally.cycles), str(self.turned_away), failed or "0"]
        cells += [" / ".join(f"{self.tally.percentile(name, percent):.0f}" for percent in (50, 95)) for name in ACTIONS]
        return [*cells, str(self.unfinished), f"{self.tally.cpu_seconds / self.tally.seconds:.0%}"]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--database", metavar="URL", help="a PostgreSQL server on which to create and drop a database")
    parser.add_argument("--vehicles", type=int, default=500, help="in the city (500)")
    parser.add_argument("--speeds", type=_numbers, default=SPEEDS, metavar="N,N", help="(100,200,400,800)")
    parser.add_argument("--seconds", type=float, default=30, help="that a day takes (30)")
    parser.add_argument("--seed", type=int, default=1, help="of the random arrivals (1)")
    parser.set_defaults(against=None, counts=[], one_vehicle=False)


def _numbers(text: str) -> list[float]:
    return [float(number) for number in text.split(",")]


def run(options: argparse.Namespace) -> None:
    options.counts = [int(options.vehicles * RIDERS_PER_VEHICLE)]
    with ExitStack() as stack:
        (side,) = stack.enter_context(sides(against=None, server=options.database or postgres_server()))
        server = prepared(side, options)
        stack.enter_context(server.serving())
        (side.folder / "nginx").mkdir()
        upstream = f"127.0.0.1:{server.port}"
        ports = stack.enter_context(proxying(side.folder / "nginx", upstream, root=side.folder))
        tls = trusting()
        for rider in server.riders:
            rider.connection.port, rider.connection.tls = ports.tls, tls
        days = [asyncio.run(_lived(server, speed, options)) for speed in options.speeds]
        wrong = list(complaints(server))
    sys.stdout.writelines(f"{line}\n" for line in printed(days, options))
    if wrong:
        raise SystemExit("\n".join(wrong))


async def _lived(server: Server, speed: float, options: argparse.Namespace) -> Day:
    say(f"A day at {speed:g} times a city's demand")
    day, chance = Day(speed), random.Random(options.seed)  # noqa: S311
    day.tally.seconds = options.seconds
    free = list(server.riders)
    await load.ready(free[:8])
    began, cpu = time.perf_counter(), time.process_time()
    tasks = set()
    for at in _arrivals(chance, speed, options):
        await asyncio.sleep(max(0.0, began + at - time.perf_counter()))
        if not free:
            day.turned_away += 1
            continue
        rider = free.pop(chance.randrange(len(free)))
        rides = chance.random() >= ONLY_LOOK
        day.riders += rides
        ride_seconds = chance.expovariate(1) * RIDE_MINUTES * 60 * options.seconds / DAY_SECONDS
        task = asyncio.create_task(_visit(rider, day.tally, ride_seconds if rides else None))
        task.add_done_callback(lambda _task, rider=rider: free.append(rider))
        tasks.add(task)
    _done, late = await asyncio.wait(tasks, timeout=5)
    day.unfinished = len(late)
    day.tally.cpu_seconds = time.process_time() - cpu
    if late:
        await asyncio.wait(late)
    for rider in server.riders:
        rider.connection.close()
    return day


def _arrivals(chance: random.Random, speed: float, options: argparse.Namespace) -> Iterator[float]:
    """Yield the seconds at which people arrive, by thinning the rate of the busiest hour."""
    people = options.vehicles * RIDES_PER_VEHICLE / (1 - ONLY_LOOK) * speed * options.seconds / DAY_SECONDS
    busiest = max(HOURS) / sum(HOURS) * len(HOURS) * people / options.seconds
    at = 0.0
    while (at := at + chance.expovariate(busiest)) < options.seconds:
        hour = int(at / options.seconds * len(HOURS))
        if chance.random() < HOURS[hour] / max(HOURS):
            yield at


async def _visit(rider: load.Rider, tally: load.Tally, ride_seconds: float | None) -> None:
    never = float("inf")
    await rider.timed("list", tally, never, "GET", LIST)
    if ride_seconds is None:
        return
    if rider.may_be_riding:
        await rider.end_what_is_open(tally, never)
    if not await rider.open_the_label(tally, never):
        tally.refused += 1
        return
    started = await rider.try_to_start(tally, never)
    if started.failed:
        rider.may_be_riding = True
    elif started.leads_to_a_ride:
        await asyncio.sleep(ride_seconds)
        ended = await rider.end_what_is_open(tally, never, started.location)
        tally.cycles += ended  # in a line of its own: others count while this one waits


def printed(days: list[Day], options: argparse.Namespace) -> list[str]:
    rides = options.vehicles * RIDES_PER_VEHICLE
    intro = (
        f"A city of {options.vehicles:,} vehicles and {rides:,} rides a day, in {options.seconds:g} s, through nginx "
        f"over TLS, gunicorn with 2 workers and PostgreSQL. {commit_here()}; milliseconds as p50 / p95; "
        f"{os.cpu_count()} cores, shared with the load."
    )
    heads = ["speed", "riders", "rides ended", "no vehicle", "errors", *(f"{action} ms" for action in ACTIONS)]
    return [intro, "", *markdown([*heads, "late", "load's CPU"], [day.row() for day in days])]
