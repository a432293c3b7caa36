"""Every write on accounts."""

import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.tokens import default_token_generator
from django.db import IntegrityError
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cities.models import City
from movr_project.db.retry import log_refusal, retry_transaction
from movr_project.errors import Refused
from movr_project.mail import send_mail

from .documents import record_acceptance, terms_to_accept
from .models import Theme, User, new_session_epoch
from .personal_data import erase_all, forget_log_ins
from .querysets import UserQuerySet
from .tokens import confirmation_path, reset_path


class AccountRefused(Refused):
    """Codes: ``username_taken``, ``email_taken``, ``riding``, ``owns_vehicles``, ``account_changed``."""


def register_rider(
    *, city: str, first_name: str, last_name: str, email: str, username: str, password: str, language: str = ""
) -> User:
    """Open an account (rows M18, M29, B5); only a hash of the password is kept (M10).

    ``language`` is what the person reads now: what others do later is told them in it.

    Raises ``AccountRefused``. Two people asking for one name at once: the unique index decides.
    """
    id_ = uuid.uuid4()
    password_hash = make_password(password)  # slow by intent, so before the transaction
    with _names_taken_refused(username, email):
        return _insert_rider(
            id_,
            terms_version=terms_to_accept(),
            city=city,
            first_name=first_name,
            last_name=last_name,
            email=email,
            username=username,
            password=password_hash,
            language=language,
        )


@retry_transaction(idempotent=True)
def _insert_rider(id_: uuid.UUID, **fields: Any) -> User:
    user, _created = User.objects.get_or_create(id=id_, defaults=fields)
    record_acceptance(user, user.terms_version)
    send_confirmation(user)
    return user


def edit_profile(*, user: User, **changes: Any) -> None:
    """Change what a person says about themselves (row B17).

    A new e-mail address has to be confirmed again, and the old one is told. ``user`` is as the person saw
    it. Raises ``AccountRefused``: ``username_taken``, ``email_taken``, ``account_changed``.
    """
    if not changes:
        return
    username, email = changes.get("username", user.username), changes.get("email", user.email)
    with _names_taken_refused(username, email, besides=user):
        _write_profile(user, changes)


@retry_transaction(idempotent=True)
def _write_profile(before: User, changes: dict[str, Any]) -> None:
    after = copy(before)
    for name, value in changes.items():
        setattr(after, name, value)
    if after.email != before.email:
        changes = changes | {"email_confirmed_at": None}
    # The row is as it was, or as an attempt left it whose COMMIT was in doubt.
    is_expected = Q(username=before.username, email=before.email) | Q(username=after.username, email=after.email)
    if not _own_row(before).filter(is_expected).update(**changes):
        raise _account_changed()
    follow_new_names(before, after)


def follow_new_names(before: User, after: User) -> None:
    """What a new username or e-mail address brings with it. Part of a transaction that writes the row itself."""
    if (after.username, after.email) != (before.username, before.email):
        forget_log_ins(before)  # axes keeps them under the names that are given up
    if after.email != before.email:
        send_mail("email_changed", to=before.email, context=_reset_hint(before), language=before.language)
        send_confirmation(after)


def change_password(*, user: User, password: str, reads_mail: bool = False) -> None:
    """Set a new password, which ends every session but one that is given ``user`` again.

    ``user`` is as it was when the person proved who they are: of two resets with one link only the first
    finds the old password still there. Who came by such a link (``reads_mail``) may log in at once, however
    often that failed before. Raises ``AccountRefused``: ``account_changed``.
    """
    password_hash = make_password(password)  # slow by intent, so before the transaction
    epoch = new_session_epoch()
    _write_password(user, password_hash, epoch, reads_mail)
    user.password, user.session_epoch = password_hash, epoch


@retry_transaction(idempotent=True)
def _write_password(user: User, password_hash: str, epoch: str, reads_mail: bool) -> None:
    row = _own_row(user)
    written = row.filter(password=password_hash).exists()  # by an attempt whose COMMIT was in doubt
    if not written and not row.filter(password=user.password).update(password=password_hash, session_epoch=epoch):
        raise _account_changed()
    if reads_mail:
        forget_log_ins(user)
    tell_password_changed(user)


def tell_password_changed(user: User) -> None:
    """Part of a transaction that writes the password itself."""
    send_mail("password_changed", to=user.email, context=_reset_hint(user), language=user.language)


@retry_transaction(idempotent=True)
def choose_language(*, user: User, language: str) -> None:
    """The language of a person's pages and mails, wherever they log in (row B20)."""
    _own_row(user).update(language=language)


@retry_transaction(idempotent=True)
def log_out_everywhere(*, user: User) -> None:
    """End every session of a person, copied cookies included."""
    _own_row(user).update(session_epoch=new_session_epoch())


@retry_transaction(idempotent=True)
def confirm_email(*, user_id: uuid.UUID, email: str) -> bool:
    """Note that a person reads mail at an address; False when it is not (or no longer) theirs."""
    rows = User.objects.active().filter(id=user_id, email=email)
    rows.filter(email_confirmed_at__isnull=True).update(email_confirmed_at=timezone.now())
    return rows.exists()


@retry_transaction(idempotent=True)
def move_home(*, user: User, city: City) -> None:
    """Make another city a person's home; their rides follow by the database's ON UPDATE CASCADE.

    Raises ``AccountRefused``: ``riding``, ``owns_vehicles``, ``account_changed``.
    """
    if User.objects.filter(id=user.id, city=city.name).exists():
        return  # done already
    _release_removed_vehicles(user)
    if not _unattached_row(user).update(city=city.name):
        raise _why_attached(user)


