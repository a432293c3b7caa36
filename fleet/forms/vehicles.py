from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cities.forms import PositionMixin
from cities.geography import parse_position
from cities.local_times import LocalMomentField, use_clocks_of
from cities.models import PLACE_NAME_LENGTH, City
from movr_project.web.form_tokens import FormTokenField, with_new_token

from ..calendar.intervals import Interval
from ..models import Vehicle
from ..models.choices import VehicleType
from ..search import Filters

BATTERY_STEPS = (25, 50, 75)  # percent
RANGE_STEPS = (5, 10, 20, 50)  # kilometres


class VehicleFilterForm(forms.Form):
    """The filters of the vehicle list. Invalid values in the URL are ignored."""

    type = forms.ChoiceField(label=_("Type"), choices=[("", _("All types")), *VehicleType.choices], required=False)
    battery = forms.TypedChoiceField(
        label=_("Battery"), choices=[(percent, percent) for percent in BATTERY_STEPS], coerce=int, required=False
    )
    range = forms.TypedChoiceField(
        label=_("Range"), choices=[(km, km) for km in RANGE_STEPS], coerce=int, required=False
    )
    place = forms.CharField(max_length=PLACE_NAME_LENGTH, required=False, widget=forms.HiddenInput)
    lat = forms.CharField(required=False, widget=forms.HiddenInput)
    lon = forms.CharField(required=False, widget=forms.HiddenInput)
    # The same names as in the booking form, which a link passes them to.
    until = LocalMomentField(label=_("Until"), required=False)

    def __init__(self, *args: Any, city: City, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["from"] = LocalMomentField(label=_("Available from"), required=False)
        for name in ("from", "until"):
            attributes = {"class": "form-control", "aria-describedby": "free-error", "form": "vehicle-filter"}
            self.fields[name].widget.attrs |= attributes
        use_clocks_of(city, self)
        self.interval: Interval | None = None

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        start, end = cleaned.get("from"), cleaned.get("until")
        if "from" in self.errors or "until" in self.errors:
            return cleaned
        if start and end and start >= end:
            self.add_error("until", _("The end must be after the start."))
        elif end and end <= timezone.now():
            self.add_error("until", _("Choose a time in the future."))
        elif start and not end:
            self.add_error("until", _("Enter an end time."))
        elif end:
            self.interval = Interval(start or timezone.now(), end)
        return cleaned

    @property
    def free_from(self) -> forms.BoundField:
        return self["from"]

    @property
    def interval_error(self) -> str:
        """Return the errors of the interval, which is then not used."""
        return " ".join(str(error) for name in ("from", "until") for error in self.errors.get(name, []))

    @property
    def filters(self) -> Filters:
        self.is_valid()
        data = self.cleaned_data
        return Filters(
            type_=data.get("type", ""),
            battery=data.get("battery") or 0,
            range_m=1000 * (data.get("range") or 0),
            free_for=self.interval,
        )

    @property
    def position(self) -> tuple[float, float] | None:
        """Return the position to sort by: the person's own, or that of ``place``."""
        self.is_valid()
        return parse_position(self.cleaned_data.get("lat", ""), self.cleaned_data.get("lon", ""))

    @property
    def searched(self) -> str:
        """Return the name of the place that was searched for, or "" for the person's own position."""
        self.is_valid()
        return self.cleaned_data.get("place", "")


class AddVehicleForm(PositionMixin, forms.ModelForm):
    """The form for owners to add a vehicle. It has no city field, as the city is always their home city."""

    token = FormTokenField()

    words = "last_location"
    field_order = ["type", "brand", "color", "last_location", "latitude", "longitude"]

    class Meta:
        model = Vehicle
        fields = ["type", "brand", "color", "last_location"]

    def renew_token(self) -> None:
        """Replace the token, so that submitting the form again adds a new vehicle."""
        self.data = with_new_token(self.data)
