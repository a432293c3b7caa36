"""The token that makes a form sent twice count once."""

import secrets
from typing import Any

from django import forms
from django.core.exceptions import ValidationError


def new_form_token() -> str:
    return secrets.token_urlsafe(12)


class FormTokenField(forms.CharField):
    """A hidden field that never fails: a token that is missing or nonsense becomes a fresh one."""

    widget = forms.HiddenInput

    def __init__(self, **kwargs: Any):
        super().__init__(**({"required": False, "max_length": 64} | kwargs))

    def clean(self, value: Any) -> str:
        try:
            return super().clean(value) or new_form_token()
        except ValidationError:
            return new_form_token()
