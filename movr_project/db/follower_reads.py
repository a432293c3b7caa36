"""Reads that may be a few seconds old, answered by the nearest replica of a CockroachDB cluster."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections, transaction

# Not with_max_staleness: CockroachDB allows it for statements that touch a single row only.
READ_FROM_FOLLOWERS = "SET TRANSACTION AS OF SYSTEM TIME follower_read_timestamp()"
MAX_LAG = timedelta(seconds=5)  # follower_read_timestamp() is 4.2 seconds ago by default


def lag(using: str = DEFAULT_DB_ALIAS) -> timedelta:
    """Return how old the rows of ``follower_reads`` may be."""
    return MAX_LAG if _has_followers(using) else timedelta()


@contextmanager
def follower_reads(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Read from followers in this block, which must not write. On other engines, and in a transaction, do nothing."""
    if connections[using].in_atomic_block or not _has_followers(using):
        yield
        return
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute(READ_FROM_FOLLOWERS)  # must be the transaction's first statement
        yield


def _has_followers(using: str) -> bool:
    return connections[using].vendor == "cockroachdb" and settings.FOLLOWER_READS
