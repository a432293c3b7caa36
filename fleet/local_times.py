"""Times as people write them: by the clocks of the vehicle's city."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from cities.models import City

YEARS = range(2000, 2200)  # others are typing errors, and the last ones can't be reckoned with
NATIVE = "%Y-%m-%dT%H:%M"  # what a browser's own field for a date and a time reads and writes


class LocalMomentField(forms.Field):
    """A date and a time by the clocks of ``city``, which the form sets; its value is aware, in UTC.

    A time with its zone, as our own links carry it, is taken as it is.
    """

    widget = forms.DateTimeInput(format=NATIVE, attrs={"type": "datetime-local"})
    default_error_messages = {
        "invalid": _("Write a date and a time, like 2026-05-17 14:30."),
        "skipped": _("The clocks in %(city)s skip that time: they are put forward. Choose one an hour later."),
        "twice": _("The clocks in %(city)s are put back then, so that time comes twice. Choose another one."),
    }
    city: City

    def to_python(self, value: Any) -> datetime | None:
        text = str(value or "").strip()
        if not text:
            return None
        try:
            moment = parse_datetime(text)
        except ValueError:
            moment = None
        if moment is None or moment.year not in YEARS:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        if timezone.is_naive(moment):
            moment = self._in_the_city(moment)
        return moment.astimezone(UTC)

    def prepare_value(self, value: Any) -> Any:
        return local(value, self.city).strftime(NATIVE) if isinstance(value, datetime) else value

    def _in_the_city(self, naive: datetime) -> datetime:
        zone = self.city.tzinfo
        moment = naive.replace(tzinfo=zone)
        if moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != naive:
            raise ValidationError(self.error_messages["skipped"], code="skipped", params={"city": self.city})
        if moment.utcoffset() != moment.replace(fold=1).utcoffset():
            raise ValidationError(self.error_messages["twice"], code="twice", params={"city": self.city})
        return moment


def local(moment: datetime, city: City) -> datetime:
    return timezone.localtime(moment, city.tzinfo)


def midnight(day: date, city: City) -> datetime:
    """When a day begins in a city, in UTC: so that differences are real hours, on 23-hour days too."""
    return datetime.combine(day, time(), tzinfo=city.tzinfo).astimezone(UTC)


def bounds_of(day: date, city: City) -> tuple[datetime, datetime]:
    return midnight(day, city), midnight(day + timedelta(days=1), city)


def read_moment(text: str, city: City) -> datetime | None:
    """What a link's parameter says; None for nonsense."""
    field = LocalMomentField(required=False)
    field.city = city
    try:
        return field.clean(text)
    except ValidationError:
        return None
