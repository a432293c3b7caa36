"""The calendar's admin, with the view of a city's day or night."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.http import require_safe

from cities.forms import CityField
from cities.local_times import YEARS, local
from cities.models import City
from cities.registry import registry
from fleet.admin import AllocationAdmin
from fleet.models import CITY_CODE_LENGTH, CODE_DIGITS, Allocation
from fleet.models.choices import Situation, VehicleType
from movr_project.web.pagination import page_number

from .day import NOON, RIDE, Hour, StaffDay

PLANNED = [
    Situation.RESERVED,
    Situation.BOOKED,
    Situation.MAINTENANCE,
    Situation.PAUSED,
    Situation.PICKED_UP,
    Situation.MISSING,
]
NIGHT = "night"
CODE_LENGTH = CITY_CODE_LENGTH + CODE_DIGITS

admin.site.unregister(Allocation)


class DayForm(forms.Form):
    """What to show. Invalid values become today, the current city and all vehicles."""

    city = CityField(required=False)
    day = forms.DateField(
        label=gettext_lazy("Day"), required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    part = forms.ChoiceField(
        label=gettext_lazy("Hours"),
        choices=[("", gettext_lazy("Midnight to midnight")), (NIGHT, gettext_lazy("The night, noon to noon"))],
        required=False,
    )
    type = forms.ChoiceField(
        label=gettext_lazy("Type"), choices=[("", gettext_lazy("All types")), *VehicleType.choices], required=False
    )
    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=CODE_LENGTH,
        required=False,
        widget=forms.TextInput({"size": CODE_LENGTH}),
    )

    @classmethod
    def chosen(cls, request: HttpRequest) -> dict[str, Any]:
        """Return what the URL asks for, with defaults for what it doesn't."""
        form = cls(request.GET)
        form.is_valid()
        given = form.cleaned_data
        city = registry.get(given.get("city", "")) or request.city
        part, day = given.get("part", ""), given.get("day")
        if day is None or day.year not in YEARS:
            day = _latest(city, part)
        code = given.get("code", "").upper()
        return {"city": city, "day": day, "part": part, "type": given.get("type", ""), "code": code}


def _latest(city: City, part: str) -> date:
    """Return the date of the day or the night that it is now."""
    now = local(timezone.now(), city)
    return now.date() - timedelta(days=part == NIGHT and now.time() < NOON)


@admin.register(Allocation)
class OperatedAllocationAdmin(AllocationAdmin):
    def get_urls(self):
        view = self.admin_site.admin_view(self.calendar_view)
        return [path("calendar/", view, name="fleet_allocation_calendar"), *super().get_urls()]

    @method_decorator(require_safe)
    def calendar_view(self, request: HttpRequest) -> HttpResponse:
        """Show a city's day or night, to those who may see rides with its rides."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        chosen = DayForm.chosen(request)
        shows_rides = request.user.has_perm("rides.view_ride")
        day = StaffDay(chosen["city"], chosen["day"], is_night=chosen["part"] == NIGHT, shows_rides=shows_rides)
        rides = day.rides_by_hour(type_=chosen["type"])
        hour = _hour_in(request, rides.hours)
        page = day.vehicles(
            page_number(request.GET.get("page", "")), type_=chosen["type"], code=chosen["code"], hour=hour
        )
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Calendar of %(city)s") % {"city": day.city},
            "form": DayForm(initial=chosen | {"city": day.city.name}),
            "day": day,
            "rides": rides,
            "hour": hour,
            "page": page,
            "rows": day.rows(page),
            "legend": [
                *([(RIDE, pgettext("noun", "Ride"))] if shows_rides else []),
                *((word.value, word.label) for word in PLANNED),
            ],
        }
        return TemplateResponse(request, "admin/operations/day.html", context)


def _hour_in(request: HttpRequest, hours: list[Hour]) -> Hour | None:
    """Return the hour that the URL asks for, or None for the whole day."""
    return next((hour for hour in hours if str(hour.number) == request.GET.get("hour")), None)
