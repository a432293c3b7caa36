"""Texts in several languages: a model field and its form field, with one input per language of the site."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.admin.widgets import AdminTextareaWidget, AdminTextInputWidget
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from movr_project.web.fields import validate_visible

LONG_TEXT = 500  # characters, above which a text is edited in a text area


class LocalizedInput(forms.MultiWidget):
    use_fieldset = True

    def __init__(self, widget: type[forms.Widget], **attrs: Any) -> None:
        languages = {code: {"lang": code, "aria-label": name, "placeholder": name} for code, name in settings.LANGUAGES}
        super().__init__({code: widget(attrs | own) for code, own in languages.items()})

    def decompress(self, value: dict[str, str] | None) -> list[str]:
        return [(value or {}).get(code, "") for code, _name in settings.LANGUAGES]


class LocalizedField(forms.MultiValueField):
    """Return the texts that were entered, by language."""

    def __init__(self, *, max_length: int, **kwargs: Any) -> None:
        texts = [forms.CharField(required=False, max_length=max_length) for _language in settings.LANGUAGES]
        is_long = max_length > LONG_TEXT
        widget = LocalizedInput(AdminTextareaWidget, rows=4) if is_long else LocalizedInput(AdminTextInputWidget)
        super().__init__(texts, **kwargs | {"widget": widget, "require_all_fields": False})

    def compress(self, data_list: list[str]) -> dict[str, str]:
        texts = {code: text for (code, _name), text in zip(settings.LANGUAGES, data_list, strict=False) if text}
        for text in texts.values():
            validate_visible(text)
        return texts


class LocalizedText(models.JSONField):
    """Texts by language code, such as ``{"en": "Closed", "es": "Cerrado"}``. ``max_length`` is that of each."""

    def formfield(self, **kwargs: Any) -> forms.Field:
        return models.Field.formfield(self, **{"form_class": LocalizedField, "max_length": self.max_length} | kwargs)


def require_languages(texts: dict[str, str], languages: list[str]) -> None:
    """Raise ``ValidationError`` unless there is a text in each of the languages: every text of a feed has them all."""
    missing = [name for code, name in settings.LANGUAGES if code in languages and not texts.get(code)]
    if missing:
        raise ValidationError(_("Also enter it in: %(languages)s.") % {"languages": ", ".join(missing)})


def text_in(language: str, texts: dict[str, str]) -> str:
    """Return the text in a language or, if the operator added the language later, in the first there is."""
    return texts.get(language) or next(iter(texts.values()), "")
