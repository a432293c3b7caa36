"""The page of a vehicle's calendar."""

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.views.decorators.http import require_safe

from cities.local_times import YEARS

from ..calendar.availability import Availability
from ..models import Vehicle
from .addresses import note_what_is_known, with_vehicle
from .bookings import MAX_DATE_LENGTH
from .month import month_table


@require_safe
@with_vehicle
def vehicle_calendar(request: HttpRequest, vehicle: Vehicle) -> HttpResponse:
    """Show a month at a glance and a day in detail."""
    availability = Availability.of(vehicle, viewer=request.user)
    note_what_is_known(request, vehicle, availability)
    chosen = _day(request.GET.get("day", ""))
    month = availability.month_of(_day(f"{request.GET.get('month', '')}-01") or chosen or availability.today)
    day = availability.day_of(max(chosen, availability.today)) if chosen else None
    title = capfirst(date_format(month.first, "YEAR_MONTH_FORMAT"))
    context = {
        "vehicle": vehicle,
        "availability": availability,
        "month": month,
        "title": title,
        "table": month_table(vehicle, month, caption=title, chosen=day.date if day else None),
        "day": day,
    }
    return render(request, "fleet/vehicle_calendar.html", context)


def _day(text: str) -> date | None:
    """Parse a date in the URL. Return None if it is invalid."""
    try:
        day = parse_date(text[:MAX_DATE_LENGTH])
    except ValueError:
        return None
    return day if day and day.year in YEARS else None
