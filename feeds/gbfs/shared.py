"""What all processes have built, in the cache that CACHE_URL names. Without one, every process builds for itself."""

import logging
import time
import zlib
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.cache import cache

from movr_project.logs import log_event

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 5  # with another process that is building
LOOK_AGAIN_SECONDS = 0.02
PAUSE_SECONDS = 10  # without the cache after it failed, as each question may take until its timeout

_silent_until = 0.0  # by the monotonic clock


def get_or_build(key: str, ttl: int, build: Callable[[], bytes]) -> bytes:
    """Return what is in the cache, or build it and put it there. One process at a time builds.

    It is compressed: memcached takes no more than 1 MB. ``ttl`` is in seconds.
    """
    if not settings.CACHE_URL:
        return build()
    builder, deadline = f"{key}:builder", time.monotonic() + PATIENCE_SECONDS
    while (kept := _ask(cache.get, key)) is None and time.monotonic() < deadline:
        if _ask(cache.add, builder, 1, PATIENCE_SECONDS) is not False:
            break
        time.sleep(LOOK_AGAIN_SECONDS)
    if kept is not None:
        return zlib.decompress(kept)
    try:
        built = build()
        _ask(cache.set, key, zlib.compress(built, 1), ttl)
    finally:
        _ask(cache.delete, builder)
    return built


def _ask(command: Callable[..., Any], *arguments: Any) -> Any:
    """Call the cache, or return None if it doesn't respond, or lately didn't: the feeds don't depend on it."""
    global _silent_until
    if time.monotonic() < _silent_until:
        return None
    try:
        return command(*arguments)
    except Exception as error:  # each cache has exceptions of its own
        _silent_until = time.monotonic() + PAUSE_SECONDS
        log_event(logger, "cache_failed", level=logging.WARNING, error=type(error).__name__)
        return None
