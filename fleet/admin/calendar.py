"""A city's day as staff see it: a row for each vehicle that is set aside, a bar for each stretch."""

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
from cities.models import City
from cities.registry import registry
from movr_project.pagination import Page, page_number

from ..choices import VehicleType
from ..intervals import Interval
from ..local_times import YEARS, bounds_of, local
from ..models import Allocation, Vehicle
from ..standing import Standing, word_of

ROWS = 50
MINUTE = timedelta(minutes=1)
LEGEND = [
    Standing.RESERVED,
    Standing.BOOKED,
    Standing.MAINTENANCE,
    Standing.PAUSED,
    Standing.PICKED_UP,
    Standing.MISSING,
]


class DayForm(forms.Form):
    """What to look at. Nonsense in the address is today, here, and every type."""

    city = CityField(required=False)
    day = forms.DateField(
        label=gettext_lazy("Day"), required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    type = forms.ChoiceField(
        label=gettext_lazy("Type"), choices=[("", gettext_lazy("All types")), *VehicleType.choices], required=False
    )


@dataclass(frozen=True)
class Bar:
    """One allocation, as far as it lies in the day. ``start`` and ``length`` are in minutes of the day."""

    allocation: Allocation
    start: float
    length: float
    when: str

    @property
    def standing(self) -> Standing:
        return word_of(self.allocation)


@dataclass(frozen=True)
class Row:
    vehicle: Vehicle
    bars: list[Bar] = field(default_factory=list)


@dataclass(frozen=True)
class StaffDay:
    """A day by the clocks of a city; it has 23 hours or 25 where they are changed."""

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
        """What the clocks show at the beginning of each hour: twice the same where they are put back."""
        start, _end = self.bounds
        moments = (start + timedelta(hours=number) for number in range(self.minutes // 60))
        return [f"{local(moment, self.city):%H}" for moment in moments]

    @property
    def hour_lines(self) -> str:
        """A path in a picture whose width is the day's minutes."""
        return "".join(f"M{number * 60} 0V1" for number in range(1, len(self.hours)))

    @property
    def is_today(self) -> bool:
        return timezone.now() in self.interval

    @property
    def now(self) -> float | None:
        """How many minutes of it have passed, while it goes on."""
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
        """With what takes each of them on this day, in one statement."""
        rows = {vehicle.id: Row(vehicle) for vehicle in vehicles}
        taken = Allocation.objects.in_city(self.city.name).filter(vehicle_id__in=list(rows)).live()
        for allocation in taken.overlapping(self.interval).select_related("rider").in_order():
            rows[allocation.vehicle_id].bars.append(self._bar(allocation))
        return list(rows.values())

    def _bar(self, allocation: Allocation) -> Bar:
        day_start, day_end = self.bounds
        start = max(allocation.starts_at or day_start, day_start)
        end = min(allocation.ends_at or day_end, day_end)
        first = self.minute_of(start)
        return Bar(allocation, first, max(self.minute_of(end) - first, 1), self._when(allocation))

    def _when(self, allocation: Allocation) -> str:
        bounds = {"start": self._clock(allocation.starts_at), "end": self._clock(allocation.ends_at)}
        if allocation.starts_at is None and allocation.ends_at is None:
            return _("until further notice")
        if allocation.starts_at is None:
            return _("until %(end)s") % bounds
        if allocation.ends_at is None:
            return _("from %(start)s until further notice") % bounds
        return _("%(start)s to %(end)s") % bounds

    def _clock(self, moment: datetime | None) -> str:
        """The time; with the day where that is another one."""
        if moment is None:
            return ""
        there = local(moment, self.city)
        time = time_format(there, "H:i")
        return time if there.date() == self.date else f"{date_format(there, 'j M')} {time}"


def vehicles_of(day: StaffDay, type_: str, number: int) -> Page[Vehicle]:
    """Those that something takes on a day."""
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
