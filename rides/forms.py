from django import forms
from django.utils.translation import gettext_lazy as _

from fleet.forms import PositionMixin
from movr_project.form_tokens import FormTokenField

from .models import PLACE_LENGTH


class StartRideForm(forms.Form):
    """What the button "Start ride" brings along. Always valid."""

    token = FormTokenField()
    at_it = forms.BooleanField(required=False)  # sent from the page that the vehicle's label leads to


class EndRideForm(PositionMixin):
    """Row M36: where the vehicle is left, in words, and in degrees where they are known."""

    end_location = forms.CharField(
        label=_("Where are you leaving the vehicle?"), max_length=PLACE_LENGTH, required=False
    )

    words = "end_location"
    field_order = ["end_location", "latitude", "longitude"]
