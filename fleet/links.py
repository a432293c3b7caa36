"""Query strings and URLs of the list of vehicles and the booking form, for an interval."""

from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse

from .calendar.intervals import Interval


def book_query(start: datetime | None, end: datetime | None) -> str:
    """Return the query string of the booking form for an interval."""
    bounds = {"from": start, "until": end}
    return urlencode({name: f"{moment:%Y-%m-%dT%H:%MZ}" for name, moment in bounds.items() if moment})


def list_query(type_: str, interval: Interval) -> str:
    """Return the query string of the list of vehicles of a type that are free during the interval."""
    return f"{urlencode({'type': type_})}&{book_query(interval.start, interval.end)}"


def list_url(type_: str, interval: Interval) -> str:
    return f"{reverse('fleet:vehicle_list')}?{list_query(type_, interval)}"
