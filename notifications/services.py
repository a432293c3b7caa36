"""Send notifications: on a person's pages, by Web Push and, where it matters, by e-mail."""

import uuid
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F
from django.db.models.functions import Greatest
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.text import Truncator

from accounts.models import User
from cities.registry import registry
from movr_project.db.retry import retry_transaction
from movr_project.mail import send_mail
from movr_project.web.clocks import reader_clock
from movr_project.web.redirects import is_path_of_ours

from .models import TEXT_LENGTH, Notification
from .push.delivery import deliver_after_commit

BATCH = 500


def notify(
    user: User,
    *,
    code: str,
    text: Any,
    url: str = "",
    mail: bool = False,
    key: str = "",
    replace: bool = False,
    stale_at: datetime | None = None,
) -> None:
    """Notify a person: on their open and next pages, and by Web Push where they have turned it on.

    With ``mail`` also by e-mail, unless they don't want that. Both are sent after the transaction commits; nothing is
    pushed after ``stale_at``. Do nothing if the person has no active account. Part of a transaction. Locks the person.

    ``code`` is a stable identifier ("booking_cancelled"); ``url`` is a path of this site. A lazy ``text`` is rendered
    in the person's language: interpolate with ``format_lazy(_("… {vehicle} …"), vehicle=…)``, as ``%`` would evaluate
    it at once. It must not contain text chosen by other users. With a ``key``, send each ``code`` and ``key`` only once
    or, with ``replace``, replace the earlier one, which becomes unread again.
    """
    if url and not is_path_of_ours(url):
        raise ValueError(f"A notification points at a path of this site, not at {url!r}.")
    person = _locked(user)
    if person is None:
        return
    earlier = _earlier(person, code, key)
    if earlier and not replace:
        return
    with reader_clock(None), translation.override(person.language) if person.language else nullcontext():
        sentence = Truncator(str(text)).chars(TEXT_LENGTH)
    notification = _new(person, code, key, text=sentence, url=url)
    _write(person, earlier, notification)
    deliver_after_commit(notification, person, stale_at)
    if mail and person.notify_by_mail:
        context = {"text": sentence, "path": url or reverse("notifications:notification_list")}
        send_mail("notification", to=person.email, user=person, context=context, language=person.language)


def publish(user: User, *, code: str, key: str, data: dict[str, Any]) -> None:
    """Send data to the scripts of the person's open pages, such as the progress of a job. Part of a transaction.

    Locks the person. The pages get it as an event within seconds (static/js/live-notifications.js): only the latest
    of each ``code`` and ``key``, which this replaces. It is in no list and doesn't count as unread.
    """
    person = _locked(user)
    if person is not None:
        _write(person, _earlier(person, code, key), _new(person, code, key, data=data, read_at=timezone.now()))


@retry_transaction(idempotent=True)
def mark_read(user: User, notification_id: uuid.UUID) -> None:
    """Mark a notification as read. Only one of two concurrent calls changes it and updates the counter."""
    _read(user, user.notifications.filter(id=notification_id))


@retry_transaction(idempotent=True)
def mark_all_read(user: User) -> None:
    _read(user, user.notifications.all())


def delete_old_notifications(*, days: int) -> int:
    """Delete notifications read more than the given number of days ago and return their number. Keep unread ones."""
    limit = timezone.now() - timedelta(days=days)
    return sum(_forget_in(city.name, limit) for city in registry)


def _read(user: User, notifications: Any) -> None:
    number = notifications.unread().update(read_at=timezone.now())
    if number:
        # Never below zero, even if the counter was wrong: the constraint would make reading fail.
        _active_row(user).update(
            unread_notifications=Greatest(F("unread_notifications") - number, 0),
            notification_sequence=F("notification_sequence") + 1,
        )


def _forget_in(city: str, limit: datetime) -> int:
    forgotten = 0
    while True:
        number = _forget_batch(city, limit)
        forgotten += number
        if number < BATCH:
            return forgotten


@retry_transaction(idempotent=True)
def _forget_batch(city: str, limit: datetime) -> int:
    old = Notification.objects.in_city(city).read_before(limit)
    ids = list(old.order_by("read_at").values_list("id", flat=True)[:BATCH])
    Notification.objects.in_city(city).filter(id__in=ids).delete()
    return len(ids)


def _locked(user: User) -> User | None:
    """Lock a person, so that a concurrent call with the same key waits here and then finds what this one has written.

    None if they have no active account.
    """
    return User.objects.locked(user) or _locked_after_moving(user)


def _earlier(person: User, code: str, key: str) -> Notification | None:
    if not key:
        return None
    return Notification.objects.filter(city=person.city, id=_notification_id(person, code, key)).first()


def _new(person: User, code: str, key: str, **fields: Any) -> Notification:
    id_ = _notification_id(person, code, key) if key else uuid.uuid4()
    return Notification(city=person.city, id=id_, user_id=person.id, code=code, **fields)


def _write(person: User, earlier: Notification | None, notification: Notification) -> None:
    """Insert a notification, or replace an earlier one. Nobody else takes the number, as the person is locked."""
    notification.sequence = person.notification_sequence + 1
    more_unread = int(notification.is_unread) - int(earlier is not None and earlier.is_unread)
    _active_row(person).update(
        unread_notifications=F("unread_notifications") + more_unread, notification_sequence=notification.sequence
    )
    notification.save(force_insert=earlier is None, force_update=earlier is not None)


def _locked_after_moving(user: User) -> User | None:
    """Lock someone who has just moved to another city. Queries all cities, but is rarely needed."""
    moved = User.objects.active().filter(id=user.id).exclude(city=user.city).first()
    return User.objects.locked(moved) if moved else None


def _active_row(user: User) -> Any:
    return User.objects.active().filter(id=user.id, city=user.city)


def _notification_id(user: User, code: str, key: str) -> uuid.UUID:
    return uuid.uuid5(user.id, f"{code}:{key}")
