"""What a vehicle's calendar says to one who looks at it: a month at a glance, a day in detail, what is free next.

All of it is read off one statement, and others' allocations never say whose they are.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from cities.models import City

from .intervals import Interval, first_gap
from .local_times import bounds_of, local
from .models import Allocation, Vehicle
from .querysets import guard

DAYS_A_WEEK = 7
WEEKS_AT_A_GLANCE = 5
HOURS_MARKED = (6, 12, 18)
USUAL_LENGTH = timedelta(hours=1)
FOREVER = datetime.max.replace(tzinfo=UTC)


class Use(TextChoices):
    """What a stretch of a day is."""

    PAST = "past", _("Past")
    FREE = "free", _("Free")
    TAKEN = "taken", _("Taken")
    OWN = "own", _("Yours")
    RIDE = "ride", _("In use, until the ride ends")


class DayStanding(TextChoices):
    """A day at a glance."""

    PAST = "past", _("past")
    FREE = "free", _("free")
    PARTLY = "partly", _("partly free")
    TAKEN = "taken", _("taken")


@dataclass(frozen=True)
class Stretch:
    """A part of a day."""

    start: datetime
    end: datetime
    use: Use
    allocation: Allocation | None = None  # the viewer's own

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
        """What to add to the address of the booking form. A short stretch is offered whole."""
        return book_query(self.start, self.end if self.length < USUAL_LENGTH else None)


def book_query(start: datetime, end: datetime | None) -> str:
    bounds = {"from": start, "until": end}
    return urlencode({name: f"{moment:%Y-%m-%dT%H:%MZ}" for name, moment in bounds.items() if moment})


def list_query(type_: str, interval: Interval) -> str:
    """What to add to the address of the list, for what is of a type and free meanwhile."""
    return f"{urlencode({'type': type_})}&{book_query(interval.start, interval.end)}"


@dataclass(frozen=True)
class Day:
    """A day by the clocks of the city; it has 23 hours or 25 where they are changed."""

    date: date
    start: datetime
    end: datetime
    stretches: list[Stretch]
    zone: ZoneInfo
    is_today: bool = False
    is_too_far: bool = False  # nobody can book it yet

    @cached_property
    def standing(self) -> DayStanding:
        ahead = [stretch for stretch in self.stretches if stretch.use != Use.PAST]
        if not ahead:
            return DayStanding.PAST
        if all(stretch.is_free for stretch in ahead):
            return DayStanding.FREE
        return DayStanding.PARTLY if any(stretch.is_bookable for stretch in ahead) else DayStanding.TAKEN

    @property
    def is_own(self) -> bool:
        """Whether some of it is the viewer's."""
        return any(stretch.use == Use.OWN for stretch in self.stretches)

    @property
    def hours(self) -> float:
        return (self.end - self.start) / timedelta(hours=1)

    @property
    def is_odd(self) -> bool:
        """Whether the clocks are changed on it."""
        return self.hours != 24

    @property
    def is_one(self) -> bool:
        """Whether the whole day is one and the same."""
        return len(self.stretches) == 1

    @property
    def marks(self) -> list[float]:
        """Where some hours are in that picture."""
        hours = (datetime.combine(self.date, time(hour), tzinfo=self.zone) for hour in HOURS_MARKED)
        return [round(1000 * ((hour - self.start) / (self.end - self.start)), 1) for hour in hours]

    @property
    def drawn(self) -> list[tuple[Stretch, float, float]]:
        """Each stretch with where it begins and how long it is, in thousandths of the day, for a picture."""
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
class Weeks:
    """From Monday to Sunday, with None where a day is left out."""

    first: date
    weeks: list[list[Day | None]]

    @property
    def weekdays(self) -> list[date]:
        """Some Monday, and the days after it, for their names."""
        return [date(2024, 1, number) for number in range(1, DAYS_A_WEEK + 1)]


@dataclass(frozen=True)
class Month(Weeks):
    """The days of others are left out."""

    previous: date | None
    next: date | None


