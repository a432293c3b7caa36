"""``script/bench riders``: many concurrent riders, each on their own vehicle or all on the same one.

Runs gunicorn with a server's settings and two workers, over HTTP. The load generator runs on the same machine; the last
column shows its share of the CPU.
"""

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from statistics import median
from urllib.error import URLError
from urllib.request import urlopen

from . import load
from .databases import SQLITE, postgres_server
from .markdown import markdown
from .sides import HERE, Amounts, CommandFailed, Side, add_arguments, commit_here, say, sides

WORKERS = 2
STARTS_WITHIN_SECONDS = 60
CITIES_SHARE = 5  # the largest city's approximate share of demo vehicles
ACTIONS = ("label", "start", "ride page", "end")


class Server:
    """A side's gunicorn and its log."""

    def __init__(self, side: Side):
        self.side = side
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            self.port = unused.getsockname()[1]
        self.log = side.folder / "server.log"
        self.riders: list[load.Rider] = []

    @contextmanager
    def serving(self) -> Iterator[None]:
        # Don't restart workers during a run.
        options = ["-c", "gunicorn.conf.py", "--bind", f"127.0.0.1:{self.port}", "--max-requests", "0"]
        command = [str(self.side.python), "-m", "gunicorn", "movr_project.wsgi", *options]
        environment = self.side.environment | {"WEB_CONCURRENCY": str(WORKERS), "TRUSTED_PROXY_COUNT": "1"}
        with self.log.open("w") as log:
            process = subprocess.Popen(  # noqa: S603
                command, cwd=self.side.tree, env=environment, stdout=log, stderr=subprocess.STDOUT
            )
        try:
            self._wait(process)
            yield
        finally:
            process.terminate()
            process.wait()

    def _wait(self, process: subprocess.Popen) -> None:
        deadline = time.monotonic() + STARTS_WITHIN_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            try:
                urlopen(f"http://127.0.0.1:{self.port}/health/", timeout=5).close()
            except (URLError, OSError):
                time.sleep(0.1)
            else:
                return
        raise SystemExit(f"{self.side.name}: gunicorn does not serve.\n{self.log.read_text()}")

    def events(self, name: str, since: int = 0, **facts: str) -> int:
        """Return how often an event with these facts was logged, since that byte of the log."""
        with self.log.open("rb") as log:
            log.seek(since)
            lines = [json.loads(line) for line in log if name.encode() in line]
        return sum(line["event"] == name and facts.items() <= line.items() for line in lines)


@dataclass
class Runs:
    """All runs with the same number of riders on one side."""

    riders: int
    side: str
    tallies: list[load.Tally] = field(default_factory=list)
    retries: list[int] = field(default_factory=list)
    began_at_once: list[int] = field(default_factory=list)

    def row(self) -> list[str]:
        cycles = [tally.cycles / tally.seconds for tally in self.tallies]
        shares = [again / max(tally.transactions, 1) for again, tally in zip(self.retries, self.tallies, strict=True)]
        failed = sum((tally.failed for tally in self.tallies), Counter())
        cells = [str(self.riders), self.side, f"{median(cycles):.1f}", f"{min(cycles):.1f}–{max(cycles):.1f}"]  # noqa: RUF001
        names = {load.DROPPED: "dropped"}
        cells.append(", ".join(f"{number} × {names.get(status, status)}" for status, number in failed.items()) or "0")  # noqa: RUF001
        cells += [f"{median(self.retries):.0f}", f"{median(shares):.1%}"]
        cells.append(f"{median(tally.refused for tally in self.tallies):.0f}")
        for action in ACTIONS:
            times = [median(tally.percentile(action, percent) for tally in self.tallies) for percent in (50, 95)]
            cells.append(" / ".join(f"{time:.0f}" for time in times))
        if self.began_at_once:
            cells.append(", ".join(map(str, self.began_at_once)))
        cells.append(f"{median(tally.cpu_seconds / tally.seconds for tally in self.tallies):.0%}")
        return cells


