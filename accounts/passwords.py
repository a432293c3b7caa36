"""Passwords: length limits and Unicode normalisation.

Keyboards differ in how they encode "é": as one character or as two. Both must match, so passwords are hashed in NFC.
"""

from typing import Any
from unicodedata import normalize

from django import forms
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.utils.translation import ngettext

MAX_PASSWORD_LENGTH = 128  # the same limit for setting and for confirming
MAX_TYPED_LENGTH = 4 * MAX_PASSWORD_LENGTH  # a decomposed character has several code points


def nfc(password: str) -> str:
    """Normalise to NFC. Check the length first, as normalising takes quadratic time."""
    return normalize("NFC", password) if len(password) <= MAX_TYPED_LENGTH else password


def nfd(password: str) -> str:
    """Return the decomposed form, in which some keyboards' passwords were hashed before normalisation."""
    return normalize("NFD", password) if len(password) <= MAX_TYPED_LENGTH else password


def hash_password(password: str) -> str:
    return make_password(nfc(password))


class PasswordField(forms.CharField):
    """The password field of all forms. ``autocomplete`` distinguishes current and new passwords."""

    def __init__(self, *, autocomplete: str = "current-password", **kwargs: Any):
        widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
        super().__init__(**({"strip": False, "max_length": MAX_PASSWORD_LENGTH, "widget": widget} | kwargs))

    def to_python(self, value: Any) -> str:
        return nfc(super().to_python(value))

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Omit ``maxlength``: browsers would silently truncate a pasted password."""
        return {}


class MaximumLengthValidator:
    """Limit the length where no form does: on the command line."""

    def validate(self, password: str, user: Any = None) -> None:
        if len(nfc(password)) > MAX_PASSWORD_LENGTH:
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self) -> str:
        sentence = ngettext("At most %(count)d character.", "At most %(count)d characters.", MAX_PASSWORD_LENGTH)
        return sentence % {"count": MAX_PASSWORD_LENGTH}
