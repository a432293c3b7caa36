"""Form fields and validators that accept what people type."""

import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# Invisible characters that Unicode classifies as letters or symbols.
INVISIBLE_LETTERS = "\u115f\u1160\u2800\u3164\uffa0"
# Bidirectional controls. They also affect the text that follows on the page.
BIDI_CONTROLS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def is_visible(character: str) -> bool:
    return character not in INVISIBLE_LETTERS and unicodedata.category(character)[0] not in "CZM"


def validate_visible(text: str) -> None:
    """Require at least one visible character. Joiners are allowed, as Persian names contain them."""
    if not any(map(is_visible, text)):
        raise ValidationError(_("Enter some visible text."), code="invisible")
    if any(character in text for character in BIDI_CONTROLS):
        raise ValidationError(_("Remove the characters that change the text's direction."), code="invisible")


class NumberField(forms.FloatField):
    """Accept a decimal point or a decimal comma."""

    def to_python(self, value: Any) -> float | None:
        return super().to_python(with_point(value) if isinstance(value, str) else value)


def with_point(text: str) -> str:
    """Return ``48,85`` as ``48.85``. Leave two commas, or both signs, unchanged: they are ambiguous."""
    return text.replace(",", ".") if text.count(",") == 1 and "." not in text else text


class LinesInput(forms.Textarea):
    """A text area that counts a line break as one character, as browsers do for ``maxlength``."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        value = super().value_from_datadict(data, files, name)
        return value.replace("\r\n", "\n").replace("\r", "\n") if isinstance(value, str) else value
