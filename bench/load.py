"""A load generator: riders who start and end rides as fast as possible, over HTTP with keep-alive.

One thread and raw sockets for all of them, to be cheap: the load shares its machine with the server.
"""

import asyncio
import gzip
import re
import secrets
import ssl
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import quantiles
from urllib.parse import urlencode, urljoin, urlsplit

from .browser import HOST, ORIGIN
from .html import Page, Submit

RIDES = "/rides/"
START, END = r"^/rides/start/", r"^/rides/.+/end/$"
END_URL = re.compile(rb'action="([^"]*/rides/[^"]+/end/)"')
END_LOCATION = "The station"
DROPPED = 0  # the "status" of a connection that was closed without a response
MAX_OPEN_RIDES = 5  # the maximum number of rides that a rider may have left open


@dataclass
class Tally:
    """The results of a run."""

    ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failed: Counter[int] = field(default_factory=Counter)  # by status
    cycles: int = 0
    refused: int = 0
    seconds: float = 0
    cpu_seconds: float = 0  # used by the load generator itself

    @property
    def transactions(self) -> int:
        return len(self.ms["start"]) + len(self.ms["end"])

    def percentile(self, action: str, percent: int) -> float:
        times = self.ms[action]
        return quantiles(times, n=100, method="inclusive")[percent - 1] if len(times) > 1 else sum(times)


@dataclass(frozen=True)
class Reply:
    status: int
    location: str = ""
    body: bytes = b""
    etag: str = ""

    @property
    def failed(self) -> bool:
        return self.status >= 500 or self.status == DROPPED

    @property
    def leads_to_a_ride(self) -> bool:
        return urlsplit(self.location).path.startswith(RIDES)


