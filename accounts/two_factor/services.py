"""The second factor of staff: time-based one-time passwords (RFC 6238), recovery codes and passkeys."""

import math
import re
import time
import uuid
from base64 import b32encode
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar, cast

import django_otp
from django import forms
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core import signing
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp.util import random_hex

from movr_project.db.retry import retry_transaction
from movr_project.errors import Refused

from ..models import AuthenticatorApp, Passkey, RecoveryCodes, User, new_session_epoch
from ..passkeys.removal import forget_passkeys
from ..refusals import account_changed
from ..sealing import derived_code, hash_code, is_sealed_with_present_key, seal

PROOF = "second_factor_proof"  # in the session: epoch and time of the proof
MAX_CODE_LENGTH = 32
RECOVERY_CODES = 10
OFFER_LASTS = 60 * 60  # seconds between showing a new secret and confirming it
DEVICE_NAME = "authenticator app"
RECOVERY_NAME = "recovery codes"
APP_CODE = re.compile(r"[0-9]{6}")
RECOVERY_CODE = re.compile(r"[a-z2-7]{8}")

R = TypeVar("R")


class SecondFactorRefused(Refused):
    """Codes: ``wrong_code``, ``too_many_codes``, ``already_set_up``, ``not_set_up``, ``own_second_factor``,
    ``account_changed``.

    The attribute ``seconds`` is the time to wait after too many codes.
    """

    def __init__(self, message: str, *, code: str, seconds: int = 0):
        super().__init__(message, code=code)
        self.seconds = seconds


def is_missing(request: HttpRequest) -> bool:
    """Return whether a person must prove a second factor before the admin opens."""
    return settings.STAFF_SECOND_FACTOR and not is_verified(request.user)


def is_verified(user: User | AnonymousUser) -> bool:
    """Return whether this session has a valid proof. Queries nothing if it has none."""
    # Not user.is_verified(), which is missing on a user who logged in during this request.
    return getattr(user, "otp_device", None) is not None


def device_of(user: User) -> AuthenticatorApp | None:
    return AuthenticatorApp.objects.filter(user_id=user.id, confirmed=True).first()


def let_in(request: HttpRequest, device: AuthenticatorApp | Passkey) -> None:
    """Store in the session that a second factor was proven now."""
    django_otp.login(request, device)
    request.session[PROOF] = [cast(User, request.user).proof_epoch, int(time.time())]


def has_fresh_proof(request: HttpRequest, user: User) -> bool:
    """Return whether the session's proof is valid: for SECOND_FACTOR_HOURS, and until the person logs out anywhere.

    Sessions are signed cookies. A copy survives a log-out, so its proof must not.
    """
    try:
        epoch, proven_at = request.session[PROOF]
        age = time.time() - proven_at
    except (KeyError, TypeError, ValueError):
        return False
    return epoch == user.proof_epoch and 0 <= age < settings.SECOND_FACTOR_HOURS * 60 * 60


def end_proofs(*, user: User) -> None:
    """Invalidate the proofs of all of a person's sessions. Part of a log-out's transaction."""
    User.objects.filter(id=user.id).update(proof_epoch=new_session_epoch())


def asks_for_code(user: User) -> bool:
    """Return whether changing the account requires a code, since a password alone may have leaked.

    Only staff have a second factor, so this queries nothing for riders.
    """
    return user.is_staff and device_of(user) is not None


def needs_passkey(user: User) -> bool:
    """Return whether staff without an app must prove a passkey in this session before they change the account."""
    return user.is_staff and not is_verified(user) and device_of(user) is None and user.passkeys.exists()


def recovery_codes_left(user: User) -> int:
    return StaticToken.objects.filter(device__user_id=user.id).count()


def code_field(**kwargs: Any) -> forms.CharField:
    """Return a form field for a code of either kind."""
    return forms.CharField(
        label=gettext_lazy("Code from the app or a recovery code"),
        max_length=MAX_CODE_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autocapitalize": "none"}),
        **kwargs,
    )


