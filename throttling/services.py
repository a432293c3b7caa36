"""Rate limits."""

import math
from datetime import UTC, datetime, timedelta

from django.db import Error, connection
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import ngettext

from movr_project.db.retry import can_retry_read, log_refusal, retry_transaction
from movr_project.errors import Refused

from .models import Throttle

HOUR = timedelta(hours=1)
TOO_MANY_REQUESTS = 429


class Throttled(Refused):
    """Code: ``too_often``.

    The attribute ``wait`` is the time until the limit is reset.
    """

    def __init__(self, wait: timedelta):
        minutes = minutes_left(wait)
        sentence = ngettext(
            "Too many requests. Please try again in %(minutes)d minute.",
            "Too many requests. Please try again in %(minutes)d minutes.",
            minutes,
        )
        super().__init__(sentence % {"minutes": minutes}, code="too_often")
        self.wait = wait


def throttle(kind: str, subject: str, *, limit: int, period: timedelta = HOUR) -> None:
    """Count a request of ``kind`` for a subject (an address, a name). Raise ``Throttled`` above the limit.

    Only a keyed hash of the subject is stored.
    """
    wait = _count(throttle_key(kind, subject), limit, period)
    if wait:
        refused = Throttled(wait)
        log_refusal(f"throttle {kind}", refused)
        raise refused


def count_request(kind: str, subject: str, *, limit: int, period: timedelta = HOUR) -> tuple[int, timedelta]:
    """Like ``throttle``, but return how many requests are left and the time until the limit is reset.

    Usually a single statement.
    """
    key = throttle_key(kind, subject)
    counted = _count_in_one_statement(key, limit, period)
    if counted is None:
        throttle(kind, subject, limit=limit, period=period)
        row = Throttle.objects.get(key=key)
        counted = row.count, row.since
    count, since = counted
    return max(0, limit - count), max(since + period - timezone.now(), timedelta())


def _count_in_one_statement(key: str, limit: int, period: timedelta) -> tuple[int, datetime] | None:
    """Count in a running period and return its count and start. Return None if that is not all there is to do."""
    field = Throttle._meta.get_field("since")
    begun = field.get_db_prep_save(timezone.now() - period, connection)
    sql = "UPDATE throttles SET count = count + 1 WHERE key = %s AND since > %s AND count < %s RETURNING count, since"
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, [key, begun, limit])
            row = cursor.fetchone()
    except Error as error:
        if not can_retry_read(error):
            raise
        return None  # nothing was counted; the other way has its retries
    if row is None:
        return None
    count, since = row
    return count, since if since.tzinfo else since.replace(tzinfo=UTC)  # SQLite's driver knows no time zones


def refuse_throttled(kind: str, subject: str, *, limit: int, period: timedelta = HOUR) -> None:
    """Like ``throttle``, but without counting: for requests that count only when they fail."""
    row = Throttle.objects.filter(key=throttle_key(kind, subject), count__gte=limit).first()
    wait = row.since + period - timezone.now() if row else timedelta()
    if wait > timedelta():
        refused = Throttled(wait)
        log_refusal(f"throttle {kind}", refused)
        raise refused


def throttle_key(kind: str, subject: str) -> str:
    return salted_hmac(f"movr.throttle.{kind}", subject.lower(), algorithm="sha256").hexdigest()


def forget(kind: str, *subjects: str) -> None:
    """Delete the counters of ``kind`` for these subjects. Part of a transaction."""
    Throttle.objects.filter(key__in=[throttle_key(kind, subject) for subject in subjects]).delete()


@retry_transaction
def _count(key: str, limit: int, period: timedelta) -> timedelta | None:
    """Count and return None, or return the time to wait without counting.

    Concurrent requests are all counted, as the limit is in the UPDATE's WHERE clause.
    """
    now = timezone.now()
    row = Throttle.objects.filter(key=key)
    while not row.filter(since__gt=now - period, count__lt=limit).update(count=F("count") + 1):
        current = row.first()
        if current is None or current.since + period <= now:
            _begin_period(key, now, period)
        elif current.count >= limit:  # not if another request began the period after the UPDATE
            return current.since + period - now
    return None


def _begin_period(key: str, now: datetime, period: timedelta) -> None:
    """Start a new period. Only one of several concurrent calls does. Delete expired counters too."""
    # Delete first, while this transaction locks no row, to avoid a deadlock with another one.
    Throttle.objects.filter(since__lt=now - max(period, HOUR)).delete()
    Throttle.objects.filter(key=key, since__lte=now - period).update(since=now, count=0)
    Throttle.objects.bulk_create([Throttle(key=key, since=now, count=0)], ignore_conflicts=True)


def minutes_left(wait: timedelta) -> int:
    return max(1, math.ceil(wait / timedelta(minutes=1)))
