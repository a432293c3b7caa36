"""What staff say about a vehicle they work on: in the street, and in the administration."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cities.models import City

from .choices import EventType
from .forms import PositionMixin
from .local_times import LocalMomentField
from .models import Allocation, ProblemReport, Vehicle, VehicleEvent

PICK_UP_REASONS = [
    (EventType.MAINTENANCE_PICK_UP.value, _("To repair or charge it")),
    (EventType.REBALANCE_PICK_UP.value, _("To put it somewhere else")),
    (EventType.COMPLIANCE_PICK_UP.value, _("It stood where it must not")),
]


def _words(model: type, field: str, label: Any, *, required: bool = False, help_text: Any = "") -> forms.CharField:
    length = model._meta.get_field(field).max_length
    return forms.CharField(label=label, max_length=length, required=required, help_text=help_text)


class PickUpForm(forms.Form):
    reason = forms.ChoiceField(label=_("Why"), choices=PICK_UP_REASONS)
    note = _words(VehicleEvent, "note", _("Note (optional)"))


class MissingForm(forms.Form):
    note = _words(VehicleEvent, "note", _("Note (optional)"), help_text=_("Where it should have been, who looked."))


class PlaceForm(PositionMixin, forms.Form):
    """Where it stands now."""

    location = _words(Vehicle, "last_location", _("Where does it stand?"))

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
    """Until further notice: what can be said with one hand."""

    description = _words(Allocation, "description", _("What is wrong (optional)"))


class MaintenanceForm(forms.Form):
    """From when until when (rows I5, I6): never is said, not left out (IB4, IB5). By the clocks of each city."""

    starts = LocalMomentField(label=_("From"), required=False, help_text=_("Empty: now. In the vehicle's local time."))
    ends = LocalMomentField(label=_("Until a time"), required=False, help_text=_("In the vehicle's local time."))
    without_end = forms.BooleanField(label=_("Until further notice"), required=False)
    description = _words(Allocation, "description", _("What is done"))

    def __init__(self, *args: Any, cities: Iterable[City], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.cities = list(cities)
        for city in self.cities[:1]:
            self.fields["starts"].city = self.fields["ends"].city = city

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        without_end, ends = cleaned.get("without_end"), cleaned.get("ends")
        if "ends" in self.errors:
            return cleaned
        if without_end and ends is not None:
            self.add_error("without_end", gettext("Choose one: a time, or until further notice."))
        elif not without_end and ends is None:
            self.add_error("ends", gettext("Say until when, or choose “until further notice”."))
        elif ends is not None and cleaned.get("starts") is not None and ends <= cleaned["starts"]:
            self.add_error("ends", gettext("It has to end after it begins."))
        self._check_every_city()
        return cleaned

    def bounds_in(self, city: City) -> tuple[datetime | None, datetime | None]:
        """Of the valid form, what it says by the clocks of a city; None for now, and for until further notice."""
        return self._moment("starts", city), self._moment("ends", city)

    def _moment(self, name: str, city: City) -> datetime | None:
        field = LocalMomentField(required=False)
        field.city = city
        return field.clean(self[name].data)

    def _check_every_city(self) -> None:
        """A time that is fine in one city may be one that the clocks of another leave out."""
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
        ProblemReport, "resolution", _("What came of it"), help_text=_("Whoever reported it reads this sentence.")
    )
