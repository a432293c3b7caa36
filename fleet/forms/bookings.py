"""Forms to reserve and book vehicles."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from cities.local_times import LocalMomentField, read_moment, use_clocks_of
from cities.models import City
from movr_project.web.form_tokens import FormTokenField, new_form_token, with_new_token

from ..calendar.intervals import Interval
from ..models import Allocation

UNTIL = "until"
MINUTES = (30, 60, 120, 240, 480, 1440)
USUAL_MINUTES = 60
STEP = timedelta(minutes=5)


class TokenForm(forms.Form):
    """The data of a button whose form must be processed only once. Always valid."""

    token = FormTokenField()
    at_it = forms.BooleanField(required=False)  # submitted from the page of the vehicle's label


class BookForm(forms.Form):
    """A booking's start, and its duration or end, in the local time of the vehicle's city."""

    starts = LocalMomentField(label=_("From"))
    length = forms.ChoiceField(
        label=_("Duration"), choices=lambda: list(length_choices()), widget=forms.RadioSelect, required=False
    )
    ends = LocalMomentField(label=_("Until"), required=False)
    description = forms.CharField(
        label=_("Note (optional)"),
        max_length=Allocation._meta.get_field("description").max_length,
        required=False,
        help_text=_("Only you and our staff can see this."),
    )
    token = FormTokenField()

    def __init__(self, data: Any = None, *, city: City, **kwargs: Any):
        if data is not None and "instead" in data:
            data = _with_offered_interval(data)
        super().__init__(data, **kwargs)
        use_clocks_of(city, self)
        self.instead: Interval | None = None  # the interval to offer after a conflict

    @classmethod
    def first(cls, *, city: City, start: str, end: str, free: Interval | None) -> "BookForm":
        """Return an unbound form for the interval in a link or, without one, for the next free interval."""
        starts = read_moment(start, city) or (free and free.start) or timezone.now()
        ends = read_moment(end, city)
        if ends is not None and ends <= starts:
            ends = None
        initial = {
            "starts": _rounded_up(starts) if not start else starts,
            "ends": ends,
            "length": UNTIL if ends else str(USUAL_MINUTES),
            "token": new_form_token(),
        }
        return cls(city=city, initial=initial)

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        starts, length = cleaned.get("starts"), cleaned.get("length")
        if starts is not None and length and length != UNTIL:
            cleaned["ends"] = starts + timedelta(minutes=int(length))
            self.errors.pop("ends", None)  # the field is ignored if a duration was chosen
        ends = cleaned.get("ends")
        needs_end = "length" not in self.errors and length in {"", UNTIL}
        if needs_end and "ends" not in self.errors and ends is None:
            self.add_error("ends", _("Enter an end time."))
        elif starts is not None and ends is not None and ends <= starts:
            self.add_error("ends", _("The end must be after the start."))
        return cleaned

    def renew_token(self) -> None:
        """Replace the token, so that submitting the form again makes a new booking."""
        self.data = with_new_token(self.data)


def _with_offered_interval(data: Any) -> Any:
    """Return the data with the interval of the pressed button, which is offered after a conflict."""
    data = data.copy()
    data["starts"], _slash, data["ends"] = data["instead"].partition("/")
    data["length"] = UNTIL
    return data


def length_choices() -> Iterator[tuple[str, Any]]:
    """Yield the usual durations within the limits, then the choice to enter an end time."""
    for minutes in MINUTES:
        if settings.BOOKING_MIN_MINUTES <= minutes <= settings.BOOKING_MAX_HOURS * 60:
            yield str(minutes), _length(minutes)
    yield UNTIL, _("Until …")


def _length(minutes: int) -> Any:
    if minutes % 1440 == 0:
        return ngettext_lazy("%(days)d day", "%(days)d days", "days") % {"days": minutes // 1440}
    if minutes % 60 == 0:
        return ngettext_lazy("%(hours)d hour", "%(hours)d hours", "hours") % {"hours": minutes // 60}
    return ngettext_lazy("%(minutes)d minute", "%(minutes)d minutes", "minutes") % {"minutes": minutes}


def _rounded_up(moment: datetime) -> datetime:
    """Round up to five minutes."""
    over = timedelta(minutes=moment.minute % 5, seconds=moment.second, microseconds=moment.microsecond)
    return moment + (STEP - over) if over else moment
