"""What riders fill in about a vehicle: a booking, and a report of a problem."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from cities.models import City
from movr_project.form_tokens import FormTokenField, new_form_token

from .choices import ProblemKind
from .intervals import Interval
from .local_times import LocalMomentField, read_moment
from .models import Allocation, ProblemReport

UNTIL = "until"
MINUTES = (30, 60, 120, 240, 480, 1440)
USUAL_MINUTES = 60
STEP = timedelta(minutes=5)


class TokenForm(forms.Form):
    """What a button that must count once brings along. Always valid."""

    token = FormTokenField()
    at_it = forms.BooleanField(required=False)  # sent from the page that the vehicle's label leads to


class BookForm(forms.Form):
    """Row I12: from when, for how long or until when, in the time of the vehicle's city."""

    starts = LocalMomentField(label=_("From"))
    length = forms.ChoiceField(label=_("How long"), widget=forms.RadioSelect, required=False)
    ends = LocalMomentField(label=_("Until"), required=False)
    description = forms.CharField(
        label=_("What for (optional)"),
        max_length=Allocation._meta.get_field("description").max_length,
        required=False,
        help_text=_("Only you see it, and our staff."),
    )
    token = FormTokenField()

    def __init__(self, data: Any = None, *, city: City, **kwargs: Any):
        if data is not None and "instead" in data:
            data = _with_what_is_free_instead(data)
        super().__init__(data, **kwargs)
        self.fields["starts"].city = self.fields["ends"].city = city
        self.fields["length"].choices = list(length_choices())
        self.instead: Interval | None = None  # what to offer where something is in the way

    @classmethod
    def first(cls, *, city: City, start: str, end: str, free: Interval | None) -> "BookForm":
        """A fresh form, for the interval that a link names; else for what is free next."""
        starts = read_moment(start, city) or (free.start if free else timezone.now())
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
        cleaned = super().clean()
        starts, length = cleaned.get("starts"), cleaned.get("length")
        if starts is not None and length and length != UNTIL:
            cleaned["ends"] = starts + timedelta(minutes=int(length))
            self.errors.pop("ends", None)  # what stands there was not asked for
        ends = cleaned.get("ends")
        if "ends" not in self.errors and ends is None:
            self.add_error("ends", _("Say until when."))
        elif starts is not None and ends is not None and ends <= starts:
            self.add_error("ends", _("It has to end after it begins."))
        return cleaned

    def renew_token(self) -> None:
        """Let the form, sent once more, count once more."""
        self.data = self.data.copy()
        self.data["token"] = new_form_token()


class ReportForm(forms.Form):
    """What is wrong with a vehicle."""

    kind = forms.ChoiceField(label=_("What is wrong?"), choices=ProblemKind, widget=forms.RadioSelect)
    text = forms.CharField(
        label=_("Tell us more (optional)"),
        max_length=ProblemReport._meta.get_field("text").max_length,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    token = FormTokenField()


def _with_what_is_free_instead(data: Any) -> Any:
    """The button next to a conflict: the same booking, for the interval that it names."""
    data = data.copy()
    data["starts"], _slash, data["ends"] = data["instead"].partition("/")
    data["length"] = UNTIL
    return data


def length_choices() -> Iterator[tuple[str, Any]]:
    """The usual lengths that the limits allow, and at the end: until a time of one's own."""
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
    """To five minutes, as people say times."""
    over = timedelta(minutes=moment.minute % 5, seconds=moment.second, microseconds=moment.microsecond)
    return moment + (STEP - over) if over else moment
