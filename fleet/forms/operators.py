"""The form for vehicles of the operator, in the admin and in the API."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cities.forms import CityField
from cities.registry import registry

from ..models import Vehicle
from ..models.choices import VehicleType
from ..services import VehicleRefused, check_position


class VehicleForm(forms.ModelForm):
    """The form to add and change vehicles. A vehicle added here belongs to the operator.

    The page includes the values that it showed. Comparing with these finds what staff changed, as a ride may have
    changed the row since.
    """

    class Meta:
        model = Vehicle
        fields = [
            "type",
            "brand",
            "color",
            "last_location",
            "latitude",
            "longitude",
            "battery_percent",
            "range_m",
            "lock_code",
        ]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.show_hidden_initial = not self.instance._state.adding

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        latitude, longitude = cleaned.get("latitude"), cleaned.get("longitude")
        if (latitude is None) != (longitude is None):
            raise forms.ValidationError(_("A position needs both latitude and longitude."))
        city = registry.get(cleaned.get("city") or self.instance.city)
        if latitude is not None and longitude is not None and city:
            try:
                check_position(city, (latitude, longitude))
            except VehicleRefused as refused:
                self.add_error("latitude", str(refused))
        if "last_location" in cleaned and not cleaned["last_location"] and latitude is None and not self.errors:
            self.add_error("last_location", _("Tell us where it's parked: describe it or pin it on the map."))
        self._check_motor(cleaned)
        return cleaned

    def _check_motor(self, cleaned: dict[str, Any]) -> None:
        if cleaned.get("type") not in VehicleType or VehicleType(cleaned["type"]).is_motorised:
            return
        for name in ("battery_percent", "range_m"):
            if cleaned.get(name) is not None:
                self.add_error(name, _("This type of vehicle has no motor. Leave this empty."))


class OperatorsVehicleForm(VehicleForm):
    """The form to add a vehicle in any city."""

    city = CityField()

    class Meta(VehicleForm.Meta):
        fields = ["city", *VehicleForm.Meta.fields]


class ImportForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("CSV file"), max_length=255, widget=forms.FileInput(attrs={"accept": ".csv,text/csv"})
    )
    is_trial = forms.BooleanField(label=gettext_lazy("Only check the file"), required=False, initial=True)