class Connection:
    """A browser's connection and cookies."""

    def __init__(self, port: int, cookies: dict[str, str]):
        self.port = port
        self.tls: ssl.SSLContext | None = None
        self.cookies = cookies
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def ask(
        self, method: str, url: str, fields: dict[str, str] | None = None, headers: dict[str, str] | None = None
    ) -> Reply:
        request, reused = self._request(method, url, fields, headers or {}), self.writer is not None
        reply = await self._send(request)
        if reply.status == DROPPED and reused:  # browsers also retry when a kept-alive connection has been closed
            reply = await self._send(request)
        return reply

    async def _send(self, request: bytes) -> Reply:
        try:
            if self.writer is None:
                self.reader, self.writer = await asyncio.open_connection(
                    "127.0.0.1", self.port, limit=2**20, ssl=self.tls
                )
            self.writer.write(request)
            return await self._reply()
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            return Reply(DROPPED)

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None

    def _request(self, method: str, url: str, fields: dict[str, str] | None, headers: dict[str, str]) -> bytes:
        parts = urlsplit(url)
        body = urlencode(fields or {}).encode()
        head = [
            f"{method} {parts.path}{'?' if parts.query else ''}{parts.query} HTTP/1.1",
            f"Host: {HOST}",
            "X-Forwarded-Proto: https",
            "X-Forwarded-For: 203.0.113.9",
            "Accept-Encoding: gzip",
            "Accept-Language: en",
            f"Cookie: {'; '.join(f'{name}={value}' for name, value in self.cookies.items())}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        if method == "POST":
            form = "Content-Type: application/x-www-form-urlencoded"
            head += [f"Origin: {ORIGIN}", form, f"Content-Length: {len(body)}"]
        return "\r\n".join([*head, "", ""]).encode() + body

    async def _reply(self) -> Reply:
        assert self.reader  # noqa: S101
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status_line, *lines = head.rstrip().split("\r\n")
        headers: dict[str, str] = {}
        for line in lines:
            name, _colon, value = line.partition(": ")
            if name.lower() == "set-cookie":
                self._keep(value)
            else:
                headers[name.lower()] = value
        body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        if headers.get("connection", "").lower() == "close":
            self.close()
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        return Reply(int(status_line.split()[1]), headers.get("location", ""), body, headers.get("etag", ""))

    def _keep(self, cookie: str) -> None:
        name, _equals, value = cookie.partition(";")[0].partition("=")
        self.cookies[name] = value


class Rider:
    """A rider with a chosen vehicle."""

    def __init__(self, port: int, cookies: dict[str, str], vehicle: str):
        self.connection = Connection(port, cookies)
        self.vehicle = vehicle
        self.start: Submit | None = None
        self.end_fields: dict[str, str] | None = None
        self.may_be_riding = False  # after an error: check before starting again

    async def open_the_label(self, tally: Tally, until: float) -> bool:
        """Open the page of the vehicle's label. Its form changes with every trip. Return whether there is one."""
        reply = await self.timed("label", tally, until, "GET", self.vehicle)
        self.start = next(Page(reply.body.decode(), self.vehicle).submits(START), None)
        return self.start is not None

    async def cycle(self, tally: Tally, until: float) -> None:
        """Scan the label, start a ride, open its page and end it."""
        if self.may_be_riding:
            await self.end_what_is_open(tally, until)
            return
        if not await self.open_the_label(tally, until):
            tally.refused += 1
            return
        started = await self.try_to_start(tally, until)
        if started.failed:
            self.may_be_riding = True
        elif not started.leads_to_a_ride:
            tally.refused += 1
        elif await self.end_what_is_open(tally, until, started.location) and time.perf_counter() < until:
            tally.cycles += 1

    async def try_to_start(self, tally: Tally, until: float) -> Reply:
        assert self.start  # noqa: S101
        fresh = {"token": secrets.token_urlsafe(12)} if "token" in self.start.fields else {}
        reply = await self.timed("start", tally, until, "POST", self.start.url, self.start.fields | fresh)
        if not reply.leads_to_a_ride:
            # The message is never displayed here, so it would be sent with each further request.
            self.connection.cookies.pop("messages", None)
        return reply

    async def end_what_is_open(self, tally: Tally, until: float, url: str = RIDES) -> bool:
        """Return whether the page showed an open ride, which is now ended."""
        page = await self.timed("ride page", tally, until, "GET", url)
        self.may_be_riding = page.failed
        found = END_URL.search(page.body)
        if found is None:
            return False
        if self.end_fields is None:
            self.end_fields = Page(page.body.decode(), url).submit(END).fields
        fields = self.end_fields | {"end_location": END_LOCATION}
        ended = await self.timed("end", tally, until, "POST", urljoin(url, found[1].decode()), fields)
        self.may_be_riding = ended.failed
        return ended.status == 302

    async def timed(
        self, action: str, tally: Tally, until: float, method: str, url: str, fields: dict[str, str] | None = None
    ) -> Reply:
        began = time.perf_counter()
        reply = await self.connection.ask(method, url, fields)
        if began < until:
            tally.ms[action].append((time.perf_counter() - began) * 1000)
        if reply.failed:
            tally.failed[reply.status] += 1
        return reply


async def ready(riders: Iterable[Rider]) -> None:
    """Open each rider's label, one after the other, which also warms up the server."""
    for rider in riders:
        await rider.open_the_label(Tally(), until=0)


async def ride(riders: Sequence[Rider], seconds: float) -> Tally:
    """Let all ride for the given time. Cycles in progress at the end are completed."""
    tally, cpu = Tally(seconds=seconds), time.process_time()
    until = time.perf_counter() + seconds

    async def keep_riding(rider: Rider) -> None:
        while time.perf_counter() < until:
            await rider.cycle(tally, until)
        rider.connection.close()

    await asyncio.gather(*map(keep_riding, riders))
    tally.cpu_seconds = time.process_time() - cpu
    return tally


async def start_at_once(riders: Sequence[Rider], tally: Tally) -> int:
    """Return how many of those who start at the same time get a ride. End it again."""
    never = float("inf")
    await asyncio.gather(*(rider.try_to_start(tally, never) for rider in riders))
    return sum([await rider.end_what_is_open(tally, never) for rider in riders])


async def settle(riders: Iterable[Rider]) -> int:
    """End rides that were left open, and return how many still are."""
    tally, left = Tally(), 0
    for rider in riders:
        for _number in range(MAX_OPEN_RIDES):
            if not await rider.end_what_is_open(tally, float("inf")):
                break
        page = await rider.connection.ask("GET", RIDES)
        left += page.status != 200 or END_URL.search(page.body) is not None
        rider.connection.close()
    return left
