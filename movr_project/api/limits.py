"""How often the API may be asked, per credential and per address.

Writes are counted exactly, in the shared table. Reads are counted per process, in memory, so that they cost no query:
with several workers the limit is that much higher.
"""

import time
from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from threading import Lock

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from throttling.services import Throttled, count_request

from ..web.clients import client_address
from ..web.redirects import SAFE_METHODS

MINUTE = timedelta(minutes=1)
MAX_SUBJECTS = 10_000
PER_ADDRESS = 5  # times the limit of one credential, as many people may share an address


@dataclass(frozen=True)
class Usage:
    """What is left of a limit. ``reset`` is in seconds."""

    policy: str
    limit: int
    remaining: int
    reset: int

    def describe_in(self, response: HttpResponse) -> None:
        """Set the fields of draft-ietf-httpapi-ratelimit-headers-11."""
        response["RateLimit-Policy"] = f'"{self.policy}";q={self.limit};w={int(MINUTE.total_seconds())}'
        response["RateLimit"] = f'"{self.policy}";r={self.remaining};t={self.reset}'


class Counters:
    """Counts per subject and minute in this process's memory. The oldest are forgotten when there are too many."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: dict[str, tuple[float, int]] = {}

    def clear(self) -> None:
        self._counts.clear()

    def count(self, subject: str, limit: int) -> tuple[int, float]:
        """Return how often this subject has asked in its minute, this time included, and when the minute ends."""
        now, period = time.monotonic(), MINUTE.total_seconds()
        with self._lock:
            since, count = self._counts.get(subject, (now, 0))
            if now - since >= period:
                self._counts.pop(subject)  # to the end of the queue
                since, count = now, 0
            elif not count and len(self._counts) >= MAX_SUBJECTS:
                del self._counts[next(iter(self._counts))]
            if count <= limit:
                count += 1
                self._counts[subject] = (since, count)
        return count, since + period - now


reads = Counters()


def count_address(request: HttpRequest) -> None:
    """Count a request from an address, in memory, before its credential is looked up."""
    _count_in_memory("address", client_address(request), settings.API_READS_PER_MINUTE * PER_ADDRESS)


def count_use(request: HttpRequest, subject: str) -> None:
    """Count a request of a credential, or of an address without one. Raise ``Throttled`` above the limit."""
    is_read = request.method in SAFE_METHODS
    policy, limit = ("read", settings.API_READS_PER_MINUTE) if is_read else ("write", settings.API_WRITES_PER_MINUTE)
    try:
        request.api_usage = (_count_in_memory if is_read else _count_in_table)(policy, subject, limit)
    except Throttled as refused:
        request.api_usage = Usage(policy, limit, 0, ceil(refused.wait.total_seconds()))
        raise


def _count_in_table(policy: str, subject: str, limit: int) -> Usage:
    remaining, reset = count_request(f"api-{policy}", subject, limit=limit, period=MINUTE)
    return Usage(policy, limit, remaining, ceil(reset.total_seconds()))


def _count_in_memory(policy: str, subject: str, limit: int) -> Usage:
    count, reset = reads.count(f"{policy} {subject}", limit)
    if count > limit:
        raise Throttled(timedelta(seconds=reset))
    return Usage(policy, limit, limit - count, ceil(reset))
