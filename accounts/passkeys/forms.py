from django import forms
from django.utils.translation import gettext_lazy as _

from movr_project.web.fields import validate_visible

from ..forms import OwnPasswordForm
from .models import NAME_LENGTH


class NameForm(forms.Form):
    """Asks for a name by which the person recognises a passkey."""

    name = forms.CharField(
        label=_("Name"),
        max_length=NAME_LENGTH,
        validators=[validate_visible],
        widget=forms.TextInput(attrs={"dir": "auto", "autocomplete": "off"}),
        help_text=_("So that you recognize it, such as “My phone”."),
    )


class AddPasskeyForm(OwnPasswordForm, NameForm):
    """Asks for the name, and for the password as before other changes of how people log in."""

    field_order = ["name", "password"]
