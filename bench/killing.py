"""``script/bench kill``: web server, worker, nginx and database are killed in turn while people ride.

All of them run as on a Linux server: nginx with deploy/linux/nginx.conf over TLS, gunicorn on a unix socket that it
gets as from movr.socket, a worker, and PostgreSQL of their own. ``kill -9`` ends all processes of one of them at once,
and its unit decides when it is started again. Riders note each start and each end that they were told of.
"""

import argparse
import asyncio
import os
import shlex
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import psycopg2

from . import load, nginx
from .clusters import Cluster, Unavailable, empty_cluster
from .markdown import markdown
from .riders import Server, complaints, prepared
from .sides import Side, commit_here, say, sides
from .units import Unit, listening_at, setting_of, start_with_socket

WEB, WORKER, NGINX, DATABASE = "web server", "worker", "nginx", "database"
ALLOWED = {502, 503}  # failures that tell a rider to try again
PAUSE_SECONDS = 0.1  # of a rider after a failure
BACK_WITHIN_SECONDS = 120


@dataclass
class Record:
    """What all riders together were told."""

    starts: int = 0
    ended: set[str] = field(default_factory=set)  # IDs of rides
    lost: int = 0  # starts after which no ride was open
    statuses: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))  # by what was last killed
    killed: str = ""
    last_success: float = 0.0  # when the last request was sent that started or ended a ride


class Witness(load.Rider):
    """A rider who notes what they were told, and whether it is so."""

    def __init__(self, rider: load.Rider, record: Record):
        super().__init__(rider.connection.port, rider.connection.cookies, rider.vehicle)
        self.connection.tls = rider.connection.tls
        self.record = record
        self.expects_a_ride = False

    async def timed(
        self, action: str, tally: load.Tally, until: float, method: str, url: str, fields: dict[str, str] | None = None
    ) -> load.Reply:
        sent_at = time.perf_counter()
        reply = await super().timed(action, tally, until, method, url, fields)
        self.record.statuses[self.record.killed][reply.status] += 1
        if reply.failed:
            await asyncio.sleep(PAUSE_SECONDS)
        elif action == "ride page":
            self.record.lost += self.expects_a_ride and load.END_URL.search(reply.body) is None
            self.expects_a_ride = False
        elif method == "POST" and reply.status == 302 and reply.leads_to_a_ride:
            self._believe(action, reply)
            self.record.last_success = max(self.record.last_success, sent_at)
        return reply

    def _believe(self, action: str, reply: load.Reply) -> None:
        if action == "start":
            self.record.starts += 1
            self.expects_a_ride = True
        else:
            self.record.ended.add(urlsplit(reply.location).path.split("/")[3])  # /rides/<city>/<id>/


@dataclass
class Site:
    """The processes, and how to see that each of them works again."""

    side: Side
    cluster: Cluster
    server: Server
    units: list[Unit]
    record: Record = field(default_factory=Record)

    async def is_back(self, unit: Unit, killed_at: float, clock: datetime) -> bool:
        """Return whether the unit was started again and has done some of its work since."""
        if unit.started_at < killed_at:
            return False
        if unit.name == WORKER:
            return await asyncio.to_thread(self._has_worker_since, clock)
        return self.record.last_success > unit.started_at

    def _has_worker_since(self, clock: datetime) -> bool:
        with closing(self._connection()) as database, database.cursor() as cursor:
            # Web processes that send e-mails serve no city.
            cursor.execute("SELECT count(*) FROM job_workers WHERE started_at > %s AND cities <> '[]'", [clock])
            return cursor.fetchone()[0] > 0

    def _connection(self) -> psycopg2.extensions.connection:
        return psycopg2.connect(self.side.database)

    def lost(self) -> Iterator[str]:
        """Yield what riders were told and the database doesn't say."""
        with closing(self._connection()) as database, database.cursor() as cursor:
            cursor.execute("SELECT id::text FROM rides WHERE end_location = %s", [load.END_LOCATION])
            ended = {id_ for (id_,) in cursor.fetchall()}
        yield from missing(self.record, ended)


def missing(record: Record, ended: set[str]) -> Iterator[str]:
    """Yield what was acknowledged and is not so. ``ended`` are the rides that their riders ended."""
    if record.lost:
        yield f"{record.lost} rides were acknowledged, and then were not there."
    if record.starts > len(ended):
        yield f"{record.starts} starts were acknowledged, and only {len(ended)} rides exist."
    yield from (f"Ride {id_} was ended, and is not." for id_ in sorted(record.ended - ended))


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--riders", type=int, default=16, help="(16)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is killed (5)")
    parser.add_argument("--seconds", type=float, default=5, help="of riding before each kill (5)")


def run(options: argparse.Namespace) -> None:
    options.vehicles = 2 * options.riders  # some are out of service
    options.counts, options.one_vehicle = [options.riders], False
    with _site(options) as site:
        back = asyncio.run(_killed_in_turn(site, options))
        wrong = [*complaints(site.server), *site.lost(), *unexpected(site.record)]  # ends the rides that are open
    sys.stdout.writelines(f"{line}\n" for line in printed(site.record, back, options))
    if wrong:
        raise SystemExit("\n".join(wrong))


def unexpected(record: Record) -> Iterator[str]:
    """Yield failures other than 502 and 503.

    While there is no nginx, nobody can connect, and a response that a web server had begun may be cut off.
    """
    for killed, statuses in record.statuses.items():
        allowed = ALLOWED | ({load.DROPPED} if killed in (NGINX, WEB) else set())
        for status in sorted(statuses.keys() - allowed):
            if status not in range(200, 500):
                yield f"{_failures(status, statuses)} after {killed or 'nothing'} was killed."


