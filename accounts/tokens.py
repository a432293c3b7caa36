"""Signed links in e-mails."""

import uuid

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from .models import User

CONFIRM_SALT = "movr.accounts.confirm-email"


def confirmation_path(user: User) -> str:
    """Return the URL that confirms the person's current address, valid for EMAIL_CONFIRMATION_TIMEOUT seconds."""
    token = signing.dumps([str(user.id), user.email], salt=CONFIRM_SALT)
    return reverse("accounts:email_confirm", args=[token])


def read_confirmation(token: str) -> tuple[uuid.UUID, str] | None:
    """Return the user's id and the address that a token confirms, or None if it is invalid or expired."""
    try:
        id_, email = signing.loads(token, salt=CONFIRM_SALT, max_age=settings.EMAIL_CONFIRMATION_TIMEOUT)
    except signing.BadSignature:
        return None
    return uuid.UUID(id_), email


def reset_path(user: User, token: str) -> str:
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return reverse("accounts:password_reset_confirm", args=[uid, token])
