"""Tokens that prevent a form from being processed twice."""

import secrets
from typing import Any

from django import forms
from django.core.exceptions import ValidationError


def new_form_token() -> str:
    return secrets.token_urlsafe(12)


def with_new_token(data: Any) -> Any:
    """Return a copy of a form's data with a new token."""
    data = data.copy()
    data["token"] = new_form_token()
    return data


class FormTokenField(forms.CharField):
    """A hidden field that is always valid: a missing or malformed token is replaced by a new one."""

    widget = forms.HiddenInput

    def __init__(self, **kwargs: Any):
        super().__init__(**({"required": False, "max_length": 64} | kwargs))

    def clean(self, value: Any) -> str:
        try:
            return super().clean(value) or new_form_token()
        except ValidationError:
            return new_form_token()
