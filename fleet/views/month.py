"""A month of a vehicle's calendar, as a table."""

from datetime import date

from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from movr_project.web.kept_parts import kept_part
from movr_project.web.row_urls import row_url

from ..calendar.availability import Day, DayStatus, Month
from ..models import Vehicle

EMPTY = mark_safe("<td></td>")
OWN = "own"  # beside the ``DayStatus`` of others' days


def month_table(vehicle: Vehicle, month: Month, *, caption: str, chosen: date | None = None) -> SafeString:
    """Return the table of a month, each day of which leads to its hours."""
    url = row_url("fleet:vehicle_calendar", vehicle.city, vehicle.public_id)
    names = [date_format(day, "l") for day in month.weekdays]
    words = {status: str(status.label) for status in DayStatus} | {OWN: _("yours"), DayStatus.PARTLY: _("partly")}
    heads = ((name, date_format(day, "D")) for name, day in zip(names, month.weekdays, strict=True))
    context = {
        "caption": caption,
        "weekdays": format_html_join("", '<th scope="col"><abbr title="{}">{}</abbr></th>', heads),
        "weeks": [
            mark_safe("".join(_cell(day, url, name, words, chosen) for day, name in zip(week, names, strict=True)))
            for week in month.weeks
        ],
    }
    return mark_safe(render_to_string("fleet/_month.html", context))


def _cell(day: Day | None, url: str, weekday: str, words: dict[str, str], chosen: date | None) -> SafeString:
    if day is None:
        return EMPTY
    is_past = day.status == DayStatus.PAST
    slots = {
        "url": url,
        "date": day.date.isoformat(),
        "weekday": weekday,
        "number": day.date.day if is_past or day.date.day != 1 else short_day(day.date),
        "word": words[OWN if day.is_own else day.status],
    }
    return kept_part(
        "fleet/_day_cell.html",
        slots,
        is_past=is_past,
        status=str(day.status),
        is_today=day.is_today,
        is_chosen=day.date == chosen,
    )


def short_day(day: date) -> str:
    """Format a day and its month: "4 Dec"."""
    style = pgettext("a day and its month in short, in the letters of Django's date filter", "j M")
    return date_format(day, style)
