"""The one decorator under which every write runs: a transaction, and again on a conflict.

Under serializable isolation (and always on CockroachDB) the database may refuse a transaction that
met another one; the answer to that is to run it again, from its first read. Design: "Transactions".
"""

import logging
import random
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar, overload

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections, transaction

from movr_project.errors import Refused
from movr_project.logs import log_event

from .faults import Fault, fault_of, sqlstate, timed_out

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")


class Busy(OperationalError):
    """The attempts or the time ran out. Nothing was written: the same request may be sent again."""


class OutcomeUnknown(OperationalError):
    """The connection broke during COMMIT of work that can't be repeated: it may have been written."""


@overload
def retry_transaction(service: Callable[P, R]) -> Callable[P, R]: ...
@overload
def retry_transaction(*, idempotent: bool = False) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def retry_transaction(service=None, *, idempotent=False):
    """Run a service in an outermost transaction, and again when the database asks for it.

    The service fetches its objects itself, since a failed attempt does not restore Python's state, and
    leaves effects outside the database to ``transaction.on_commit(…, robust=True)``. Say
    ``idempotent=True`` where a second run after a successful first one changes nothing: only such work
    is run again when the connection breaks during COMMIT.

    Raises ``RuntimeError`` inside another transaction (a part of another service is a plain function),
    ``Busy`` when attempts or time run out, ``OutcomeUnknown`` as described there.
    """

    def decorate(service: Callable[P, R]) -> Callable[P, R]:
        @wraps(service)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
            return run_transaction(lambda: service(*args, **kwargs), idempotent=idempotent, name=service.__qualname__)

        return wrapper

    return decorate if service is None else decorate(service)


def run_transaction(
    work: Callable[[], R], *, idempotent: bool = False, name: str = "", using: str = DEFAULT_DB_ALIAS
) -> R:
    """Call ``work`` in a durable transaction, as ``retry_transaction`` says, and return what it returns."""
    deadline = time.monotonic() + settings.TRANSACTION_DEADLINE_SECONDS
    attempt = 1
    while True:
        progress = _Progress()
        try:
            with transaction.atomic(using=using, durable=True):
                # Registered first, so it runs before any other callback: from here on nothing is run again.
                transaction.on_commit(progress.mark_committed, using=using)
                result = work()
                progress.committing = True
            return result
        except Exception as error:
            fault = progress.fault(error)
            if fault is Fault.OTHER:
                if isinstance(error, Refused):
                    log_refusal(name, error)
                raise
            if fault is Fault.AMBIGUOUS and not idempotent:
                raise OutcomeUnknown("The connection broke while the work was being saved.") from error
            if fault is not Fault.CONFLICT:
                connections[using].close()
            pause = _back_off(attempt)
            if attempt >= settings.TRANSACTION_ATTEMPTS or time.monotonic() + pause > deadline:
                raise Busy(f"{name} gave up after {attempt} attempts.") from error
            _log_retry(name, attempt, fault, error, pause)
        time.sleep(pause)
        attempt += 1


class _Progress:
    """How far one attempt came, which decides what an error means."""

    def __init__(self) -> None:
        self.committing = False
        self.committed = False

    def mark_committed(self) -> None:
        self.committed = True

    def fault(self, error: Exception) -> Fault:
        if self.committed:
            return Fault.OTHER  # a later callback's own error: the rows are there already
        fault = fault_of(error)
        if fault is Fault.CONNECTION_LOST and self.committing:
            return Fault.AMBIGUOUS
        return fault


def _back_off(attempt: int) -> float:
    """Seconds to wait after the given attempt: exponential, with full jitter."""
    ceiling = settings.TRANSACTION_BACKOFF_SECONDS * 2 ** (attempt - 1)
    return random.uniform(0, min(ceiling, settings.TRANSACTION_MAX_BACKOFF_SECONDS))


def log_refusal(name: str, refused: Refused) -> None:
    """One line for a refused action. The code alone: the sentence is the person's."""
    log_event(logger, "refused", service=name, code=refused.code)


def _log_retry(name: str, attempt: int, fault: Fault, error: Exception, pause: float) -> None:
    log_event(
        logger,
        "transaction_retry",
        service=name,
        attempt=attempt,
        fault=fault.value,
        sqlstate=sqlstate(error),
        sleep=round(pause, 3),
    )


def retry_read(read: Callable[P, R]) -> Callable[P, R]:
    """Run a read that stands outside any transaction once more when it meets a conflict or a dead connection."""

    @wraps(read)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return read(*args, **kwargs)
        except Exception as error:
            if not may_read_again(error):
                raise
        return read(*args, **kwargs)

    return wrapper


def may_read_again(error: Exception, using: str = DEFAULT_DB_ALIAS) -> bool:
    """Whether a failed read is worth repeating; a dead connection is closed on the way."""
    connection = connections[using]
    fault = fault_of(error)
    if fault is Fault.OTHER or connection.in_atomic_block:
        return False
    if fault is not Fault.CONFLICT:
        connection.close()
    return True


def unavailable(error: Any) -> bool:
    """Whether an error says "not now" rather than "wrong": the answer is 503, not 500."""
    return isinstance(error, (Busy, OutcomeUnknown)) or fault_of(error) is not Fault.OTHER or timed_out(error)
