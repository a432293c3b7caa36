"""Whether to write 15:30 or 3:30 PM, for languages that know both.

The reader's English decides if it names a country with a clock of its own. Otherwise the city's habit does.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.utils.formats import get_format
from django.utils.translation.trans_real import parse_accept_lang_header

CLOCKS = {"en-gb": True, "en-us": False}  # whether they use 24 hours
BY_HABIT = "P"  # Django's letter for "3:30 p.m.", in formats of languages that know both clocks
IN_24_HOURS, IN_12_HOURS = "H:i", "g:i A"

_reader: ContextVar[bool | None] = ContextVar("uses_24_hours", default=None)


@contextmanager
def reader_clock(uses_24_hours: bool | None) -> Iterator[None]:
    """Use the reader's clock in this block, or with None that of each time's city."""
    token = _reader.set(uses_24_hours)
    try:
        yield
    finally:
        _reader.reset(token)


def clock_of_browser(accept_language: str) -> bool | None:
    """Return whether the browser's first language uses 24 hours, or None if it doesn't say."""
    for language, _priority in parse_accept_lang_header(accept_language)[:1]:
        return CLOCKS.get(language)
    return None


def time_style(name: str, city: Any) -> str:
    """Return the format ``name`` ("TIME_FORMAT") of the current language, with the clock of the reader or the city."""
    uses_24_hours = _reader.get()
    if uses_24_hours is None:
        uses_24_hours = getattr(city, "uses_24_hours", True)
    return get_format(name).replace(BY_HABIT, IN_24_HOURS if uses_24_hours else IN_12_HOURS)
