"""Add, use, rename and remove passkeys."""

import secrets
import uuid
from datetime import timedelta
from typing import Any, TypeVar

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cities.registry import registry
from movr_project.db.retry import log_refusal, retry_transaction
from movr_project.errors import Refused
from movr_project.mail import send_mail

from ..models import Passkey, PasskeyChallenge, User
from ..refusals import account_changed
from ..services import note_visit
from . import ceremonies
from .ceremonies import Answer
from .models import Purpose
from .removal import forget_passkeys

CHALLENGE_LASTS = timedelta(minutes=5)
PASSKEYS_PER_PERSON = 20

R = TypeVar("R")


class PasskeyRefused(Refused):
    """Codes: ``wrong_passkey``, ``unknown_passkey``, ``challenge_expired``, ``passkey_exists``, ``too_many_passkeys``,
    ``suspended``, ``account_changed``.
    """


# --- Asking -------------------------------------------------------------------------------------


def options_to_add(user: User) -> dict[str, Any]:
    """Return what to ask a browser for, so that ``add_passkey`` accepts its answer. Stores a challenge."""
    return ceremonies.creation_options(user, _new_challenge(Purpose.ADD, user.id), known=_credential_ids(user))


def options_to_log_in() -> dict[str, Any]:
    """Return what to ask a browser for, so that ``log_in`` accepts its answer. Stores a challenge."""
    return ceremonies.request_options(_new_challenge(Purpose.LOG_IN, None))


def options_to_prove(user: User) -> dict[str, Any]:
    """Return what to ask a browser for, so that ``prove`` accepts its answer. Stores a challenge."""
    challenge = _new_challenge(Purpose.SECOND_FACTOR, user.id)
    return ceremonies.request_options(challenge, allowed=_credential_ids(user))


def _credential_ids(user: User) -> list[str]:
    return list(user.passkeys.order_by("created_at").values_list("credential_id", flat=True))


def _new_challenge(purpose: Purpose, user_id: uuid.UUID | None) -> bytes:
    challenge = secrets.token_bytes(32)
    _store(
        PasskeyChallenge(
            sha256=ceremonies.hash_of(challenge),
            purpose=purpose,
            user_id=user_id,
            expires_at=timezone.now() + CHALLENGE_LASTS,
        )
    )
    return challenge


@retry_transaction(idempotent=True)
def _store(challenge: PasskeyChallenge) -> None:
    PasskeyChallenge.objects.bulk_create([challenge], ignore_conflicts=True)  # there already if COMMIT was in doubt


def _use_up(challenge: bytes, purpose: Purpose, user_id: uuid.UUID | None) -> bool:
    """Delete a challenge. Return False if there is none: of two requests with the same one, one finds it."""
    rows = PasskeyChallenge.objects.filter(sha256=ceremonies.hash_of(challenge), purpose=purpose, user_id=user_id)
    return bool(rows.filter(expires_at__gt=timezone.now()).delete()[0])


@retry_transaction(idempotent=True)
def delete_expired_challenges() -> int:
    """Delete challenges that nobody answered. Return how many."""
    return PasskeyChallenge.objects.filter(expires_at__lte=timezone.now()).delete()[0]


# --- Answering ----------------------------------------------------------------------------------
# A refused answer uses up its challenge, too, so refusals are returned and raised after COMMIT.


def add_passkey(*, user: User, name: str, response: str) -> Passkey:
    """Store the passkey that a browser has made, and e-mail the person. ``response`` is the browser's answer.

    Locks the person. Raises ``PasskeyRefused``: ``wrong_passkey``, ``challenge_expired``, ``passkey_exists``,
    ``too_many_passkeys``, ``account_changed``.
    """
    return _unless_refused(_add(user, name, _read(response)))


@retry_transaction
def _add(user: User, name: str, answer: Answer) -> Passkey | PasskeyRefused:
    person = User.objects.locked(user)
    if person is None:
        return account_changed(PasskeyRefused)
    if not _use_up(answer.challenge, Purpose.ADD, person.id):
        return _expired()
    created = ceremonies.verify_creation(answer)
    if created is None:
        return _wrong()
    if person.passkeys.count() >= PASSKEYS_PER_PERSON:
        sentence = _("You have too many passkeys. Remove one first.")
        return PasskeyRefused(sentence, code="too_many_passkeys")
    sha256 = ceremonies.hash_of(created.credential_id)
    if Passkey.objects.filter(city__in=list(registry.by_name), sha256=sha256).exists():
        return PasskeyRefused(_("This passkey has already been added."), code="passkey_exists")
    passkey = Passkey.objects.create(
        city=person.city,
        user_id=person.id,
        name=name,
        sha256=sha256,
        credential_id=ceremonies.encode(created.credential_id),
        public_key=created.public_key,
        sign_count=created.sign_count,
    )
    context = {"name": name, "path": reverse("accounts:passkey_list")}
    send_mail("passkey_added", to=person.email, user=person, context=context, language=person.language)
    return passkey


