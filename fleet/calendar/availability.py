"""A vehicle's availability for display: months at a glance, days in detail, and the next free interval.

Everything is derived from one query. Other people's allocations are shown without their names.
"""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import QuerySet, TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from cities.local_times import bounds_of, local
from cities.models import City
from movr_project.db.prepared import Prepared

from ..links import book_query
from ..models import Allocation, Vehicle
from .intervals import Interval, booking_buffer, first_gap

DAYS_A_WEEK = 7
HOURS_MARKED = (6, 12, 18)
USUAL_LENGTH = timedelta(hours=1)
FOREVER = datetime.max.replace(tzinfo=UTC)


class Use(TextChoices):
    """How part of a day is used."""

    PAST = "past", _("Past")
    FREE = "free", _("Available")
    TAKEN = "taken", _("Unavailable")
    OWN = "own", _("Yours")
    RIDE = "ride", _("In use until the ride ends")


class DayStatus(TextChoices):
    """A summary of a day."""

    PAST = "past", _("past")
    FREE = "free", _("available")
    PARTLY = "partly", _("partly available")
    TAKEN = "taken", _("unavailable")


@dataclass(frozen=True)
class Stretch:
    """A part of a day."""

    start: datetime
    end: datetime
    use: Use
    allocation: Allocation | None = None  # the viewer's own, else None

    @property
    def is_free(self) -> bool:
        return self.use == Use.FREE

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    @property
    def is_bookable(self) -> bool:
        return self.is_free and self.length >= timedelta(minutes=settings.BOOKING_MIN_MINUTES)

    @property
    def book_query(self) -> str:
        """Return the query string for the booking form. A short stretch is proposed as a whole."""
        return book_query(self.start, self.end if self.length < USUAL_LENGTH else None)


@dataclass(frozen=True)
class Day:
    """A day in the city's local time, 23 or 25 hours long when clocks change."""

    date: date
    start: datetime
    end: datetime
    stretches: list[Stretch]
    zone: ZoneInfo
    is_today: bool = False
    is_too_far: bool = False  # beyond the booking horizon

    @cached_property
    def status(self) -> DayStatus:
        ahead = [stretch for stretch in self.stretches if stretch.use != Use.PAST]
        if not ahead:
            return DayStatus.PAST
        if all(stretch.is_free for stretch in ahead):
            return DayStatus.FREE
        return DayStatus.PARTLY if any(stretch.is_bookable for stretch in ahead) else DayStatus.TAKEN

    @property
    def is_own(self) -> bool:
        """Return whether any part of the day is the viewer's."""
        return any(stretch.use == Use.OWN for stretch in self.stretches)

    @property
    def hours(self) -> float:
        return (self.end - self.start) / timedelta(hours=1)

    @property
    def is_odd(self) -> bool:
        """Return whether clocks change on this day."""
        return self.hours != 24

    @property
    def is_one(self) -> bool:
        """Return whether the whole day has a single use."""
        return len(self.stretches) == 1

    @property
    def marks(self) -> list[float]:
        """Return the positions of the marked hours in the drawing."""
        hours = (datetime.combine(self.date, time(hour), tzinfo=self.zone) for hour in HOURS_MARKED)
        return [round(1000 * ((hour - self.start) / (self.end - self.start)), 1) for hour in hours]

    @property
    def drawn(self) -> list[tuple[Stretch, float, float]]:
        """Return each stretch with its start and length, in thousandths of the day, for a drawing."""
        whole = self.end - self.start
        return [
            (
                stretch,
                round(1000 * ((stretch.start - self.start) / whole), 1),
                round(1000 * (stretch.length / whole), 1),
            )
            for stretch in self.stretches
        ]


@dataclass(frozen=True)
class Month:
    """A month in weeks from Monday to Sunday. Days of the neighbouring months are None."""

    first: date
    weeks: Sequence[Sequence[Day | None]]
    previous: date | None
    next: date | None

    @property
    def weekdays(self) -> list[date]:
        """Return any Monday to Sunday, for the names of the weekdays."""
        return [date(2024, 1, number) for number in range(1, DAYS_A_WEEK + 1)]


def _build_taken(_shape: None, *, city: str, vehicle_id: uuid.UUID, now: datetime) -> QuerySet:
    return Allocation.objects.in_city(city).filter(vehicle_id=vehicle_id).from_now_on(now).in_order()


_taken = Prepared(_build_taken)


