"""Forms for staff's work on vehicles, in the street and in the admin."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import CharField, Model
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from cities.forms import PositionMixin
from cities.local_times import LocalMomentField, LocalMomentInput, use_clocks_of
from cities.models import City
from fleet.models import Allocation, Vehicle, VehicleEvent
from fleet.models.choices import EventType
from movr_project.web.fields import LinesInput, NumberField, validate_visible
from movr_project.web.form_tokens import FormTokenField
from photos.fields import PhotoField, PhotoMixin

from .models import ProblemKind, ProblemReport

PICK_UP_REASONS = [
    (EventType.MAINTENANCE_PICK_UP.value, _("To repair or charge it")),
    (EventType.REBALANCE_PICK_UP.value, _("To relocate it")),
    (EventType.COMPLIANCE_PICK_UP.value, _("Badly parked")),
]


def _words(
    model: type[Model], field: str, label: Any, *, required: bool = False, help_text: Any = ""
) -> forms.CharField:
    length = cast(CharField, model._meta.get_field(field)).max_length
    return forms.CharField(
        label=label, max_length=length, required=required, help_text=help_text, validators=[validate_visible]
    )


class PickUpForm(forms.Form):
    reason = forms.ChoiceField(label=_("Reason"), choices=PICK_UP_REASONS)
    note = _words(VehicleEvent, "note", _("Note (optional)"))


class MissingForm(forms.Form):
    note = _words(
        VehicleEvent, "note", _("Note (optional)"), help_text=_("Where it should have been and who looked for it.")
    )


class PlaceForm(PositionMixin, forms.Form):
    """Where the vehicle is now."""

    location = _words(Vehicle, "last_location", _("Where is it parked?"))

    words = "location"
    field_order = ["location", "latitude", "longitude"]


class BatteryForm(forms.Form):
    percent = forms.IntegerField(
        label=_("Charge of the new battery, in percent"),
        initial=100,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )


class OutOfServiceForm(forms.Form):
    """Maintenance until further notice: a short form for a phone."""

    description = _words(Allocation, "description", _("Problem (optional)"))


class MaintenanceForm(forms.Form):
    """An interval in each city's local time. "Until further notice" must be chosen explicitly."""

    starts = LocalMomentField(label=_("From"), required=False, help_text=_("Leave empty for now. Local time."))
    ends = LocalMomentField(
        label=_("Until"),
        required=False,
        help_text=_("Local time. Leave empty if you choose “until further notice”."),
    )
    without_end = forms.BooleanField(label=_("Until further notice"), required=False)
    description = _words(Allocation, "description", _("Description"))

    def __init__(self, *args: Any, cities: Iterable[City], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.cities = list(cities)
        for city in self.cities[:1]:
            use_clocks_of(city, self)

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        without_end, ends = cleaned.get("without_end"), cleaned.get("ends")
        if "ends" in self.errors:
            return cleaned
        if without_end and ends is not None:
            self.add_error("without_end", gettext("Choose either an end time or “until further notice”."))
        elif not without_end and ends is None:
            self.add_error("ends", gettext("Enter an end time or choose “until further notice”."))
        elif ends is not None and cleaned.get("starts") is not None and ends <= cleaned["starts"]:
            self.add_error("ends", gettext("The end must be after the start."))
        self._check_every_city()
        return cleaned

    def bounds_in(self, city: City) -> tuple[datetime | None, datetime | None]:
        """Return the valid form's interval in a city's local time. None means now, or until further notice."""
        return self._moment("starts", city), self._moment("ends", city)

    def _moment(self, name: str, city: City) -> datetime | None:
        field = LocalMomentField(required=False)
        field.city = city
        # Which of a repeated hour's two is meant depends on the city.
        widget = cast(LocalMomentInput, field.widget)
        return field.clean(widget.value_from_datadict(self.data, self.files, self.add_prefix(name)))

    def _check_every_city(self) -> None:
        """Reject a time that doesn't exist in one of the cities, because of a clock change."""
        for name in ("starts", "ends"):
            for city in self.cities[1:]:
                if name in self.errors:
                    break
                try:
                    self._moment(name, city)
                except ValidationError as error:
                    self.add_error(name, error)


class ResolutionForm(forms.Form):
    resolution = _words(
        ProblemReport, "resolution", _("Outcome"), help_text=_("The person who reported it will see this.")
    )


class SuspensionForm(forms.Form):
    reason = _words(User, "suspension_reason", _("Reason"), required=True, help_text=_("The person will read this."))


class ReportForm(PhotoMixin, PositionMixin):
    """A report of a problem with a vehicle, with the reporter's position if they share it."""

    kind = forms.ChoiceField(label=_("What's wrong?"), choices=ProblemKind, widget=forms.RadioSelect)
    text = forms.CharField(
        label=_("Tell us more (optional)"),
        max_length=ProblemReport._meta.get_field("text").max_length,
        required=False,
        widget=LinesInput(attrs={"rows": 3, "dir": "auto"}),
    )
    photo = PhotoField()
    latitude = NumberField(required=False, min_value=-90, max_value=90, widget=forms.HiddenInput)
    longitude = NumberField(required=False, min_value=-180, max_value=180, widget=forms.HiddenInput)
    token = FormTokenField()