def remove_account(*, user: User) -> None:
    """Erase a person; the rides stay without them, and the name is free again (rows M19, M32).

    The row itself stays, emptied, for what must still point at it. Raises ``AccountRefused``: ``riding``,
    ``owns_vehicles``, ``account_changed``.
    """
    _erase_account(user, _nobody())


@retry_transaction(idempotent=True)
def _erase_account(user: User, nobody: dict[str, Any]) -> None:
    removed = User.objects.filter(id=user.id, is_active=False, email=None).first()
    if removed is None:
        _empty_row(user, nobody)
    elif removed.username != nobody["username"]:
        return  # done already, and not by an attempt of ours whose COMMIT was in doubt
    context = {"first_name": user.first_name}
    send_mail("account_removed", to=user.email, context=context, language=user.language)


def _empty_row(user: User, nobody: dict[str, Any]) -> None:
    found = _own_row(user).first()
    if found is None:
        raise _account_changed()
    erase_all(found)
    found.groups.clear()
    found.user_permissions.clear()
    if not _unattached_row(found).update(**nobody):
        raise _why_attached(found)


@retry_transaction(idempotent=True)
def send_confirmation_again(*, user: User) -> None:
    """For somebody who did not get, or lost, the mail. Nothing for an address that is confirmed."""
    unconfirmed = _own_row(user).filter(email_confirmed_at__isnull=True).first()
    if unconfirmed:
        send_confirmation(unconfirmed)


def send_confirmation(user: User) -> None:
    """Mail the link that confirms the person's address. Part of a transaction."""
    days = timedelta(seconds=settings.EMAIL_CONFIRMATION_TIMEOUT).days
    context = {"user": user, "path": confirmation_path(user), "days": days}
    send_mail("confirm_email", to=user.email, context=context, language=user.language)


@retry_transaction(idempotent=True)
def send_password_reset(*, email: str) -> None:
    """Mail a link that sets a new password, if the address is somebody's who can log in (rows B6, B7)."""
    user = User.objects.active().filter(email=email).first()
    if user is None:
        return
    path = reset_path(user, default_token_generator.make_token(user))
    minutes = settings.PASSWORD_RESET_TIMEOUT // 60
    context = {"user": user, "path": path, "minutes": minutes}
    send_mail("password_reset", to=user.email, context=context, language=user.language)


def note_visit(*, user: User) -> None:
    """Row B16. Part of a transaction that writes the person's row anyway: a log-in, or a ride's start and end.

    Noting it at each page would be a write, and a conflict, at each page.
    """
    _own_row(user).update(last_seen=timezone.now())


def obstacles(user: User) -> list[AccountRefused]:
    """Why a person can neither move home nor leave: none is the way it should be."""
    found = []
    if user.is_riding:
        found.append(AccountRefused(_("You are riding. End your ride first."), code="riding"))
    if user.is_owner:
        sentence = _("You have vehicles on the road. Remove them first.")
        found.append(AccountRefused(sentence, code="owns_vehicles"))
    return found


def _reset_hint(user: User) -> dict[str, Any]:
    return {"user": user, "path": reverse("accounts:password_reset")}


def _own_row(user: User) -> UserQuerySet:
    return User.objects.active().filter(id=user.id, city=user.city)


def _unattached_row(user: User) -> UserQuerySet:
    return _own_row(user).filter(open_rides=0, owned_vehicles=0)


def _why_attached(user: User) -> AccountRefused:
    row = _own_row(user).first()
    return next(iter(obstacles(row)), _account_changed()) if row else _account_changed()


def _account_changed() -> AccountRefused:
    return AccountRefused(_("Your account has changed meanwhile. Please try again."), code="account_changed")


def _release_removed_vehicles(user: User) -> None:
    # The fleet stands above accounts: it is reached through the relation it declares.
    user.vehicles.removed().update(owner_id=None)


def _nobody() -> dict[str, Any]:
    """What a removed account's row holds: nothing of the person, and a name that nobody would take."""
    return {
        "username": f"deleted-{secrets.token_hex(8)}",
        "email": None,
        "email_confirmed_at": None,
        "first_name": "",
        "last_name": "",
        "about_me": "",
        "language": "",
        "theme": Theme.AUTO,
        "is_active": False,
        "is_listed": False,
        "is_staff": False,
        "is_superuser": False,
        "last_login": None,
        "last_seen": None,
        "terms_version": 0,
        "unread_notices": 0,
        "hold_until": None,
        "password": make_password(None),
        "session_epoch": new_session_epoch(),
    }


@contextmanager
def _names_taken_refused(username: str, email: str, besides: User | None = None) -> Iterator[None]:
    """Turn the unique indexes' error into a refusal that says which name it was."""
    try:
        yield
    except IntegrityError as error:
        refused = _which_name(username, email, besides)
        if refused is None:
            raise
        log_refusal("names_taken", refused)
        raise refused from error


def _which_name(username: str, email: str, besides: User | None) -> AccountRefused | None:
    others = User.objects.exclude(id=besides.id) if besides else User.objects.all()
    if others.filter(username=username).exists():
        return AccountRefused(_("Please use a different username."), code="username_taken")
    if others.filter(email=email).exists():
        return AccountRefused(_("Please use a different e-mail address."), code="email_taken")
    return None