@dataclass
class Availability:
    """A vehicle's allocations from ``now`` on, in order, as far as ``viewer`` may know them."""

    vehicle: Vehicle
    viewer: User
    now: datetime
    taken: list[Allocation] = field(default_factory=list)

    @classmethod
    def of(cls, vehicle: Vehicle, *, viewer: User) -> "Availability":
        """Read a vehicle's calendar in one statement, which also says what the vehicle is doing for its viewer."""
        now = timezone.now()
        taken = _taken.objects(None, {"city": vehicle.city, "vehicle_id": vehicle.id, "now": now})
        soon = Interval.lasting(now, booking_buffer())
        vehicle.see(next((one for one in taken if one.interval.overlaps(soon)), None), viewer)
        return cls(vehicle, viewer, now, taken)

    @cached_property
    def city(self) -> City:
        return self.vehicle.served_city

    @cached_property
    def today(self) -> date:
        return local(self.now, self.city).date()

    @cached_property
    def last_day(self) -> date:
        """Return the last day on which a booking may start."""
        return local(self.now + timedelta(days=settings.BOOKING_DAYS_AHEAD), self.city).date()

    @cached_property
    def current(self) -> Allocation | None:
        return next((one for one in self.taken if one.covers(self.now)), None)

    @property
    def own_current(self) -> Allocation | None:
        """Return the viewer's own current allocation."""
        return self.current if self.current and self.current.is_for(self.viewer) else None

    @property
    def own_ahead(self) -> list[Allocation]:
        return [one for one in self.taken if one.is_for(self.viewer) and not one.covers(self.now)]

    @property
    def due_at(self) -> datetime | None:
        """Return the start of another person's next allocation, if it is soon enough to warn riders."""
        ahead = (one.starts_at for one in self.taken if not one.is_for(self.viewer) and not one.covers(self.now))
        due_at = next(ahead, None)
        limit = self.now + timedelta(minutes=settings.BOOKING_WARNING_MINUTES)
        return due_at if due_at is not None and due_at < limit else None

    @property
    def is_due(self) -> bool:
        """Return whether it is too late to start a ride. A viewer's own current allocation can still be ridden."""
        return self.own_current is None and self.due_at is not None and self.due_at < self.now + booking_buffer()

    @property
    def can_be_held(self) -> bool:
        """Return whether the vehicle is free for a reservation and the buffer after it."""
        length = timedelta(minutes=settings.RESERVATION_MINUTES) + booking_buffer()
        return not any(one.interval.overlaps(Interval.lasting(self.now, length)) for one in self.taken)

    def next_free(self, length: timedelta) -> Interval | None:
        """Return the first free interval of a length, or None if the vehicle is unavailable until further notice."""
        start = self.now + booking_buffer() if self.vehicle.is_on_trip else self.now
        free_from = first_gap([one.interval for one in self.taken], start=start, length=length)
        return None if free_from is None else Interval.lasting(free_from, length)

    @property
    def next_start(self) -> datetime | None:
        """Return the first time from which the vehicle can be booked, or None if that is beyond the horizon."""
        free = self.next_free(USUAL_LENGTH)
        limit = self.now + timedelta(days=settings.BOOKING_DAYS_AHEAD)
        start = free.start if free is not None else None
        return start if start is not None and start <= limit else None

    def month_of(self, day: date) -> Month:
        """Return the month of a day, limited to the months of the first and last days that can be viewed."""
        first = min(max(day, self.today), self.last_day).replace(day=1)
        days = list(self._days_of(first))
        before, after = first - timedelta(days=1), days[-1].date + timedelta(days=1)
        cells: list[Day | None] = [*[None] * first.weekday(), *days]
        cells += [None] * (-len(cells) % DAYS_A_WEEK)
        return Month(
            first,
            [cells[number : number + DAYS_A_WEEK] for number in range(0, len(cells), DAYS_A_WEEK)],
            previous=before.replace(day=1) if before >= self.today.replace(day=1) else None,
            next=after if after <= self.last_day else None,
        )

    def day_of(self, day: date) -> Day:
        start, end = bounds_of(day, self.city)
        return Day(
            day,
            start,
            end,
            list(merged(self._stretches(start, end))),
            self.city.tzinfo,
            is_today=day == self.today,
            is_too_far=day > self.last_day,
        )

    def _days_of(self, first: date) -> Iterator[Day]:
        day = first
        while day.month == first.month:
            yield self.day_of(day)
            day += timedelta(days=1)

    def _stretches(self, start: datetime, end: datetime) -> Iterator[Stretch]:
        """Yield stretches that cover the time from ``start`` to ``end`` without gaps."""
        reached = min(max(start, self.now), end)
        if reached > start:
            yield Stretch(start, reached, Use.PAST)
        for stretch in self._uses():
            begin, until = max(stretch.start, reached), min(stretch.end, end)
            if begin >= until:
                continue
            if begin > reached:
                yield Stretch(reached, begin, Use.FREE)
            yield Stretch(begin, until, stretch.use, stretch.allocation)
            reached = until
        if reached < end:
            yield Stretch(reached, end, Use.FREE)

    def _uses(self) -> Iterator[Stretch]:
        if self.vehicle.is_on_trip:
            # The end of a ride is unknown, so it blocks the near future only.
            yield Stretch(self.now, self.now + booking_buffer(), Use.RIDE)
        for one in self.taken:
            is_own = one.is_for(self.viewer)
            start = one.starts_at or self.now
            yield Stretch(start, one.ends_at or FOREVER, Use.OWN if is_own else Use.TAKEN, one if is_own else None)


def merged(stretches: Iterable[Stretch]) -> Iterator[Stretch]:
    """Merge adjacent stretches, so that they don't reveal where one person's booking ends and the next begins."""
    last: Stretch | None = None
    for stretch in stretches:
        if last and last.use == stretch.use == Use.TAKEN and last.end == stretch.start:
            last = Stretch(last.start, stretch.end, Use.TAKEN)
            continue
        if last:
            yield last
        last = stretch
    if last:
        yield last
