"""Local times: format and parse times in the vehicle's city."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import flatatt
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from movr_project.web.clocks import time_style

from .models import City


def local_moment(moment: datetime, city: City) -> str:
    """Format a date and time in a city's time zone, for use in a sentence."""
    return date_format(localtime(moment, city.tzinfo), time_style("SHORT_DATETIME_FORMAT", city))


def local_clock(moment: datetime, city: City) -> str:
    """Format the time alone if it is today in the city, else like ``local_moment``."""
    local = localtime(moment, city.tzinfo)
    if local.date() != localtime(timezone=city.tzinfo).date():
        return local_moment(moment, city)
    return date_format(local, time_style("TIME_FORMAT", city))


def interval_in_words(start: str, end: str) -> str:
    """Put the formatted bounds of an interval in words. "" is an open bound."""
    bounds = {"start": start, "end": end}
    if start and end:
        return gettext("%(start)s to %(end)s") % bounds
    if start:
        return gettext("from %(start)s until further notice") % bounds
    return gettext("until %(end)s") % bounds if end else gettext("until further notice")


def local_interval(start: datetime | None, end: datetime | None, city: City) -> str:
    """Describe an interval in a city's time zone, without repeating the day. None is an open bound."""
    begins = local_clock(start, city) if start else ""
    ends = local_clock(end, city) if end else ""
    if start and end and local(start, city).date() == local(end, city).date():
        ends = date_format(local(end, city), time_style("TIME_FORMAT", city))
    return interval_in_words(begins, ends)


YEARS = range(2000, 2200)  # other years are typing errors, and the highest ones overflow
MAX_LENGTH = 40  # characters, including microseconds and a time zone
NATIVE = "%Y-%m-%dT%H:%M"  # the format of <input type="datetime-local">


FOLDS = [("0", _("Summer time (before the clocks go back)")), ("1", _("Winter time (after the clocks go back)"))]


class LocalMomentInput(forms.DateTimeInput):
    """The browser's date and time field, with a choice of summer or winter time if the time occurs twice.

    The form field sets ``city``. The value is a local time, with its offset if it occurs twice.
    """

    city: City | None = None

    def __init__(self, attrs: dict[str, Any] | None = None):
        super().__init__(attrs={"type": "datetime-local"} | (attrs or {}), format=NATIVE)

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        value = super().value_from_datadict(data, files, name)
        moment, fold = _parsed(str(value or "")), data.get(f"{name}_fold")
        if moment is None or timezone.is_aware(moment) or fold not in dict(FOLDS):
            return value
        if not is_repeated(moment, self.city):
            return value
        return moment.replace(tzinfo=self.city.tzinfo, fold=int(fold)).isoformat()

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        moment = _parsed(str(value or ""))
        shown = value if moment is None or timezone.is_naive(moment) else moment.strftime(NATIVE)
        own = {"type": self.input_type, "name": name, "value": self.format_value(shown)}
        # Django's template for it would be a tenth of the time of the vehicle list, which has two of these fields.
        html = format_html("<input{}>", flatatt(own | self.build_attrs(self.attrs, attrs)))
        if moment is None or not is_repeated(moment, self.city):
            return html
        chosen = None if timezone.is_naive(moment) else str(local(moment, self.city).fold)
        which = {"class": "form-select mt-2", "aria-label": _("Summer or winter time")}
        if attrs and "id" in attrs:
            which["id"] = f"{attrs['id']}_fold"
        return html + forms.Select(which, FOLDS).render(f"{name}_fold", chosen, renderer=renderer)


class LocalMomentField(forms.Field):
    """A date and time in the time zone of ``city``, which the form must set. The value is aware, in UTC.

    A value with a time zone, as in MovR's own links, is accepted as it is.
    """

    widget = LocalMomentInput
    default_error_messages = {
        "invalid": _("Enter a date and time, like 2026-05-17 14:30."),
        "skipped": _("That time doesn't exist in %(city)s, because the clocks go forward. Choose one an hour later."),
        "twice": _("That time occurs twice in %(city)s, because the clocks go back. Choose summer or winter time."),
    }

    @property
    def city(self) -> City:
        return self.widget.city

    @city.setter
    def city(self, city: City) -> None:
        self.widget.city = city

    def to_python(self, value: Any) -> datetime | None:
        text = str(value or "").strip()
        if not text:
            return None
        moment = _parsed(text)
        if moment is None:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        if timezone.is_naive(moment):
            moment = self._in_the_city(moment)
        return moment.astimezone(UTC)

    def prepare_value(self, value: Any) -> Any:
        """Return the local time to show, also for a time with a time zone from a URL."""
        moment = value if isinstance(value, datetime) else _parsed(str(value or ""))
        if moment is None or timezone.is_naive(moment):
            return value
        there = local(moment, self.city)
        return there.isoformat() if is_repeated(there, self.city) else there.strftime(NATIVE)

    def _in_the_city(self, naive: datetime) -> datetime:
        zone = self.city.tzinfo
        moment = naive.replace(tzinfo=zone)
        if moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != naive:
            raise ValidationError(self.error_messages["skipped"], code="skipped", params={"city": self.city})
        if is_repeated(naive, self.city):
            raise ValidationError(self.error_messages["twice"], code="twice", params={"city": self.city})
        return moment


def use_clocks_of(city: City, form: forms.BaseForm) -> None:
    """Set the city of every ``LocalMomentField`` of a form."""
    for field in form.fields.values():
        if isinstance(field, LocalMomentField):
            field.city = city


def is_repeated(local_time: datetime, city: City | None) -> bool:
    """Return whether a local time occurs twice in a city because clocks go back."""
    if city is None:
        return False
    first, second = (local_time.replace(tzinfo=city.tzinfo, fold=fold) for fold in (0, 1))
    # The offsets also differ for times that are skipped, but in the opposite order.
    return first.utcoffset() > second.utcoffset()


def _parsed(text: str) -> datetime | None:
    """Return the typed time, or None if it is not one. Check the length before parsing."""
    try:
        moment = parse_datetime(text.strip()) if len(text) <= MAX_LENGTH else None
    except ValueError:
        return None
    return moment if moment and moment.year in YEARS else None


def local(moment: datetime, city: City) -> datetime:
    return timezone.localtime(moment, city.tzinfo)


def wall_clock(day: date, clock: time, city: City) -> datetime:
    """Return a local time in UTC, so that differences are real hours even when clocks change."""
    return datetime.combine(day, clock, tzinfo=city.tzinfo).astimezone(UTC)


def midnight(day: date, city: City) -> datetime:
    return wall_clock(day, time(), city)


def bounds_of(day: date, city: City) -> tuple[datetime, datetime]:
    return midnight(day, city), midnight(day + timedelta(days=1), city)


def read_moment(text: str, city: City) -> datetime | None:
    """Parse a time in a URL parameter, or return None if it is malformed."""
    field = LocalMomentField(required=False)
    field.city = city
    try:
        return field.clean(text)
    except ValidationError:
        return None
