"""Services that write accounts."""

import secrets
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from cities.models import City
from movr_project.db.retry import log_refusal, retry_transaction
from movr_project.errors import Refused
from movr_project.mail import send_mail

from .hooks import account_removed, moving, signed_up
from .models import Theme, User, new_session_epoch
from .passkeys.removal import forget_passkeys
from .passwords import hash_password
from .personal_data import erase_all, forget_log_ins, lock_all
from .querysets import UserQuerySet
from .refusals import account_changed
from .tokens import log_in_state, read_log_in
from .usernames import proposed_usernames

R = TypeVar("R")


class AccountRefused(Refused):
    """Codes: ``username_taken``, ``email_taken``, ``riding``, ``owns_vehicles``, ``account_changed``."""


def register_rider(
    *,
    city: str,
    first_name: str,
    email: str,
    password: str,
    last_name: str = "",
    username: str = "",
    language: str = "",
) -> User:
    """Create an account. Store only a hash of the password.

    Without a ``username``, one is made from the first name. ``language`` is the language the person is using, for later
    notifications. Raise ``AccountRefused``: ``username_taken``, ``email_taken``.
    """
    id_ = uuid.uuid4()
    password_hash = hash_password(password)  # slow by design, so before the transaction

    def insert(username: str) -> User:
        return insert_rider(
            id_,
            city=city,
            first_name=first_name,
            last_name=last_name,
            email=email,
            username=username,
            password=password_hash,
            language=language,
        )

    return with_free_username(insert, username, first_name=first_name, email=email)


def with_free_username(insert: Callable[[str], R], wanted: str, *, first_name: str, email: str) -> R:
    """Call ``insert``, a transaction, with the wanted username, or else with proposed ones until one is free.

    Nothing is looked up before: of two people with the same name, the unique index decides. Raise ``AccountRefused``.
    """
    *earlier, last = [wanted] if wanted else proposed_usernames(first_name)
    for username in earlier:
        try:
            with names_taken_refused(username, email):
                return insert(username)
        except AccountRefused as refused:
            if refused.code != "username_taken":
                raise
    with names_taken_refused(last, email):
        return insert(last)


@retry_transaction(idempotent=True)
def insert_rider(id_: uuid.UUID, **fields: Any) -> User:
    """Insert a new person's row. ``password`` is a hash. Use ``register_rider`` unless the answer is to be kept."""
    user, _created = User.objects.get_or_create(id=id_, defaults=fields)
    signed_up.run(user)
    send_confirmation(user)
    return user


def edit_profile(*, user: User, **changes: Any) -> None:
    """Change a person's profile.

    A new e-mail address must be confirmed again, and the old one is notified. ``user`` is the row that the person saw.
    Raises ``AccountRefused``: ``username_taken``, ``email_taken``, ``account_changed``.
    """
    if not changes:
        return
    username, email = changes.get("username", user.username), changes.get("email", user.email)
    with names_taken_refused(username, email, besides=user):
        write_profile(user, changes)


@retry_transaction(idempotent=True)
def write_profile(before: User, changes: dict[str, Any]) -> None:
    """Write a profile's changed columns. Use ``edit_profile`` unless the row is locked already."""
    after = copy(before)
    for name, value in changes.items():
        setattr(after, name, value)
    if after.email != before.email:
        changes = changes | {"email_confirmed_at": None}
    # The row is unchanged, or an earlier attempt whose COMMIT was in doubt has updated it.
    is_expected = Q(username=before.username, email=before.email) | Q(username=after.username, email=after.email)
    if not _own_row(before).filter(is_expected).update(**changes):
        raise account_changed(AccountRefused)
    follow_new_names(before, after)


def follow_new_names(before: User, after: User) -> None:
    """Apply the consequences of a new username or e-mail address. Part of the transaction that writes the row."""
    if (after.username, after.email) != (before.username, before.email):
        forget_log_ins(before)  # axes stores them under the old names
    if after.email != before.email:
        send_mail("email_changed", to=before.email, user=after, language=before.language)
        send_confirmation(after)


def change_password(*, user: User, password: str, reads_mail: bool = False) -> None:
    """Set a new password and end all sessions, except one that is updated with the returned ``user``.

    ``user`` is the row at the time of authentication: of two resets with the same link, only the first matches the old
    password. A reset by e-mail (``reads_mail``) also lifts the lock-out after failed log-ins. Raises
    ``AccountRefused``: ``account_changed``.
    """
    password_hash = hash_password(password)  # slow by design, so before the transaction
    epoch = new_session_epoch()
    _write_password(user, password_hash, epoch, reads_mail)
    user.password, user.session_epoch = password_hash, epoch


