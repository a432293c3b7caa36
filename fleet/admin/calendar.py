"""The day view of a city's calendar: a row for each vehicle with calendar entries, and a bar for each entry."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import date_format, time_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from cities.forms import CityField
from cities.local_times import YEARS, bounds_of, local
from cities.models import City
from cities.registry import registry
from movr_project.web.pagination import Page, page_number

from ..calendar.intervals import Interval
from ..models import Allocation, Vehicle
from ..models.choices import Situation, VehicleType

ROWS = 50
MINUTE = timedelta(minutes=1)
LEGEND = [
    Situation.RESERVED,
    Situation.BOOKED,
    Situation.MAINTENANCE,
    Situation.PAUSED,
    Situation.PICKED_UP,
    Situation.MISSING,
]


class DayForm(forms.Form):
    """The day, city and type to show. Invalid values become today, the current city and all types."""

    city = CityField(required=False)
    day = forms.DateField(
        label=gettext_lazy("Day"), required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    type = forms.ChoiceField(
        label=gettext_lazy("Type"), choices=[("", gettext_lazy("All types")), *VehicleType.choices], required=False
    )


@dataclass(frozen=True)
class Bar:
    """The part of an allocation that is within the day. ``start`` and ``length`` are in minutes."""

    allocation: Allocation
    start: float
    length: float
    when: str

    @property
    def situation(self) -> Situation:
        return self.allocation.situation


@dataclass(frozen=True)
class Row:
    vehicle: Vehicle
    bars: list[Bar] = field(default_factory=list)


@dataclass(frozen=True)
class StaffDay:
    """A day in a city's local time, 23 or 25 hours long when clocks change."""

    city: City
    date: date

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        return bounds_of(self.date, self.city)

    @property
    def interval(self) -> Interval:
        return Interval(*self.bounds)

    @property
    def minutes(self) -> int:
        start, end = self.bounds
        return int((end - start) / MINUTE)

    @property
    def hours(self) -> list[str]:
        """Return the local time of each full hour. One occurs twice when clocks go back."""
        start, _end = self.bounds
        moments = (start + timedelta(hours=number) for number in range(self.minutes // 60))
        return [f"{local(moment, self.city):%H}" for moment in moments]

    @property
    def hour_lines(self) -> str:
        """Return the SVG path of the hour lines, in a drawing one unit wide per minute."""
        return "".join(f"M{number * 60} 0V1" for number in range(1, len(self.hours)))

    @property
    def is_today(self) -> bool:
        return timezone.now() in self.interval

    @property
    def now(self) -> float | None:
        """Return how many minutes of the day have passed, or None if it isn't today."""
        return self.minute_of(timezone.now()) if self.is_today else None

    @property
    def previous(self) -> date:
        return self.date - timedelta(days=1)

    @property
    def next(self) -> date:
        return self.date + timedelta(days=1)

    def minute_of(self, moment: datetime) -> float:
        start, _end = self.bounds
        return round((moment - start) / MINUTE, 1)

    def rows_of(self, vehicles: Iterable[Vehicle]) -> list[Row]:
        """Return a row for each vehicle with its allocations on this day, using one query."""
        rows = {vehicle.id: Row(vehicle) for vehicle in vehicles}
        taken = Allocation.objects.in_city(self.city.name).filter(vehicle_id__in=list(rows)).live()
        for allocation in taken.overlapping(self.interval).select_related("rider").in_order():
            rows[allocation.vehicle_id].bars.append(self._bar(allocation))
        return list(rows.values())

    def _bar(self, allocation: Allocation) -> Bar:
        day_start, day_end = self.bounds
        starts_at, until = allocation.starts_at, allocation.until(timezone.now())
        first = self.minute_of(max(starts_at or day_start, day_start))
        last = self.minute_of(min(until or day_end, day_end))
        return Bar(allocation, first, max(last - first, 1), self._when(starts_at, until))

    def _when(self, starts_at: datetime | None, until: datetime | None) -> str:
        bounds = {"start": self._clock(starts_at), "end": self._clock(until)}
        if starts_at is None and until is None:
            return _("until further notice")
        if starts_at is None:
            return _("until %(end)s") % bounds
        if until is None:
            return _("from %(start)s until further notice") % bounds
        return _("%(start)s to %(end)s") % bounds

    def _clock(self, moment: datetime | None) -> str:
        """Format a time, with its date if that is another day."""
        if moment is None:
            return ""
        there = local(moment, self.city)
        time = time_format(there, "H:i")
        return time if there.date() == self.date else f"{date_format(there, 'j M')} {time}"


def vehicles_of(day: StaffDay, type_: str, number: int) -> Page[Vehicle]:
    """Return a page of the vehicles that have an allocation on the day."""
    taken = Allocation.objects.live().overlapping(day.interval)
    vehicles = Vehicle.objects.in_city(day.city.name)
    vehicles = vehicles.filter(Exists(taken.filter(city=OuterRef("city"), vehicle_id=OuterRef("id"))))
    if type_:
        vehicles = vehicles.of_type(type_)
    return Page.of(vehicles.in_order(), number, ROWS)


@require_safe
def calendar_page(request: HttpRequest, model_admin: admin.ModelAdmin) -> HttpResponse:
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    chosen = _chosen(request)
    day = StaffDay(chosen["city"], chosen["day"])
    page = vehicles_of(day, chosen["type"], page_number(request.GET.get("page", "")))
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": _("Calendar of %(city)s") % {"city": day.city},
        "form": DayForm(initial={"city": day.city.name, "day": day.date, "type": chosen["type"]}),
        "day": day,
        "type": chosen["type"],
        "page": page,
        "rows": day.rows_of(page),
        "legend": LEGEND,
    }
    return TemplateResponse(request, "admin/fleet/allocation/calendar.html", context)


def _chosen(request: HttpRequest) -> dict[str, Any]:
    form = DayForm(request.GET)
    form.is_valid()
    given = form.cleaned_data
    city = registry.get(given.get("city", "")) or request.city
    day = given.get("day")
    if day is None or day.year not in YEARS:
        day = local(timezone.now(), city).date()
    return {"city": city, "day": day, "type": given.get("type", "")}