# --- Setting up ---------------------------------------------------------------------------------


def new_offer(user: User) -> str:
    """Return a new secret for a person, signed. The form carries it, so that viewing a page stores nothing."""
    return signing.dumps(random_hex(20), salt=_offer_salt(user))


def read_offer(user: User, offer: str) -> AuthenticatorApp | None:
    """Return the unsaved device for an offer, or None if it is another person's or has expired."""
    try:
        key = signing.loads(offer, salt=_offer_salt(user), max_age=OFFER_LASTS)
    except signing.BadSignature:
        return None
    return AuthenticatorApp(user=user, name=DEVICE_NAME, key=seal(bytes.fromhex(key), owner=user.id))


def _offer_salt(user: User) -> str:
    return f"movr.second-factor.{user.id}"


def secret_text(device: AuthenticatorApp) -> str:
    """Return the secret in groups of four, for typing it in."""
    text = b32encode(device.bin_key).decode()
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))


@retry_transaction(idempotent=True)
def set_up(*, user: User, secret: bytes, code: str) -> tuple[AuthenticatorApp, list[str]]:
    """Enable a second factor, once a code proves that the person's app has the secret.

    Returns the device and the recovery codes. Sending the form twice returns the same codes, so that a double click
    does not lose them. Locks the person's row. Raises ``SecondFactorRefused``: ``wrong_code``,
    ``already_set_up``, ``account_changed``.
    """
    if User.objects.locked(user) is None:
        raise account_changed(SecondFactorRefused)
    device = device_of(user)
    if device and device.bin_key != secret:
        raise SecondFactorRefused(_("You have already set up two-factor authentication."), code="already_set_up")
    clock = _clock_that_shows(secret, normalize(code))
    if clock is None:
        raise _wrong_code()
    codes = [derived_code(secret, number) for number in range(RECOVERY_CODES)]
    if device:
        return device, codes
    key = seal(secret, owner=user.id)
    device = AuthenticatorApp(user_id=user.id, name=DEVICE_NAME, key=key, last_t=clock.t(), drift=clock.drift)
    device.save()
    _keep_recovery_codes(user.id, codes)
    return device, codes


def _clock_that_shows(secret: bytes, code: str) -> TOTP | None:
    clock = TOTP(secret)
    clock.time = time.time()
    return clock if APP_CODE.fullmatch(code) and clock.verify(int(code), tolerance=1) else None


def _renew_recovery_codes(user_id: uuid.UUID) -> list[str]:
    codes = [StaticToken.random_token() for _code in range(RECOVERY_CODES)]
    _keep_recovery_codes(user_id, codes)
    return codes


def _keep_recovery_codes(user_id: uuid.UUID, codes: list[str]) -> None:
    """Replace all recovery codes, storing only hashes of the new ones."""
    StaticDevice.objects.filter(user_id=user_id).delete()
    device = StaticDevice.objects.create(user_id=user_id, name=RECOVERY_NAME)
    tokens = [StaticToken(device=device, token=hash_code(code, owner=user_id)) for code in codes]
    StaticToken.objects.bulk_create(tokens)


# --- Proving ------------------------------------------------------------------------------------


def prove(*, user: User, code: str) -> AuthenticatorApp:
    """Check an app's code, or use up a recovery code. Return the device to bind the session to.

    django-otp counts wrong codes and increases the waiting time after each. Raises ``SecondFactorRefused``:
    ``wrong_code``, ``too_many_codes``, ``not_set_up``.
    """
    return _prove_and(user, code, lambda: None)[0]


def renew_recovery_codes(*, user: User, code: str) -> list[str]:
    """Check a code, then replace all recovery codes. Raises as ``prove`` does."""
    return _prove_and(user, code, lambda: _renew_recovery_codes(user.id))[1]


