"""Which accounts were removed, kept outside the database.

A restored backup brings back accounts that were removed after it was made. Their ids are logged, and appended to
REMOVED_ACCOUNTS_FILE, so that they can be removed again.
"""

import logging
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from django.conf import settings

from movr_project.logs import log_event

from .models import User
from .services import AccountRefused, remove_account

logger = logging.getLogger(__name__)


def note_removal(user: User) -> None:
    """Note it after the transaction: an account that is noted is one that is gone."""
    log_event(logger, "account_removed", user_id=user.id)
    if not settings.REMOVED_ACCOUNTS_FILE:
        return
    try:
        _append(settings.REMOVED_ACCOUNTS_FILE, f"{user.id} {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}\n")
    except OSError:
        # The account is gone all the same. The line above is in the log.
        logger.exception("REMOVED_ACCOUNTS_FILE can't be written")


def _append(path: str, line: str) -> None:
    """Append with one call, so that lines of several processes don't mix."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, line.encode())
        os.fsync(file)
    finally:
        os.close(file)


def noted_removals() -> Iterator[UUID]:
    path = settings.REMOVED_ACCOUNTS_FILE
    if path and Path(path).exists():
        for line in Path(path).read_text().splitlines():
            yield UUID(line.split()[0])


def remove_again(ids: Iterable[UUID]) -> tuple[int, list[UUID]]:
    """Remove those accounts that are there. Return how many were, and the ids of those that can't be removed.

    In the backup, a person may still be riding or own vehicles: staff end that first.
    """
    removed, refused = 0, []
    for user in User.objects.filter(id__in=list(ids)).order_by("id"):
        if user.is_removed:
            continue
        try:
            remove_account(user=user)
            removed += 1
        except AccountRefused:
            refused.append(user.id)
    return removed, refused
