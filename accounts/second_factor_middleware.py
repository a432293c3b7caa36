from typing import Any

from django.contrib.auth.middleware import get_user
from django.http import HttpRequest, HttpResponse
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.middleware import OTPMiddleware

from .models import Passkey, User
from .two_factor.services import has_fresh_proof


class SecondFactorMiddleware(OTPMiddleware):
    """django-otp's middleware with proofs that expire, by age and at log-out, and that passkeys gave."""

    async_capable = False  # the user is loaded from the database

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Load the user now: the language depends on it, and reading a lazy user's attributes slows down each page."""
        request.user = self._verify_user_sync(request, get_user(request))
        return self.get_response(request)

    def _verify_user_sync(self, request: HttpRequest, user: User) -> Any:
        if user.is_authenticated and DEVICE_ID_SESSION_KEY in request.session and not has_fresh_proof(request, user):
            del request.session[DEVICE_ID_SESSION_KEY]
        return super()._verify_user_sync(request, user)

    def _device_from_persistent_id(self, persistent_id: str) -> Any:
        label, _slash, key = persistent_id.partition("/")
        if label != Passkey.LABEL:
            return super()._device_from_persistent_id(persistent_id)
        return Passkey.objects.filter(pk=key).first()