@retry_transaction(idempotent=True)
def _write_password(user: User, password_hash: str, epoch: str, reads_mail: bool) -> None:
    row = _own_row(user)
    written = row.filter(password=password_hash).exists()  # by an earlier attempt whose COMMIT was in doubt
    if not written and not row.filter(password=user.password).update(password=password_hash, session_epoch=epoch):
        raise account_changed(AccountRefused)
    if reads_mail:
        forget_log_ins(user)
        if not user.email_is_confirmed:  # someone else may have signed up with this address
            forget_passkeys(user, user.passkeys.all())
    send_password_changed(user)


def send_password_changed(user: User) -> None:
    """E-mail the person about a new password. Part of the transaction that writes it."""
    context = {"path": reverse("accounts:password_reset")}
    send_mail("password_changed", to=user.email, user=user, context=context, language=user.language)


@retry_transaction(idempotent=True)
def choose_language(*, user: User, language: str) -> None:
    """Set the language of a person's pages and e-mails, wherever they log in."""
    _own_row(user).update(language=language)


@retry_transaction(idempotent=True)
def log_out_everywhere(*, user: User) -> None:
    """End all sessions of a person, including copied cookies."""
    _own_row(user).update(session_epoch=new_session_epoch())


@retry_transaction(idempotent=True)
def confirm_email(*, user_id: uuid.UUID, email: str) -> bool:
    """Record that a person has confirmed an e-mail address. Return False if it isn't, or is no longer, theirs."""
    rows = User.objects.active().filter(id=user_id, email=email)
    rows.filter(email_confirmed_at__isnull=True).update(email_confirmed_at=timezone.now())
    return rows.exists()


@retry_transaction(idempotent=True)
def move_home(*, user: User, city: City) -> None:
    """Change a person's home city. Their rides follow by ON UPDATE CASCADE.

    Locks the person. Raises ``AccountRefused``: ``riding``, ``owns_vehicles``, ``account_changed``.
    """
    if User.objects.filter(id=user.id, city=city.name).exists():
        return  # done already
    row = User.objects.locked(user)
    if row is None:
        raise account_changed(AccountRefused)
    for obstacle in obstacles(row):
        raise obstacle
    moving.run(row)
    _own_row(row).update(city=city.name)


def remove_account(*, user: User) -> None:
    """Erase a person's account. Their rides are kept anonymously, and the username becomes available.

    The row is kept, emptied, for references that must remain. Locks the vehicles of the person's future allocations,
    then the person, after which nothing new can reference them. Raises ``AccountRefused``: ``riding``,
    ``owns_vehicles``, ``account_changed``.
    """
    _erase_account(user, _anonymised_fields())
    account_removed.run(user)


@retry_transaction(idempotent=True)
def _erase_account(user: User, anonymised: dict[str, Any]) -> None:
    lock_all(user)
    if row := User.objects.locked(user):
        _empty_row(row, anonymised)
    elif not _is_erased_as(user, anonymised):
        return
    context = {"first_name": user.first_name}
    send_mail("account_removed", to=user.email, user=user, context=context, language=user.language)


def _empty_row(row: User, anonymised: dict[str, Any]) -> None:
    for obstacle in obstacles(row):
        raise obstacle
    erase_all(row)
    row.groups.clear()
    row.user_permissions.clear()
    _own_row(row).update(**anonymised)


def _is_erased_as(user: User, anonymised: dict[str, Any]) -> bool:
    """Return whether a missing account was erased by an earlier attempt whose COMMIT was in doubt."""
    removed = User.objects.filter(id=user.id, is_active=False, email=None).first()
    if removed is None:
        raise account_changed(AccountRefused)
    return removed.username == anonymised["username"]


@retry_transaction(idempotent=True)
def send_confirmation_again(*, user: User) -> None:
    """Send the confirmation e-mail again. Do nothing if the address is confirmed."""
    unconfirmed = _own_row(user).filter(email_confirmed_at__isnull=True).first()
    if unconfirmed:
        send_confirmation(unconfirmed)


def send_confirmation(user: User) -> None:
    """E-mail the link that confirms the person's address. Part of a transaction."""
    days = timedelta(seconds=settings.EMAIL_CONFIRMATION_TIMEOUT).days
    send_mail("confirm_email", to=user.email, user=user, context={"days": days}, language=user.language)


