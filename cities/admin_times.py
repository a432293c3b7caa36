"""Times and durations in the admin. Times are local to a city and name its time zone."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from movr_project.web.clocks import time_style

from .models import City
from .registry import registry


def clock(moment: datetime, city: City | None) -> str:
    """Format with the time zone's abbreviation, in UTC without a city."""
    there = timezone.localtime(moment, city.tzinfo if city else timezone.get_default_timezone())
    return f"{date_format(there, time_style('SHORT_DATETIME_FORMAT', city))} {there.tzname()}"


def city_of_row(row: Any) -> City | None:
    return registry.get(getattr(row, "city", ""))


def in_utc(row: Any) -> None:
    """Use UTC for rows without a city."""
    return


def local_time(
    name: str, description: Any, *, empty: Any = "-", city: Callable[[Any], City | None] = city_of_row
) -> Callable[..., str]:
    """Return a column that shows a time in the time zone of the row's city."""

    @admin.display(description=description, ordering=name)
    def column(_self: admin.ModelAdmin, row: Any) -> str:
        moment: datetime | None = getattr(row, name)
        return str(empty) if moment is None else clock(moment, city(row))

    return column


def length_in_words(length: timedelta | None) -> str:
    """Format a duration: ``1 min 15 s``. Omit seconds from an hour up."""
    if length is None:
        return "-"
    seconds = max(0, int(length.total_seconds()))
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    if days:
        return _("%(days)d d %(hours)d h") % {"days": days, "hours": hours}
    if hours:
        return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}
    if minutes:
        return _("%(minutes)d min %(seconds)d s") % {"minutes": minutes, "seconds": seconds % 60}
    return _("%(seconds)d s") % {"seconds": seconds}