def remove(*, user: User, code: str) -> None:
    """Check a code, then remove the second factor, so that another can be set up. Raises as ``prove`` does."""
    _prove_and(user, code, lambda: remove_devices(user.id))


def remove_devices(user_id: uuid.UUID) -> None:
    """Delete a person's app and recovery codes, and invalidate the sessions it had opened. Part of a transaction."""
    TOTPDevice.objects.filter(user_id=user_id).delete()
    StaticDevice.objects.filter(user_id=user_id).delete()


@retry_transaction(idempotent=True)
def reset(*, user: User, by: User | None) -> None:
    """Remove the second factor, passkeys included, of someone who has lost the app and the recovery codes.

    ``by`` is None on the command line. Raises ``SecondFactorRefused``: ``own_second_factor``, since an open session
    must not be enough to remove one's own.
    """
    if by and by.id == user.id:
        sentence = _("To reset your own two-factor authentication, remove your app and passkeys in your profile.")
        raise SecondFactorRefused(sentence, code="own_second_factor")
    remove_devices(user.id)
    forget_passkeys(user, user.passkeys.all())


def _prove_and(user: User, code: str, act: Callable[[], R]) -> tuple[AuthenticatorApp, R]:
    """Check a code and act on it in one transaction. A wrong code is counted, so the refusal is raised after COMMIT."""
    refusal, device, result = _attempt(user, code, act)
    if refusal:
        raise refusal
    return device, result


@retry_transaction
def _attempt(user: User, code: str, act: Callable[[], R]) -> tuple[SecondFactorRefused | None, Any, Any]:
    device = AuthenticatorApp.objects.select_for_update().filter(user_id=user.id, confirmed=True).first()
    if device is None:
        return _not_set_up(), None, None
    code = normalize(code)
    prover: Any = device
    if not APP_CODE.fullmatch(code):
        prover = RecoveryCodes.objects.select_for_update().filter(user_id=user.id).first()
        if prover is None or not RECOVERY_CODE.fullmatch(code):
            return _wrong_code(), None, None
    refusal = _verify(prover, code)
    if refusal:
        return refusal, None, None
    _seal_with_present_key(device)
    return None, device, act()


def _seal_with_present_key(device: AuthenticatorApp) -> None:
    """Encrypt the secret again with the current key, so that an earlier one can be retired."""
    if not is_sealed_with_present_key(device.key, owner=device.user_id):
        device.key = seal(device.bin_key, owner=device.user_id)
        device.save(update_fields=["key"])


def normalize(code: str) -> str:
    """Normalise a code: people type spaces and hyphens, and either case."""
    return re.sub(r"[\s-]", "", code).lower()


def _verify(device: Any, code: str) -> SecondFactorRefused | None:
    allowed, why = device.verify_is_allowed()
    if not allowed:
        return _too_many_codes(why["locked_until"])
    return None if device.verify_token(code) else _wrong_code()


def _wrong_code() -> SecondFactorRefused:
    sentence = _("This code is wrong or has already been used. Wait for the next one and try again.")
    return SecondFactorRefused(sentence, code="wrong_code")


def _not_set_up() -> SecondFactorRefused:
    return SecondFactorRefused(_("Your two-factor authentication has been reset. Set it up again."), code="not_set_up")


def _too_many_codes(until: datetime) -> SecondFactorRefused:
    seconds = max(1, math.ceil((until - timezone.now()).total_seconds()))
    if seconds < 60:
        sentence = ngettext(
            "Too many wrong codes. Please try again in %(count)d second.",
            "Too many wrong codes. Please try again in %(count)d seconds.",
            seconds,
        ) % {"count": seconds}
    else:
        minutes = math.ceil(seconds / 60)
        sentence = ngettext(
            "Too many wrong codes. Please try again in %(count)d minute.",
            "Too many wrong codes. Please try again in %(count)d minutes.",
            minutes,
        ) % {"count": minutes}
    return SecondFactorRefused(sentence, code="too_many_codes", seconds=seconds)