@retry_transaction(idempotent=True)
def send_password_reset(*, email: str) -> None:
    """E-mail a link for setting a new password, if the address belongs to someone who can log in."""
    user = User.objects.active().filter(email=email).first()
    if user is None:
        return
    context = {"minutes": settings.PASSWORD_RESET_TIMEOUT // 60}
    send_mail("password_reset", to=user.email, user=user, context=context, language=user.language)


@retry_transaction(idempotent=True)
def send_log_in_link(*, email: str, target: str = "") -> None:
    """E-mail a link for logging in, if the address belongs to someone who can. It leads to ``target``."""
    user = User.objects.active().filter(email=email).first()
    if user is None:
        return
    query = f"?{urlencode({'next': target})}" if target else ""
    context = {"query": query, "minutes": settings.LOG_IN_LINK_TIMEOUT // 60}
    send_mail("log_in_link", to=user.email, user=user, context=context, language=user.language)


def owner_of_log_in_link(token: str) -> User | None:
    """Return the person whom a link would log in, or None if it no longer works."""
    id_, state = read_log_in(token) or (None, "")
    user = User.objects.active().filter(id=id_).first()
    return user if user and constant_time_compare(log_in_state(user), state) else None


def use_log_in_link(token: str) -> User | None:
    """Use up a link and return the person to log in, or None if it no longer works.

    Locks the person. The link came by e-mail, so it also confirms the address. If it wasn't confirmed before, someone
    else may have signed up with it: the password, passkeys, tokens and sessions from before no longer work.
    """
    return _use_log_in_link(token, timezone.now())


@retry_transaction(idempotent=True)
def _use_log_in_link(token: str, now: datetime) -> User | None:
    id_, state = read_log_in(token) or (None, "")
    user = User.objects.active().filter(id=id_).select_for_update().first()
    if user is None or user.last_login == now:  # by an earlier attempt whose COMMIT was in doubt
        return user
    if not constant_time_compare(log_in_state(user), state):
        return None
    if not user.email_is_confirmed:
        user.email_confirmed_at, user.password, user.session_epoch = now, make_password(None), new_session_epoch()
        forget_passkeys(user, user.passkeys.all())
    user.last_login = user.last_seen = now
    user.save(update_fields=["email_confirmed_at", "password", "session_epoch", "last_login", "last_seen"])
    return user


def note_visit(*, user: User) -> None:
    """Update ``last_seen``. Part of transactions that write the user's row anyway: log-ins, and rides' starts and ends.

    Updating it on every page would be a write, and a possible conflict, on every page.
    """
    _own_row(user).update(last_seen=timezone.now())


def obstacles(user: User) -> list[AccountRefused]:
    """Return what prevents a person from moving or leaving. An empty list if nothing does."""
    found = []
    if user.is_riding:
        found.append(AccountRefused(_("You are riding. End your ride first."), code="riding"))
    if user.is_owner:
        sentence = _("You still have vehicles on MovR. Remove them first.")
        found.append(AccountRefused(sentence, code="owns_vehicles"))
    return found


def _own_row(user: User) -> UserQuerySet:
    return User.objects.active().filter(id=user.id, city=user.city)


def _anonymised_fields() -> dict[str, Any]:
    """Return the values of a removed account's row: no personal data, and a random username."""
    return {
        "username": f"deleted-{secrets.token_hex(8)}",
        "email": None,
        "email_confirmed_at": None,
        "first_name": "",
        "last_name": "",
        "about_me": "",
        "notify_by_mail": True,
        "language": "",
        "theme": Theme.AUTO,
        "is_active": False,
        "suspended_at": None,
        "suspension_reason": "",
        "is_listed": False,
        "is_staff": False,
        "is_superuser": False,
        "last_login": None,
        "last_seen": None,
        "terms_version": 0,
        "unread_notifications": 0,
        "notification_sequence": 0,
        "active_jobs": 0,
        "unread_messages": 0,
        "post_count": 0,
        "follower_count": 0,
        "followed_count": 0,
        "silenced_until": None,
        "hold_until": None,
        "recent_starts": 0,
        "starts_since": None,
        "password": make_password(None),
        "session_epoch": new_session_epoch(),
        "proof_epoch": new_session_epoch(),
    }


@contextmanager
def names_taken_refused(username: str, email: str, besides: User | None = None) -> Iterator[None]:
    """Turn an error of the unique indexes into a refusal that names the field."""
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