def _failures(status: int, statuses: Counter[int]) -> str:
    return f"{statuses[status]} × {'no connection' if status == load.DROPPED else status}"  # noqa: RUF001


async def _killed_in_turn(site: Site, options: argparse.Namespace) -> dict[str, list[float]]:
    """Kill each unit in each round. Return after how many seconds they were back."""
    riders = [Witness(rider, site.record) for rider in site.server.riders]
    stop = asyncio.Event()
    riding = asyncio.gather(*(_keep_riding(rider, stop) for rider in riders))
    back: dict[str, list[float]] = defaultdict(list)
    try:
        for number in range(options.rounds):
            for unit in site.units:
                await asyncio.sleep(options.seconds)
                back[unit.name].append(await _kill(site, unit))
                say(f"Round {number + 1}: the {unit.name} was back after {back[unit.name][-1]:.1f} s.")
        await asyncio.sleep(options.seconds)
    finally:
        stop.set()
        await riding
    return back


async def _keep_riding(rider: load.Rider, stop: asyncio.Event) -> None:
    tally, never = load.Tally(), float("inf")
    while not stop.is_set():
        await rider.cycle(tally, never)
    rider.connection.close()


async def _kill(site: Site, unit: Unit) -> float:
    clock = datetime.now(UTC)
    site.record.killed = unit.name
    killed_at = unit.kill()
    while not await site.is_back(unit, killed_at, clock):
        if time.perf_counter() - killed_at > BACK_WITHIN_SECONDS:
            raise SystemExit(f"The {unit.name} did not come back.")
        await asyncio.sleep(0.05)
    return time.perf_counter() - killed_at


# --- The processes ----------------------------------------------------------------------------------


@contextmanager
def _site(options: argparse.Namespace) -> Iterator[Site]:
    with ExitStack() as stack:
        try:
            cluster = stack.enter_context(empty_cluster())
        except Unavailable as reason:
            raise SystemExit(str(reason)) from None
        database = Unit(DATABASE, cluster.start_in_foreground, restart_seconds=_pause("restart.conf"))
        stack.enter_context(database.running())
        _wait_for(cluster)
        (side,) = stack.enter_context(sides(against=None, server=cluster.url))
        server = prepared(side, options)
        units = [
            Unit(WEB, _web(side, stack), restart_seconds=_pause("systemd/movr.service")),
            Unit(WORKER, _worker(side), restart_seconds=_pause("systemd/movr-worker@.service")),
        ]
        folder = side.folder / "nginx"
        folder.mkdir()
        ports = nginx.configured(folder, f"unix:{side.folder / 'web.sock'}", root=side.folder)
        front = Unit(NGINX, lambda: nginx.start(folder), restart_seconds=_pause("restart.conf"))
        for unit in (*units, front):
            stack.enter_context(unit.running())
        tls = nginx.trusting()
        for rider in server.riders:
            rider.connection.port, rider.connection.tls = ports.tls, tls
        yield Site(side, cluster, server, [*units, front, database])


def _pause(unit: str) -> float:
    return float(setting_of(unit, "RestartSec"))


def _wait_for(cluster: Cluster) -> None:
    deadline = time.monotonic() + BACK_WITHIN_SECONDS
    while True:
        try:
            cluster.connect().close()
        except psycopg2.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def _web(side: Side, stack: ExitStack) -> Callable[[], subprocess.Popen]:
    listening = stack.enter_context(closing(listening_at(side.folder / "web.sock")))
    log = stack.enter_context((side.folder / "web.log").open("w"))
    command, environment = _command("systemd/movr.service", side), side.environment | {"TRUSTED_PROXY_COUNT": "1"}

    def start() -> subprocess.Popen:
        return start_with_socket(
            command, listening, cwd=side.tree, env=environment, stdout=log, stderr=log, start_new_session=True
        )

    return start


def _worker(side: Side) -> Callable[[], subprocess.Popen]:
    command = shlex.split(_command("systemd/movr-worker@.service", side))

    def start() -> subprocess.Popen:
        nowhere = subprocess.DEVNULL
        return subprocess.Popen(  # noqa: S603
            command, cwd=side.tree, env=side.environment, stdout=nowhere, stderr=nowhere, start_new_session=True
        )

    return start


def _command(unit: str, side: Side) -> str:
    """Return a unit's command, with this side's Python."""
    programs = Path("/srv/movr/current/.venv/bin")
    return setting_of(unit, "ExecStart").replace(str(programs), str(side.python.parent))


# --- The table --------------------------------------------------------------------------------------


def printed(record: Record, back: dict[str, list[float]], options: argparse.Namespace) -> list[str]:
    intro = (
        f"{options.riders} riders, each on a vehicle of their own, through nginx over TLS, gunicorn with 2 workers on "
        f"a unix socket, and PostgreSQL. {record.starts:,} starts and {len(record.ended):,} ends were acknowledged. "
        f"{commit_here()}; {os.cpu_count()} cores, shared with the load."
    )
    heads = ["killed", "times", "back after, median", "longest", "responses until the next kill", "failed"]
    return [intro, "", *markdown(heads, [_row(name, times, record.statuses[name]) for name, times in back.items()])]


def _row(name: str, times: list[float], statuses: Counter[int]) -> list[str]:
    failed = ", ".join(_failures(status, statuses) for status in sorted(statuses) if status not in range(200, 500))
    cells = [name, str(len(times)), f"{median(times):.1f} s", f"{max(times):.1f} s", f"{sum(statuses.values()):,}"]
    return [*cells, failed or "0"]
