from django import forms
from django.utils.translation import gettext_lazy as _

from cities.forms import PositionMixin
from movr_project.web.fields import validate_visible
from movr_project.web.form_tokens import FormTokenField
from photos.fields import PhotoField, PhotoMixin

from .models import PLACE_LENGTH


class StartRideForm(forms.Form):
    """The data of the "Start ride" button. Always valid."""

    token = FormTokenField()
    at_it = forms.BooleanField(required=False)  # submitted from the page of the vehicle's label


class EndRideForm(PhotoMixin, PositionMixin):
    """Where the vehicle is parked: the position if known, and a description; and perhaps a photo of it."""

    end_location = forms.CharField(
        label=_("Where are you leaving the vehicle?"),
        max_length=PLACE_LENGTH,
        required=False,
        validators=[validate_visible],
    )

    photo = PhotoField(label=_("Photo of the parked vehicle"))

    words = "end_location"
    field_order = ["end_location", "latitude", "longitude", "photo"]
    is_photo_kept = False  # from an attempt that was refused for another reason
