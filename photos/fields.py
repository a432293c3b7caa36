"""The form field for a photo."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from .pictures import MAX_BYTES, TYPES, Picture, read_picture

ACCEPTED = ",".join(TYPES.values())
# What pages with a photo accept: more than a photo may have, so that the form can say that it is too large.
MAX_UPLOAD = MAX_BYTES + 2 * 1024 * 1024


class PhotoInput(forms.FileInput):
    """Opens the camera on phones. ``static/js/photo.js`` makes the file smaller before it is sent."""

    def __init__(self, attrs: dict[str, Any] | None = None):
        super().__init__({"accept": ACCEPTED, "capture": "environment", "data-photo": ""} | (attrs or {}))


class PhotoField(forms.FileField):
    """An optional photo. Its value is a ``Picture``, or None."""

    widget = PhotoInput

    def __init__(self, **kwargs: Any):
        super().__init__(**({"label": _("Photo (optional)"), "required": False, "allow_empty_file": True} | kwargs))

    def clean(self, data: Any, initial: Any = None) -> Picture | None:
        file = super().clean(data, initial)
        return read_picture(file, size=file.size) if file else None
