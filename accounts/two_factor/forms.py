from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy

from . import services as service
from .services import MAX_CODE_LENGTH


class AppCodeForm(forms.Form):
    """Asks for the current code of the authenticator app."""

    code = forms.CharField(
        label=gettext_lazy("Code from the app"),
        max_length=MAX_CODE_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
        help_text=gettext_lazy("Six digits that change every 30 seconds."),
    )


class RecoveryCodeForm(forms.Form):
    """Asks for a recovery code."""

    def __init__(self, data: QueryDict | None = None):
        super().__init__(data, auto_id="recovery_%s")  # both forms are on one page

    code = forms.CharField(
        label=gettext_lazy("Recovery code"),
        max_length=MAX_CODE_LENGTH,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"},
        ),
        help_text=gettext_lazy("Eight letters and digits. Each code works once."),
    )


class AnyCodeForm(forms.Form):
    """Asks for a code before a change to the second factor itself."""

    code = service.code_field()