def arguments(parser: argparse.ArgumentParser) -> None:
    add_arguments(parser)
    parser.add_argument("--counts", "--riders", type=numbers, default=[8, 32, 64], metavar="N,N", help="(8,32,64)")
    parser.add_argument("--one-vehicle", action="store_true", help="all on one vehicle, starting simultaneously")
    parser.add_argument("--vehicles", type=int, default=500, help="in the city where they ride (500)")
    parser.add_argument("--seconds", type=float, default=10, help="of each run (10)")
    parser.add_argument("--runs", type=int, default=5, help="for each number of riders (5)")


def numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def run(options: argparse.Namespace) -> None:
    with ExitStack() as stack:
        compared = stack.enter_context(sides(against=options.against, server=options.database or postgres_server()))
        servers = [prepared(side, options) for side in compared]
        for server in servers:
            stack.enter_context(server.serving())
        done = [runs for number in options.counts for runs in ridden(servers, number, options)]
        wrong = [complaint for server in servers for complaint in complaints(server)]
    sys.stdout.writelines(f"{line}\n" for line in printed(compared, done, options))
    if wrong:
        raise SystemExit("\n".join(wrong))


def prepared(side: Side, options: argparse.Namespace) -> Server:
    """Prepare the side, with enough vehicles in its largest city and a logged-in rider for each."""
    amounts = Amounts(vehicles=options.vehicles * CITIES_SHARE, riders=options.vehicles, rides=options.vehicles * 10)
    side.seed(amounts)
    server = Server(side)
    with side.worker() as worker:
        _city, number = worker.ask("largest_city")
        if number < options.vehicles:
            side.seed(replace(amounts, vehicles=-(-amounts.vehicles * options.vehicles // number)))
        people = worker.ask("prepare_riders", number=max(options.counts), same=options.one_vehicle)
    server.riders = [load.Rider(server.port, person["cookies"], person["vehicle"]) for person in people]
    return server


def ridden(servers: list[Server], number: int, options: argparse.Namespace) -> list[Runs]:
    """Alternate the sides, so that noise affects all."""
    done = {server.side.name: Runs(number, server.side.name) for server in servers}
    for count in range(options.runs):
        for server in servers:
            say(f"{number} riders, run {count + 1} of {options.runs}, {server.side.name}")
            asyncio.run(one_run(server, server.riders[:number], done[server.side.name], options))
    return list(done.values())


async def one_run(server: Server, riders: list[load.Rider], runs: Runs, options: argparse.Namespace) -> None:
    await load.ready(riders)
    since = server.log.stat().st_size
    tally = load.Tally()
    if options.one_vehicle:
        runs.began_at_once.append(await load.start_at_once(riders, tally))
    failed = tally.failed
    tally = await load.ride(riders, options.seconds)
    tally.failed += failed
    runs.tallies.append(tally)
    runs.retries.append(server.events("transaction_retry", since))


def complaints(server: Server) -> Iterator[str]:
    """Yield the problems at the end: rides left open, and findings of the side's integrity check."""
    left = asyncio.run(load.settle(server.riders))
    if left:
        yield f"{server.side.name}: {left} riders can't end their rides."
    try:
        say(f"{server.side.name}: {server.side.manage('check_integrity').strip()}")
    except CommandFailed as failed:
        yield str(failed)


def printed(compared: list[Side], done: list[Runs], options: argparse.Namespace) -> list[str]:
    """Return a Markdown table under a line that says what was measured."""
    names = [f"{commit_here()} ({HERE})", *(side.name for side in compared[1:])]
    engine = SQLITE if compared[0].database.startswith(SQLITE) else "PostgreSQL"
    where = "all on one vehicle" if options.one_vehicle else "each on a vehicle of their own"
    intro = (
        f"Riders who scan a label, start a ride and end it, {where}, in a city of {options.vehicles:,} vehicles on "
        f"{engine}, gunicorn with {WORKERS} workers. {' against '.join(names)}; "
        f"medians of {options.runs} runs of {options.seconds:g} s, milliseconds as p50 / p95; "
        f"{os.cpu_count()} cores, shared with the load."
    )
    heads = ["riders", "commit", "cycles/s", "least–most", "5xx", "retries", "of transactions", "refused"]  # noqa: RUF001
    heads += [f"{action} ms" for action in ACTIONS]
    heads += ["rides of simultaneous starts"] if options.one_vehicle else []
    return [intro, "", *markdown([*heads, "load's CPU"], [runs.row() for runs in done])]
