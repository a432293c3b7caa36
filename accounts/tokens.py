"""Signed links in e-mails."""

import uuid

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core import signing
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from movr_project.mail import makes_link

from .models import User

CONFIRM_SALT = "movr.accounts.confirm-email"
LOG_IN_SALT = "movr.accounts.log-in-link"


@makes_link("confirm_email")
def confirmation_path(user_id: str, email: str) -> str:
    """Return the URL that confirms a person's address, valid for EMAIL_CONFIRMATION_TIMEOUT seconds."""
    token = signing.dumps([user_id, email], salt=CONFIRM_SALT)
    return reverse("accounts:email_confirm", args=[token])


def read_confirmation(token: str) -> tuple[uuid.UUID, str] | None:
    """Return the user's id and the address that a token confirms, or None if it is invalid or expired."""
    try:
        id_, email = signing.loads(token, salt=CONFIRM_SALT, max_age=settings.EMAIL_CONFIRMATION_TIMEOUT)
    except signing.BadSignature:
        return None
    return uuid.UUID(id_), email


@makes_link("password_reset")
def reset_path(user_id: str, email: str) -> str | None:
    """Return the URL that sets a new password, valid for PASSWORD_RESET_TIMEOUT seconds, or None if they have left."""
    user = User.objects.active().filter(pk=user_id, email=email).first()
    if user is None:
        return None
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return reverse("accounts:password_reset_confirm", args=[uid, default_token_generator.make_token(user)])


@makes_link("log_in_link")
def log_in_path(user_id: str, email: str) -> str | None:
    """Return the URL that logs a person in, valid for LOG_IN_LINK_TIMEOUT seconds, or None if they have left."""
    user = User.objects.active().filter(pk=user_id, email=email).first()
    if user is None:
        return None
    token = signing.dumps([user_id, log_in_state(user)], salt=LOG_IN_SALT)
    return reverse("accounts:log_in_link", args=[token])


def read_log_in(token: str) -> tuple[uuid.UUID, str] | None:
    """Return the user's id and ``log_in_state`` at the time of the e-mail, or None if it is invalid or expired."""
    try:
        id_, state = signing.loads(token, salt=LOG_IN_SALT, max_age=settings.LOG_IN_LINK_TIMEOUT)
    except signing.BadSignature:
        return None
    return uuid.UUID(id_), state


def log_in_state(user: User) -> str:
    """Return a hash that every log-in changes, so that a link works once, and so do new passwords and addresses."""
    parts = [user.email, user.password, user.session_epoch, user.last_login and user.last_login.isoformat()]
    return salted_hmac(LOG_IN_SALT, "\n".join(map(str, parts)), algorithm="sha256").hexdigest()
