"""A city's day or night: a row per vehicle, with a bar for each calendar entry and each ride, and rides by the hour."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

from django.db.models import Count, DateTimeField, Exists, ExpressionWrapper, F, OuterRef, Q
from django.db.models.expressions import Combinable
from django.db.models.functions import TruncHour
from django.utils import timezone
from django.utils.formats import date_format, time_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accounts.models import name_of
from cities.local_times import interval_in_words, local, wall_clock
from cities.models import City
from fleet.calendar.intervals import Interval
from fleet.models import Allocation, Vehicle
from fleet.querysets.allocations import AllocationQuerySet
from movr_project.admin.links import change_url
from movr_project.web.pagination import Page
from rides.models import Ride
from rides.querysets import RideQuerySet

ROWS = 50
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NOON = time(12)
Bounds = tuple[datetime, datetime]
RIDE = "ride"


@dataclass(frozen=True)
class Bar:
    """The part of an allocation or a ride within the day. ``start`` and ``length`` are in minutes."""

    word: str  # "ride", or the situation that an allocation puts its vehicle in
    label: str
    start: float
    length: float
    when: str
    url: str
    details: str

    @property
    def lane(self) -> int:
        """Return 0 for the upper half of the row, with what was planned, and 1 for the lower, with what was ridden."""
        return int(self.word == RIDE)


@dataclass(frozen=True)
class Row:
    vehicle: Vehicle
    bars: list[Bar]

    @property
    def rides(self) -> str:
        number = sum(bar.word == RIDE for bar in self.bars)
        return ngettext("%(count)d ride", "%(count)d rides", number) % {"count": number} if number else ""


@dataclass
class Hour:
    """An hour of the day, in which rides ``started`` and were ``under_way``."""

    number: int  # from the beginning of the day
    clock: str
    started: int = 0
    under_way: int = 0


@dataclass(frozen=True)
class RidesByHour:
    hours: list[Hour]

    @property
    def started(self) -> int:
        return sum(hour.started for hour in self.hours)

    @property
    def busiest(self) -> int:
        return max(hour.under_way for hour in self.hours)

    @property
    def columns(self) -> str:
        """Return the SVG path of a column per hour, in a drawing 60 units wide per hour and ``busiest`` units high."""
        return "".join(f"M{60 * each.number + 1} {self.busiest}h58v-{each.under_way}h-58z" for each in self.hours)


@dataclass(frozen=True)
class StaffDay:
    """A day in a city's local time, or a night from noon to noon. 23 or 25 hours long when clocks change."""

    city: City
    date: date
    is_night: bool = False
    shows_rides: bool = True

    @cached_property
    def bounds(self) -> Bounds:
        clock = NOON if self.is_night else time()
        return wall_clock(self.date, clock, self.city), wall_clock(self.next, clock, self.city)

    @property
    def title(self) -> str:
        day = f"{date_format(self.date, 'l')}, {date_format(self.date, 'DATE_FORMAT')}"
        return _("Night of %(day)s") % {"day": day} if self.is_night else capfirst(day)

    @property
    def minutes(self) -> int:
        start, end = self.bounds
        return int((end - start) / MINUTE)

    @property
    def hours(self) -> list[Hour]:
        """Return the hours, by the local time at which they begin. One occurs twice when clocks go back."""
        numbers = range(self.minutes // 60)
        return [Hour(number, f"{local(self._hour_start(number), self.city):%H}") for number in numbers]

    def _hour_start(self, number: int) -> datetime:
        start, _end = self.bounds
        return start + number * HOUR

    @property
    def hour_lines(self) -> str:
        """Return the SVG path of the hour lines, in a drawing one unit wide per minute."""
        return "".join(f"M{minute} 0V2" for minute in range(60, self.minutes, 60))

    @property
    def is_now(self) -> bool:
        return timezone.now() in Interval(*self.bounds)

    @property
    def now(self) -> float | None:
        """Return how many minutes of the day have passed, or None if it isn't now."""
        return self.minute_of(timezone.now()) if self.is_now else None

    @property
    def previous(self) -> date:
        return self.date - timedelta(days=1)

    @property
    def next(self) -> date:
        return self.date + timedelta(days=1)

    def minute_of(self, moment: datetime) -> float:
        start, _end = self.bounds
        return round((moment - start) / MINUTE, 1)

    def vehicles(self, number: int, *, type_: str = "", code: str = "", hour: Hour | None = None) -> Page[Vehicle]:
        """Return a page of the vehicles with an allocation or a ride on the day, or in one of its hours."""
        during = (self._hour_start(hour.number), self._hour_start(hour.number + 1)) if hour else self.bounds
        # By name instead of the vehicle's city, so that a plan that reads them beforehand reads only this city's.
        is_shown = Q(Exists(self._allocations(during).filter(vehicle_id=OuterRef("id"))))
        if self.shows_rides:
            is_shown |= Q(Exists(self._rides(during).filter(vehicle_id=OuterRef("id"))))
        vehicles = Vehicle.objects.in_city(self.city.name).filter(is_shown, code__startswith=code)
        return Page.of((vehicles.of_type(type_) if type_ else vehicles).in_order(), number, ROWS)

    def rows(self, vehicles: Iterable[Vehicle]) -> list[Row]:
        """Return a row for each vehicle, using one query for its allocations and one for its rides."""
        rows = {vehicle.id: Row(vehicle, []) for vehicle in vehicles}
        of_these = Q(vehicle_id__in=list(rows))
        for allocation in self._allocations(self.bounds).filter(of_these).select_related("rider").in_order():
            rows[allocation.vehicle_id].bars.append(self._allocation_bar(allocation))
        for ride in self._rides(self.bounds).filter(of_these).select_related("rider").order_by("start_time"):
            rows[ride.vehicle_id].bars.append(self._ride_bar(ride))
        return list(rows.values())

    def rides_by_hour(self, *, type_: str = "") -> RidesByHour:
        """Count the city's rides, using one query that returns at most a row per pair of hours."""
        hours = self.hours
        rides = self._rides(self.bounds)
        rides = rides.filter(vehicle__type=type_) if type_ else rides
        counts = rides.annotate(began=self._hour_of("start_time"), ended=self._hour_of("end_time"))
        for began, ended, number in counts.values_list("began", "ended").annotate(Count("id")).order_by():
            first = self._index(began + self._past_the_hour)
            last = self._index(ended + self._past_the_hour if ended else timezone.now())
            if first >= 0:
                hours[first].started += number
            for hour in hours[max(first, 0) : last + 1]:
                hour.under_way += number
        return RidesByHour(hours)

    @property
    def _past_the_hour(self) -> timedelta:
        """Return how far the day's hours begin after UTC's: nothing in most time zones."""
        start, _end = self.bounds
        return timedelta(minutes=start.minute)

    def _hour_of(self, field: str) -> Combinable:
        """Truncate to the hours of the day, as if they began with UTC's."""
        return TruncHour(ExpressionWrapper(F(field) - self._past_the_hour, DateTimeField()), tzinfo=UTC)

    def _index(self, moment: datetime) -> int:
        start, _end = self.bounds
        return (moment - start) // HOUR

    def _allocations(self, during: Bounds) -> AllocationQuerySet:
        return Allocation.objects.in_city(self.city.name).live().overlapping(Interval(*during))

    def _rides(self, during: Bounds) -> RideQuerySet:
        rides = Ride.objects.in_city(self.city.name)
        return rides.under_way(*during) if self.shows_rides else rides.none()

    def _allocation_bar(self, allocation: Allocation) -> Bar:
        until = allocation.until(timezone.now())
        rider = f", {name_of(allocation.rider)}" if allocation.rider_id else ""
        note = f": {allocation.description}" if allocation.description else ""
        situation = allocation.situation
        span = self._span(allocation.starts_at, until)
        when = interval_in_words(self._clock(allocation.starts_at), self._clock(until))
        return Bar(situation.value, str(situation.label), *span, when, change_url(allocation), rider + note)

    def _ride_bar(self, ride: Ride) -> Bar:
        span = self._span(ride.start_time, ride.end_time or timezone.now())
        start, end = self._clock(ride.start_time), self._clock(ride.end_time)
        when = interval_in_words(start, end) if end else _("since %(time)s") % {"time": start}
        return Bar(RIDE, pgettext("noun", "Ride"), *span, when, change_url(ride), f", {name_of(ride.rider)}")

    def _span(self, start: datetime | None, end: datetime | None) -> tuple[float, float]:
        """Return the start and the length of a bar, which is at least a minute long, so that it can be seen."""
        day_start, day_end = self.bounds
        first = self.minute_of(max(start or day_start, day_start))
        last = self.minute_of(min(end or day_end, day_end))
        return first, max(round(last - first, 1), 1)

    def _clock(self, moment: datetime | None) -> str:
        """Format a time, with its date if that is another day."""
        if moment is None:
            return ""
        there = local(moment, self.city)
        clock = time_format(there, "H:i")
        return clock if there.date() in self._dates else f"{date_format(there, 'j M')} {clock}"

    @property
    def _dates(self) -> set[date]:
        return {self.date, self.next} if self.is_night else {self.date}
