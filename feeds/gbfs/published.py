"""The files as they are sent: built once per period, compressed once, and kept in memory.

Time is cut into periods of a file's ``ttl``, the same ones in every process. A file is built when it is first asked for
in a period, and is the same until the next one begins. So nothing is older than its ``ttl``, and processes that find
the same data send the same ETag. While one thread builds a file, others that ask for it wait. With CACHE_URL, the
processes of all servers share what one of them has built.
"""

import gzip
import hashlib
import json
import logging
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from threading import Lock

from django.utils.http import http_date

from cities.models import City
from movr_project.db.follower_reads import lag
from movr_project.db.retry import retry_read
from movr_project.logs import log_event

from . import shared
from .files import VERSION, File
from .texts import rfc3339

logger = logging.getLogger(__name__)

COMPRESSION = 3  # gzip's default takes more than twice as long for a large file, and saves a tenth


@dataclass
class Published:
    """A file of one period, ready to be sent."""

    body: bytes
    since: int  # the beginning of the period, in seconds since 1970
    ttl: int

    @cached_property
    def gzipped(self) -> bytes:
        return gzip.compress(self.body, COMPRESSION, mtime=0)

    @cached_property
    def etag(self) -> str:
        """Return a weak one, as it is the same for both encodings."""
        return f'W/"{hashlib.sha256(self.body).hexdigest()[:32]}"'

    @cached_property
    def headers(self) -> dict[str, str]:
        return {
            "Content-Type": "application/json",
            "ETag": self.etag,
            "Last-Modified": http_date(self.since),
            "Cache-Control": f"public, max-age={self.ttl}",
            "Vary": "Accept-Encoding",
            "Access-Control-Expose-Headers": "ETag",
        }


class Memory:
    """What this process has built or fetched, by city and file."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, Published] = {}
        self._locks: dict[Hashable, Lock] = {}

    def clear(self) -> None:
        self._kept.clear()

    def get(self, key: Hashable, since: int, make: Callable[[], Published]) -> Published:
        """Return the file of a period that begins at ``since``, or of a later one. One thread at a time makes it."""
        kept = self._kept.get(key)
        if kept is not None and kept.since >= since:
            return kept
        with self._locks.setdefault(key, Lock()):
            kept = self._kept.get(key)
            if kept is None or kept.since < since:
                kept = self._kept[key] = make()
            return kept


memory = Memory()


def published(file: File, city: City | None) -> Published:
    """Return a file in its present state, up to its ``ttl`` old."""
    now = int(time.time())
    since = now - now % file.ttl
    key = (city.name if city else "", file.name)
    return memory.get(key, since, lambda: _shared(file, city, since))


def _shared(file: File, city: City | None, since: int) -> Published:
    slug = city.slug if city else ""
    body = shared.get_or_build(f"gbfs:{VERSION}:{slug}:{file.name}:{since}", file.ttl, lambda: build(file, city, since))
    return Published(body, since, file.ttl)


def build(file: File, city: City | None, since: int) -> bytes:
    """Build a file of the period that begins at ``since``."""
    began = time.perf_counter()
    last_updated = datetime.fromtimestamp(since, UTC) - lag()
    data = retry_read(file.data)(city)
    document = {"last_updated": rfc3339(last_updated), "ttl": file.ttl, "version": VERSION, "data": data}
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    log_event(
        logger,
        "feed_built",
        file=file.name,
        city=city.name if city else "",
        bytes=len(body),
        ms=round((time.perf_counter() - began) * 1000),
    )
    return body
