from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cities.geography import parse_position
from cities.models import City
from movr_project.form_tokens import FormTokenField, new_form_token

from .choices import VehicleType
from .intervals import Interval
from .local_times import LocalMomentField
from .models import Vehicle


class PositionMixin(forms.Form):
    """Latitude and longitude in degrees: both or neither. With them the field named ``words`` may be empty."""

    words = ""

    latitude = forms.FloatField(
        label=_("Latitude"), required=False, min_value=-90, max_value=90, widget=forms.TextInput
    )
    longitude = forms.FloatField(
        label=_("Longitude"), required=False, min_value=-180, max_value=180, widget=forms.TextInput
    )

    def clean(self) -> dict:
        cleaned = super().clean()
        latitude, longitude = cleaned.get("latitude"), cleaned.get("longitude")
        if not self.errors and (latitude is None) != (longitude is None):
            missing = "longitude" if longitude is None else "latitude"
            self.add_error(missing, _("A position needs both latitude and longitude."))
        self._check_place(cleaned)
        return cleaned

    def _check_place(self, cleaned: dict) -> None:
        asked = {self.words, "latitude", "longitude"}
        if self.words and not asked & set(self.errors) and not cleaned.get(self.words) and cleaned["latitude"] is None:
            self.add_error(self.words, _("Say where it stands: in words, or on the map."))

    @property
    def position(self) -> tuple[float, float] | None:
        """The valid form's position, to the six decimals that feeds publish."""
        latitude, longitude = self.cleaned_data["latitude"], self.cleaned_data["longitude"]
        return None if latitude is None else (round(latitude, 6), round(longitude, 6))


class VehicleFilterForm(forms.Form):
    """What narrows the list of vehicles. Nonsense in the address narrows nothing."""

    type = forms.ChoiceField(label=_("Type"), choices=[("", _("All types")), *VehicleType.choices], required=False)
    available = forms.BooleanField(label=_("Available only"), required=False)
    lat = forms.CharField(required=False, widget=forms.HiddenInput)
    lon = forms.CharField(required=False, widget=forms.HiddenInput)
    # Named as the form that books: its link carries them on.
    until = LocalMomentField(label=_("Until"), required=False)

    def __init__(self, *args: Any, city: City, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["from"] = LocalMomentField(label=_("Free from"), required=False)
        for name in ("from", "until"):
            self.fields[name].city = city
            self.fields[name].widget.attrs |= {"class": "form-control", "aria-describedby": "free-error"}
        self.interval: Interval | None = None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        start, end = cleaned.get("from"), cleaned.get("until")
        if "from" in self.errors or "until" in self.errors:
            return cleaned
        if start and end and start >= end:
            self.add_error("until", _("It has to end after it begins."))
        elif end and end <= timezone.now():
            self.add_error("until", _("That is in the past."))
        elif start and not end:
            self.add_error("until", _("Say until when it has to be free."))
        elif end:
            self.interval = Interval(start or timezone.now(), end)
        return cleaned

    @property
    def free_from(self) -> forms.BoundField:
        return self["from"]

    @property
    def interval_error(self) -> str:
        """Why the interval narrows nothing."""
        return " ".join(error for name in ("from", "until") for error in self.errors.get(name, []))

    @property
    def filters(self) -> dict:
        """Arguments for ``vehicles_page``."""
        self.is_valid()
        data = self.cleaned_data
        return {
            "type_": data.get("type", ""),
            "available": data.get("available", False),
            "free_for": self.interval,
            "position": parse_position(data.get("lat", ""), data.get("lon", "")),
        }


class AddVehicleForm(PositionMixin, forms.ModelForm):
    """Row M34. The city is the person's home city, so nobody is asked."""

    token = FormTokenField()

    words = "last_location"
    field_order = ["type", "brand", "color", "last_location", "latitude", "longitude"]

    class Meta:
        model = Vehicle
        fields = ["type", "brand", "color", "last_location"]

    def renew_token(self) -> None:
        """Let the form, sent once more, count once more."""
        self.data = self.data.copy()
        self.data["token"] = new_form_token()
