from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from movr_project.web.fields import NumberField

from .registry import registry


class PositionMixin(forms.Form):
    """Latitude and longitude in degrees: both or neither. If given, the field named ``words`` may be empty."""

    words = ""

    latitude = NumberField(label=_("Latitude"), required=False, min_value=-90, max_value=90, widget=forms.TextInput)
    longitude = NumberField(label=_("Longitude"), required=False, min_value=-180, max_value=180, widget=forms.TextInput)

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        latitude, longitude = cleaned.get("latitude"), cleaned.get("longitude")
        if not self.errors and (latitude is None) != (longitude is None):
            missing = "longitude" if longitude is None else "latitude"
            self.add_error(missing, _("A position needs both latitude and longitude."))
        self._check_place(cleaned)
        return cleaned

    def _check_place(self, cleaned: dict[str, Any]) -> None:
        asked = {self.words, "latitude", "longitude"}
        if self.words and not asked & set(self.errors) and not cleaned.get(self.words) and cleaned["latitude"] is None:
            self.add_error(self.words, _("Tell us where it's parked: describe it or pin it on the map."))

    @property
    def position(self) -> tuple[float, float] | None:
        """Return the position, rounded to six decimal places as in feeds."""
        latitude, longitude = self.cleaned_data["latitude"], self.cleaned_data["longitude"]
        return None if latitude is None else (round(latitude, 6), round(longitude, 6))


class CityField(forms.ChoiceField):
    """A choice of the served cities, by name and grouped by region."""

    def __init__(self, **kwargs: Any):
        defaults: dict[str, Any] = {
            "label": _("City"),
            "error_messages": {"invalid_choice": _("We don't serve that city yet.")},
        }
        super().__init__(choices=registry.choices, **(defaults | kwargs))


class ChooseCityForm(forms.Form):
    city = CityField()
