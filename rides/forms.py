from django import forms
from django.utils.translation import gettext_lazy as _

from cities.forms import PositionMixin
from movr_project.web.fields import validate_visible
from movr_project.web.form_tokens import FormTokenField

from .models import PLACE_LENGTH


class StartRideForm(forms.Form):
    """The data of the "Start ride" button. Always valid."""

    token = FormTokenField()
    at_it = forms.BooleanField(required=False)  # submitted from the page of the vehicle's label


class EndRideForm(PositionMixin):
    """Where the vehicle is parked: a description, and the position if known."""

    end_location = forms.CharField(
        label=_("Where are you leaving the vehicle?"),
        max_length=PLACE_LENGTH,
        required=False,
        validators=[validate_visible],
    )

    words = "end_location"
    field_order = ["end_location", "latitude", "longitude"]
