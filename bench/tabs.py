"""``script/bench tabs``: riders alone, and beside many open pages that ask what is new for their person, over HTTP.

Both are measured in turn on the same server. Each page belongs to someone else and asks as
static/js/live-notifications.js does: every ten seconds, with the entity tag of the last answer.
"""

import argparse
import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median

from . import load
from .databases import SQLITE, postgres_server
from .markdown import markdown
from .riders import ACTIONS, WORKERS, Server, prepared
from .sides import commit_here, say, sides

PERCENTILES = (50, 95)


@dataclass
class Runs:
    """All runs with the same number of open pages."""

    tabs: int
    tallies: list[load.Tally] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)  # to the pages, by status

    def ms(self, action: str, percent: int) -> float:
        return median(tally.percentile(action, percent) for tally in self.tallies)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--database", metavar="URL", help="sqlite, or a PostgreSQL server on which to create databases")
    parser.add_argument("--tabs", type=int, default=200, help="open pages (200)")
    parser.add_argument("--pause", type=float, default=10, help="seconds between a page's questions (10)")
    parser.add_argument("--riders", type=int, default=2, help="(2)")
    parser.add_argument("--vehicles", type=int, default=500, help="in the city where they ride (500)")
    parser.add_argument("--seconds", type=float, default=20, help="of each run (20)")
    parser.add_argument("--runs", type=int, default=5, help="with and without open pages (5)")


def run(options: argparse.Namespace) -> None:
    options.counts, options.one_vehicle = [options.riders + options.tabs], False
    quiet, beside = Runs(0), Runs(options.tabs)
    with ExitStack() as stack:
        (side,) = stack.enter_context(sides(against=None, server=options.database or postgres_server()))
        server = prepared(side, options)
        stack.enter_context(server.serving())
        for count in range(options.runs):
            for runs in (quiet, beside):
                say(f"{runs.tabs} open pages, run {count + 1} of {options.runs}")
                asyncio.run(_one_run(server, runs, options))
        asyncio.run(load.settle(server.riders[: options.riders]))
    engine = SQLITE if side.database.startswith(SQLITE) else "PostgreSQL"
    sys.stdout.writelines(f"{line}\n" for line in _printed(quiet, beside, engine, options))
    statuses = [
        *beside.answers,
        *(status for runs in (quiet, beside) for tally in runs.tallies for status in tally.failed),
    ]
    if any(status >= 400 or status == load.DROPPED for status in statuses):
        raise SystemExit("There were errors.")


async def _one_run(server: Server, runs: Runs, options: argparse.Namespace) -> None:
    riders, others = server.riders[: options.riders], server.riders[options.riders :]
    await load.ready(riders)
    until = time.perf_counter() + options.seconds
    tabs = others[: runs.tabs]
    tally, *_none = await asyncio.gather(
        load.ride(riders, options.seconds),
        *(
            _ask(tab.connection, runs, number * options.pause / len(tabs), until, options)
            for number, tab in enumerate(tabs)
        ),
    )
    runs.tallies.append(tally)


async def _ask(
    connection: load.Connection, runs: Runs, first_at: float, until: float, options: argparse.Namespace
) -> None:
    """Ask again and again. Not all pages begin at the same time."""
    etag = ""
    await asyncio.sleep(first_at)
    while time.perf_counter() < until:
        headers = {"Accept": "application/json"} | ({"If-None-Match": etag} if etag else {})
        reply = await connection.ask("GET", "/notifications/?since=0", headers=headers)
        runs.answers[reply.status] += 1
        etag = reply.etag or etag
        await asyncio.sleep(options.pause)
    connection.close()


def _printed(quiet: Runs, beside: Runs, engine: str, options: argparse.Namespace) -> Iterator[str]:
    answers = ", ".join(f"{number} × {status}" for status, number in sorted(beside.answers.items()))  # noqa: RUF001
    yield (
        f"{commit_here()}: {options.riders} riders alone, and beside {options.tabs} open pages that ask every "
        f"{options.pause:g} s; {options.vehicles} vehicles on {engine}, {WORKERS} workers, {os.cpu_count()} cores; "
        f"medians of {options.runs} runs of {options.seconds:g} s each. The pages were answered {answers}."
    )
    yield ""
    heads = ["request", *(f"p{percent} {what}" for percent in PERCENTILES for what in ("quiet", "with pages", "ratio"))]
    yield from markdown(heads, [_row(action, quiet, beside) for action in ACTIONS])


def _row(action: str, quiet: Runs, beside: Runs) -> Sequence[str]:
    cells = [action]
    for percent in PERCENTILES:
        alone, together = quiet.ms(action, percent), beside.ms(action, percent)
        cells += [f"{alone:.0f} ms", f"{together:.0f} ms", f"{together / alone:.2f}" if alone else "-"]
    return cells