@dataclass
class Availability:
    """What takes a vehicle from ``now`` on, in order, as ``viewer`` may know it."""

    vehicle: Vehicle
    viewer: User
    now: datetime
    taken: list[Allocation] = field(default_factory=list)

    @classmethod
    def of(cls, vehicle: Vehicle, *, viewer: User) -> "Availability":
        now = timezone.now()
        ahead = Allocation.objects.in_city(vehicle.city).filter(vehicle_id=vehicle.id).from_now_on(now)
        return cls(vehicle, viewer, now, list(ahead.in_order()))

    @property
    def city(self) -> City:
        return self.vehicle.served_city

    @property
    def today(self) -> date:
        return local(self.now, self.city).date()

    @property
    def last_day(self) -> date:
        """The last one on which a booking can begin."""
        return local(self.now + timedelta(days=settings.BOOKING_DAYS_AHEAD), self.city).date()

    @property
    def current(self) -> Allocation | None:
        return next((one for one in self.taken if one.covers(self.now)), None)

    @property
    def own_current(self) -> Allocation | None:
        """What the viewer has now."""
        return self.current if self.current and self.current.is_for(self.viewer) else None

    @property
    def own_ahead(self) -> list[Allocation]:
        return [one for one in self.taken if one.is_for(self.viewer) and not one.covers(self.now)]

    @property
    def due_at(self) -> datetime | None:
        """When somebody else's time begins, if riders are told so by then."""
        ahead = (one.starts_at for one in self.taken if not one.is_for(self.viewer) and not one.covers(self.now))
        due_at = next(ahead, None)
        limit = self.now + timedelta(minutes=settings.BOOKING_WARNING_MINUTES)
        return due_at if due_at is not None and due_at < limit else None

    @property
    def is_due(self) -> bool:
        """Whether one no longer sets out, because somebody else's time begins. What is one's own now still is."""
        return self.own_current is None and self.due_at is not None and self.due_at < self.now + guard()

    @property
    def can_be_held(self) -> bool:
        """Whether it is free for as long as a reservation and the guard after it take."""
        length = timedelta(minutes=settings.RESERVATION_MINUTES) + guard()
        return not any(one.interval.overlaps(Interval.lasting(self.now, length)) for one in self.taken)

    def next_free(self, length: timedelta) -> Interval | None:
        """The first interval of a length that nothing takes; None where it is taken until further notice."""
        start = self.now + guard() if self.vehicle.is_on_trip else self.now
        free_from = first_gap([one.interval for one in self.taken], start=start, length=length)
        return None if free_from is None else Interval.lasting(free_from, length)

    @property
    def next_start(self) -> datetime | None:
        """From when on somebody can book it; None for "not in the foreseeable future"."""
        free = self.next_free(USUAL_LENGTH)
        limit = self.now + timedelta(days=settings.BOOKING_DAYS_AHEAD)
        return free.start if free is not None and free.start <= limit else None

    def month_of(self, day: date) -> Month:
        """The month of a day; that of the first or the last day to look at, where it lies beyond them."""
        first = min(max(day, self.today), self.last_day).replace(day=1)
        days = list(self._days_of(first))
        before, after = first - timedelta(days=1), days[-1].date + timedelta(days=1)
        cells = [None] * first.weekday() + days
        cells += [None] * (-len(cells) % DAYS_A_WEEK)
        return Month(
            first,
            [cells[number : number + DAYS_A_WEEK] for number in range(0, len(cells), DAYS_A_WEEK)],
            previous=before.replace(day=1) if before >= self.today.replace(day=1) else None,
            next=after if after <= self.last_day else None,
        )

    def weeks_ahead(self) -> Weeks:
        """A month or so from this week on."""
        monday = self.today - timedelta(days=self.today.weekday())
        days = [self.day_of(monday + timedelta(days=number)) for number in range(WEEKS_AT_A_GLANCE * DAYS_A_WEEK)]
        return Weeks(self.today, [days[number : number + DAYS_A_WEEK] for number in range(0, len(days), DAYS_A_WEEK)])

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
        """From ``start`` to ``end`` without a gap."""
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
            # Nobody knows when a ride ends: it stands in the way of what begins soon, and of nothing later.
            yield Stretch(self.now, self.now + guard(), Use.RIDE)
        for one in self.taken:
            is_own = one.is_for(self.viewer)
            start = one.starts_at or self.now
            yield Stretch(start, one.ends_at or FOREVER, Use.OWN if is_own else Use.TAKEN, one if is_own else None)


def merged(stretches: Iterable[Stretch]) -> Iterator[Stretch]:
    """Where one booking of somebody else's ends and the next begins is nobody's business."""
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
