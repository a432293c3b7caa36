"""The normal form in which e-mail addresses are stored and compared."""

from contextlib import suppress
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

MAX_EMAIL_LENGTH = 254


def fold_email(text: str) -> str:
    """Lower-case an address and convert its domain to IDNA: ``bücher.example`` becomes ``xn--bcher-kva.example``.

    Return an overlong address unchanged.
    """
    if len(text) > MAX_EMAIL_LENGTH or "@" not in text:
        return text if len(text) > MAX_EMAIL_LENGTH else text.lower()
    name, _at, domain = text.lower().rpartition("@")
    with suppress(UnicodeError):
        domain = domain.encode("idna").decode()
    return f"{name}@{domain}"


def validate_folded(email: str) -> None:
    """Reject letters such as the long s and the dotted capital I, which Django's case-insensitive regex accepts."""
    validate_email(email)
    if not email.isascii():
        raise ValidationError(validate_email.message, code=validate_email.code)


class EmailField(forms.EmailField):
    """A field that folds its value before validating it, so that what is checked is what is stored."""

    default_validators = [validate_folded]

    def __init__(self, **kwargs: Any):
        widget = forms.EmailInput(attrs={"autocomplete": "email"})
        super().__init__(**({"label": _("E-mail"), "max_length": MAX_EMAIL_LENGTH, "widget": widget} | kwargs))

    def to_python(self, value: Any) -> str | None:
        email = super().to_python(value)
        return fold_email(email) if email else email  # None where nothing was given, for a column that takes it
