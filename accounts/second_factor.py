"""The second factor of staff: one-time codes from an authenticator app, and recovery codes for when it is lost."""

import math
import re
import time
import uuid
from base64 import b32encode
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp.util import random_hex

from movr_project.db.retry import retry_transaction
from movr_project.errors import Refused

from .models import User

RECOVERY_CODES = 10
OFFER_LASTS = 60 * 60  # seconds between showing a new secret and confirming it
DEVICE_NAME = "authenticator app"
RECOVERY_NAME = "recovery codes"
APP_CODE = re.compile(r"[0-9]{6}")
RECOVERY_CODE = re.compile(r"[a-z2-7]{8}")

R = TypeVar("R")


class SecondFactorRefused(Refused):
    """Codes: ``wrong_code``, ``too_many_codes``, ``already_set_up``, ``not_set_up``, ``own_second_factor``.

    ``seconds`` says how long to wait after too many codes.
    """

    def __init__(self, message: str, *, code: str, seconds: int = 0):
        super().__init__(message, code=code)
        self.seconds = seconds


def is_missing(request: HttpRequest) -> bool:
    """Whether somebody has to prove a second factor before the administration opens."""
    return settings.STAFF_SECOND_FACTOR and not is_verified(request.user)


def is_verified(user: User) -> bool:
    """Whether a second factor was proved in this session. Costs nothing where none was."""
    # Not user.is_verified(): somebody who logged in a moment ago, in this very request, lacks it.
    return getattr(user, "otp_device", None) is not None


def device_of(user: User) -> TOTPDevice | None:
    return TOTPDevice.objects.filter(user_id=user.id, confirmed=True).first()


def recovery_codes_left(user: User) -> int:
    return StaticToken.objects.filter(device__user_id=user.id).count()


# --- Setting up ---------------------------------------------------------------------------------


def new_offer(user: User) -> str:
    """A new secret for a person, signed. It travels in the form: looking at a page stores nothing."""
    return signing.dumps(random_hex(20), salt=_offer_salt(user))


def read_offer(user: User, offer: str) -> TOTPDevice | None:
    """The device that an offer would become; None if it is not this person's, or too old."""
    try:
        key = signing.loads(offer, salt=_offer_salt(user), max_age=OFFER_LASTS)
    except signing.BadSignature:
        return None
    return TOTPDevice(user=user, name=DEVICE_NAME, key=key)


def _offer_salt(user: User) -> str:
    return f"movr.second-factor.{user.id}"


def secret_text(device: TOTPDevice) -> str:
    """The secret for typing it in, in groups of four."""
    text = b32encode(device.bin_key).decode()
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))


@retry_transaction(idempotent=True)
def set_up(*, user: User, key: str, code: str) -> tuple[TOTPDevice, list[str]]:
    """Make a secret the person's second factor, once a code proves that their app has it.

    Returns the device and the recovery codes. The same form twice gives the same ones, so that a double
    click does not lose them. Locks the person's row. Raises ``SecondFactorRefused``: ``wrong_code``,
    ``already_set_up``.
    """
    User.objects.select_for_update().get(id=user.id)
    device = device_of(user)
    if device and device.key != key:
        raise SecondFactorRefused(_("You have set up a second factor already."), code="already_set_up")
    clock = _clock_that_shows(key, normalize(code))
    if clock is None:
        raise _wrong_code()
    if device:
        return device, _tokens_of(user)
    device = TOTPDevice(user_id=user.id, name=DEVICE_NAME, key=key, last_t=clock.t(), drift=clock.drift)
    device.save()
    return device, _renew_recovery_codes(user.id)


def _clock_that_shows(key: str, code: str) -> TOTP | None:
    clock = TOTP(bytes.fromhex(key))
    clock.time = time.time()
    return clock if APP_CODE.fullmatch(code) and clock.verify(int(code), tolerance=1) else None


