"""``Interval``: a stretch of time, half-open and perhaps without end (rows I2, I6, I15)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from django.utils import timezone


@dataclass(frozen=True)
class Interval:
    """From ``start`` until just before ``end``, both aware; None is from, or to, infinity.

    Raises ``ValueError`` for one that ends before it has begun, or has a time without a zone (IB5, IB11).
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
        """Whether some moment lies in both; intervals that touch share none."""
        return _before(self.start, other.end) and _before(other.start, self.end)


def _before(start: datetime | None, end: datetime | None) -> bool:
    return start is None or end is None or start < end


def first_gap(taken: list[Interval], *, start: datetime, length: timedelta) -> datetime | None:
    """The first moment from ``start`` on from which nothing is taken for ``length``; None if there is none.

    ``taken`` does not overlap and is in order.
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
