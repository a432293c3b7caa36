from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from django import forms
from django.utils.translation import gettext_lazy as _

from .browsers import browser_of
from .keys import CURVE, decode

SECRET_BYTES = 16
UNCOMPRESSED_POINT_BYTES = 65


class DeviceForm(forms.Form):
    """A browser's push subscription, as the Push API gives it to static/js/push.js."""

    endpoint = forms.CharField(max_length=1000, widget=forms.HiddenInput)
    p256dh = forms.CharField(max_length=100, widget=forms.HiddenInput)
    auth = forms.CharField(max_length=40, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        if self.errors or not (browser_of(cleaned["endpoint"]) and _is_key(cleaned["p256dh"], cleaned["auth"])):
            self.errors.clear()  # all of them are the browser's, not the person's
            raise forms.ValidationError(_("Your browser's notifications don't work with MovR."), code="unknown_service")
        return cleaned


def _is_key(p256dh: str, auth: str) -> bool:
    try:
        point = decode(p256dh)
        ec.EllipticCurvePublicKey.from_encoded_point(CURVE, point)
        return len(point) == UNCOMPRESSED_POINT_BYTES and len(decode(auth)) == SECRET_BYTES
    except ValueError:
        return False