def _tokens_of(user: User) -> list[str]:
    return list(StaticToken.objects.filter(device__user_id=user.id).order_by("id").values_list("token", flat=True))


def _renew_recovery_codes(user_id: uuid.UUID) -> list[str]:
    StaticDevice.objects.filter(user_id=user_id).delete()
    device = StaticDevice.objects.create(user_id=user_id, name=RECOVERY_NAME)
    codes = [StaticToken.random_token() for _code in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create([StaticToken(device=device, token=code) for code in codes])
    return codes


# --- Proving ------------------------------------------------------------------------------------


def prove(*, user: User, code: str) -> TOTPDevice:
    """Check a code of the app, or use up a recovery code. Returns the device that the session is bound to.

    Wrong ones are counted by django-otp, which makes one wait longer after each. Raises
    ``SecondFactorRefused``: ``wrong_code``, ``too_many_codes``, ``not_set_up``.
    """
    return _prove_and(user, code, lambda: None)[0]


def renew_recovery_codes(*, user: User, code: str) -> list[str]:
    """New recovery codes instead of all old ones, after a code. Raises as ``prove`` does."""
    return _prove_and(user, code, lambda: _renew_recovery_codes(user.id))[1]


def remove(*, user: User, code: str) -> None:
    """Take the second factor away, after a code; another can be set up then. Raises as ``prove`` does."""
    _prove_and(user, code, lambda: remove_devices(user.id))


def remove_devices(user_id: uuid.UUID) -> None:
    """Forget a person's second factor; sessions it had opened have to prove one again. Part of a transaction."""
    TOTPDevice.objects.filter(user_id=user_id).delete()
    StaticDevice.objects.filter(user_id=user_id).delete()


@retry_transaction(idempotent=True)
def reset(*, user: User, by: User | None) -> None:
    """Take away the second factor of somebody who has lost app and recovery codes.

    ``by`` is None for the operator at the command line. Raises ``SecondFactorRefused``:
    ``own_second_factor``, since a session left open must not be enough for that.
    """
    if by and by.id == user.id:
        sentence = _("Remove your own second factor on its page, with a code.")
        raise SecondFactorRefused(sentence, code="own_second_factor")
    remove_devices(user.id)


def _prove_and(user: User, code: str, act: Callable[[], R]) -> tuple[TOTPDevice, R]:
    """Check a code and act on it in one transaction. A wrong one is counted, so it is refused after COMMIT."""
    refusal, device, result = _attempt(user, code, act)
    if refusal:
        raise refusal
    return device, result


@retry_transaction
def _attempt(user: User, code: str, act: Callable[[], R]) -> tuple[SecondFactorRefused | None, Any, Any]:
    device = TOTPDevice.objects.select_for_update().filter(user_id=user.id, confirmed=True).first()
    if device is None:
        return _not_set_up(), None, None
    code = normalize(code)
    prover: Any = device
    if not APP_CODE.fullmatch(code):
        prover = StaticDevice.objects.select_for_update().filter(user_id=user.id).first()
        if prover is None or not RECOVERY_CODE.fullmatch(code):
            return _wrong_code(), None, None
    refusal = _verify(prover, code)
    return (refusal, None, None) if refusal else (None, device, act())


def normalize(code: str) -> str:
    """As people type codes: with spaces and hyphens, in any case."""
    return re.sub(r"[\s-]", "", code).lower()


def _verify(device: Any, code: str) -> SecondFactorRefused | None:
    allowed, why = device.verify_is_allowed()
    if not allowed:
        return _too_many_codes(why["locked_until"])
    return None if device.verify_token(code) else _wrong_code()


def _wrong_code() -> SecondFactorRefused:
    sentence = _("This code is wrong, or was used already. Wait for the next one and try again.")
    return SecondFactorRefused(sentence, code="wrong_code")


def _not_set_up() -> SecondFactorRefused:
    return SecondFactorRefused(_("You have no second factor any more. Set one up."), code="not_set_up")


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
