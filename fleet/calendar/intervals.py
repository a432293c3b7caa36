"""``Interval``: a half-open interval of time, possibly unbounded."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.utils import timezone


def booking_buffer() -> timedelta:
    """Return how long before another person's booking rides can no longer start."""
    return timedelta(minutes=settings.BOOKING_BUFFER_MINUTES)


@dataclass(frozen=True)
class Interval:
    """``[start, end)``, with aware datetimes. None means unbounded.

    Raises ``ValueError`` if it ends before it starts, or for naive datetimes.
    """

    start: datetime | None = None
    end: datetime | None = None

    def __post_init__(self) -> None:
        for bound in (self.start, self.end):
            if bound is not None and timezone.is_naive(bound):
                raise ValueError("An interval's times have a time zone.")
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise ValueError("An interval ends after it has begun.")

    @classmethod
    def lasting(cls, start: datetime, length: timedelta) -> Self:
        return cls(start, start + length)

    def __contains__(self, moment: datetime) -> bool:
        return (self.start is None or self.start <= moment) and (self.end is None or moment < self.end)

    def overlaps(self, other: "Interval") -> bool:
        """Return whether the intervals have a time in common. Adjacent intervals don't."""
        return _before(self.start, other.end) and _before(other.start, self.end)


def _before(start: datetime | None, end: datetime | None) -> bool:
    return start is None or end is None or start < end


def first_gap(taken: list[Interval], *, start: datetime, length: timedelta) -> datetime | None:
    """Return the first time from ``start`` on that is followed by ``length`` of free time, or None.

    ``taken`` must be sorted and must not overlap.
    """
    free_from = start
    for interval in taken:
        if interval.end is not None and interval.end <= free_from:
            continue
        if interval.start is not None and interval.start >= free_from + length:
            break
        if interval.end is None:
            return None
        free_from = interval.end
    return free_from
