"""Being told: a sentence on a person's next page, and by mail where it matters."""

import uuid
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F
from django.db.models.functions import Greatest
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.text import Truncator

from cities.registry import registry
from movr_project.db.retry import retry_transaction
from movr_project.mail import send_mail
from movr_project.redirects import is_path_of_ours

from .models import Notice, User

BATCH = 500
TEXT_LENGTH = Notice._meta.get_field("text").max_length


def tell(user: User, *, code: str, text: Any, url: str = "", mail: bool = False, key: str = "") -> None:
    """Put a notice on the person's next page, and with ``mail`` send it too once it is committed.

    Part of a transaction, in which ``user`` was fetched. ``code`` is stable ("booking_cancelled"); ``url`` is
    a path of ours. A lazy ``text`` is written in the person's language; what is filled in goes through
    ``format_lazy(_("… {vehicle} …"), vehicle=…)``, since ``%`` makes a plain string at once. Whoever has no
    active account any more is told nothing. With a ``key`` the same ``code`` and ``key`` are told once,
    however often they are said, and mailed at most once. What goes by mail holds no words that somebody
    else than staff has chosen.
    """
    if url and not is_path_of_ours(url):
        raise ValueError(f"A notice points at a path of this site, not at {url!r}.")
    notice_id = _notice_id(user, code, key) if key else uuid.uuid4()
    if key and Notice.objects.filter(city=user.city, id=notice_id).exists():
        return
    # The person's row first: of two at once that tell the same, the second waits here and runs again.
    if not _active_row(user).update(unread_notices=F("unread_notices") + 1):
        return
    with translation.override(user.language) if user.language else nullcontext():
        sentence = Truncator(str(text)).chars(TEXT_LENGTH)
    Notice.objects.create(city=user.city, id=notice_id, user_id=user.id, code=code, text=sentence, url=url)
    if mail:
        context = {"user": user, "text": sentence, "path": url or reverse("accounts:notice_list")}
        send_mail("notice", to=user.email, context=context, language=user.language)


@retry_transaction(idempotent=True)
def mark_read(user: User, notice_id: uuid.UUID) -> None:
    """Of two browsers at once one changes the notice, and it alone counts."""
    _read(user, user.notices.filter(id=notice_id))


@retry_transaction(idempotent=True)
def mark_all_read(user: User) -> None:
    _read(user, user.notices.all())


def forget_notices(*, days: int) -> int:
    """Delete what was read more than so many days ago; how many these were. Unread notices stay."""
    limit = timezone.now() - timedelta(days=days)
    return sum(_forget_in(city.name, limit) for city in registry)


def _read(user: User, notices: Any) -> None:
    number = notices.unread().update(read_at=timezone.now())
    if number:
        # Never below zero, even if the count was wrong: that would keep people from reading.
        _active_row(user).update(unread_notices=Greatest(F("unread_notices") - number, 0))


def _forget_in(city: str, limit: datetime) -> int:
    forgotten = 0
    while True:
        number = _forget_batch(city, limit)
        forgotten += number
        if number < BATCH:
            return forgotten


@retry_transaction(idempotent=True)
def _forget_batch(city: str, limit: datetime) -> int:
    old = Notice.objects.in_city(city).read_before(limit)
    ids = list(old.order_by("read_at").values_list("id", flat=True)[:BATCH])
    Notice.objects.in_city(city).filter(id__in=ids).delete()
    return len(ids)


def _active_row(user: User) -> Any:
    return User.objects.active().filter(id=user.id, city=user.city)


def _notice_id(user: User, code: str, key: str) -> uuid.UUID:
    return uuid.uuid5(user.id, f"{code}:{key}")