def log_in(*, response: str) -> Passkey:
    """Return the passkey that gave this answer, with its person.

    Locks the person, whom the passkey itself names. Raises ``PasskeyRefused``: ``wrong_passkey``, ``unknown_passkey``,
    ``challenge_expired``, ``suspended``.
    """
    return _unless_refused(_log_in(_read(response)))


@retry_transaction
def _log_in(answer: Answer) -> Passkey | PasskeyRefused:
    passkey = _use(answer, Purpose.LOG_IN, None, _named_person(answer))
    if isinstance(passkey, PasskeyRefused):
        return passkey
    user = passkey.user
    if user.is_suspended:
        sentence = _("Your account is suspended. Reason: %(reason)s") % {"reason": user.suspension_reason}
        return PasskeyRefused(sentence, code="suspended")
    if not user.is_active:
        return _unknown()
    note_visit(user=user)
    return passkey


def _named_person(answer: Answer) -> User | None:
    """Lock and return the person whom an answer names, also if their account is suspended."""
    for user in User.objects.filter(id=answer.user_id):  # found in any city
        return User.objects.filter(id=user.id, city=user.city).select_for_update().first()
    return None


def prove(*, user: User, response: str) -> Passkey:
    """Check that one of the person's own passkeys gave this answer.

    Locks the person. Raises ``PasskeyRefused``: ``wrong_passkey``, ``unknown_passkey``, ``challenge_expired``,
    ``account_changed``.
    """
    return _unless_refused(_prove(user, _read(response)))


@retry_transaction
def _prove(user: User, answer: Answer) -> Passkey | PasskeyRefused:
    person = User.objects.locked(user)
    if person is None:
        return account_changed(PasskeyRefused)
    return _use(answer, Purpose.SECOND_FACTOR, person.id, person)


def _use(answer: Answer, purpose: Purpose, asked: uuid.UUID | None, person: User | None) -> Passkey | PasskeyRefused:
    """Use up the challenge, check the answer against the person's passkey and note the use. Part of a transaction."""
    if not _use_up(answer.challenge, purpose, asked):
        return _expired()
    if person is None or answer.user_id not in (None, person.id):
        return _unknown()
    own = person.passkeys.select_for_update()
    passkey = own.filter(sha256=ceremonies.hash_of(answer.credential_id)).first()
    if passkey is None:
        return _unknown()
    sign_count = ceremonies.verify_use(answer, passkey)
    if sign_count is None:
        return _wrong()
    passkey.sign_count, passkey.last_used_at = sign_count, timezone.now()
    passkey.save(update_fields=["sign_count", "last_used_at"])
    return passkey


def _read(response: str) -> Answer:
    answer = Answer.read(response)
    if answer is None:
        raise _wrong()
    return answer


def _unless_refused(outcome: R | PasskeyRefused) -> R:
    if isinstance(outcome, PasskeyRefused):
        log_refusal("passkey", outcome)
        raise outcome
    return outcome


def _wrong() -> PasskeyRefused:
    return PasskeyRefused(_("Your passkey couldn't be checked. Please try again."), code="wrong_passkey")


def _unknown() -> PasskeyRefused:
    return PasskeyRefused(_("MovR doesn't know this passkey. It may have been removed."), code="unknown_passkey")


def _expired() -> PasskeyRefused:
    return PasskeyRefused(_("That took too long. Please try again."), code="challenge_expired")


# --- Changing -----------------------------------------------------------------------------------


@retry_transaction(idempotent=True)
def rename_passkey(*, passkey: Passkey, name: str) -> None:
    Passkey.objects.filter(city=passkey.city, id=passkey.id).update(name=name)


@retry_transaction
def remove_passkey(*, user: User, passkey: Passkey) -> None:
    """Delete one of a person's passkeys and e-mail them. Sessions no longer have a second factor from it."""
    forget_passkeys(user, Passkey.objects.filter(city=passkey.city, id=passkey.id, user_id=user.id))
