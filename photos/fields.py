"""The form field for a photo, and what forms with one have in common."""

from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from throttling.services import TOO_MANY_REQUESTS, Throttled

from .pictures import MAX_BYTES, TYPES, Picture, read_picture
from .services import count_photo

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
    photographer: User | None = None

    def __init__(self, **kwargs: Any):
        super().__init__(**({"label": _("Photo (optional)"), "required": False, "allow_empty_file": True} | kwargs))

    def clean(self, data: Any, initial: Any = None) -> Picture | None:
        file = super().clean(data, initial)
        if not file:
            return None
        if self.photographer:
            self._count(self.photographer)
        return read_picture(file, size=file.size)

    def _count(self, photographer: User) -> None:
        try:
            count_photo(photographer)
        except Throttled as throttled:
            raise ValidationError(str(throttled), code=throttled.code) from throttled


class PhotoMixin(forms.Form):
    """For forms with a field ``photo``. What is sent counts towards the photos of ``photographer`` per hour."""

    def __init__(self, *args: Any, photographer: User | None = None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        cast(PhotoField, self.fields["photo"]).photographer = photographer

    @property
    def status(self) -> int | None:
        """Return the status of a page with this form: 429 if what was sent is too much, None for the usual one."""
        codes = {error.code for errors in self.errors.as_data().values() for error in errors}
        return TOO_MANY_REQUESTS if "too_often" in codes else None
