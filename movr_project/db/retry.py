"""The decorator for every write: one transaction, run again on a conflict.

At serializable isolation (the only level on CockroachDB) the database may reject a transaction that conflicts with
another one. The transaction must then be run again from its first read. See "Transactions" in docs/architecture.md.
"""

import logging
import random
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ParamSpec, TypeVar, overload

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections, transaction

from ..errors import Refused
from ..logs import log_event
from ..metrics import GIVEN_UP, REFUSALS, RETRIES
from ..tracing import transaction_span
from .faults import Fault, fault_of, sqlstate, timed_out

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")


class Busy(OperationalError):
    """Attempts or time ran out. Nothing was written; the request may be sent again."""


class OutcomeUnknown(OperationalError):
    """The connection was lost during COMMIT of work that isn't idempotent. It may have been written."""


@overload
def retry_transaction(service: Callable[P, R]) -> Callable[P, R]: ...
@overload
def retry_transaction(*, idempotent: bool = False) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def retry_transaction(service: Any = None, *, idempotent: bool = False) -> Any:
    """Run a service in an outermost transaction, and retry it on conflicts.

    The service must fetch its objects itself, as a failed attempt does not restore Python state, and leave side
    effects to ``transaction.on_commit(…, robust=True)``. Pass ``idempotent=True`` if a second run after a successful
    one changes nothing: only such work is retried when the connection is lost during COMMIT.

    Raise ``RuntimeError`` inside another transaction (make shared parts plain functions), ``Busy`` when attempts
    or time run out, and ``OutcomeUnknown`` when a commit's outcome is unknown.
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
    """Call ``work`` in a durable transaction, like ``retry_transaction``, and return its result."""
    with _one_operation() as operation:
        return _run(work, operation, idempotent=idempotent, name=name, using=using)


def _run(work: Callable[[], R], operation: "Operation", *, idempotent: bool, name: str, using: str) -> R:
    deadline = time.monotonic() + settings.TRANSACTION_DEADLINE_SECONDS
    attempt = 1
    while True:
        progress = _Progress()
        operation.ids_given = 0
        try:
            with transaction_span(name, attempt=attempt), transaction.atomic(using=using, durable=True):
                # Registered first so that it runs before other callbacks: from here on, nothing is retried.
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
                GIVEN_UP.labels(name).inc()
                raise Busy(f"{name} gave up after {attempt} attempts.") from error
            _log_retry(name, attempt, fault, error, pause)
        time.sleep(pause)
        attempt += 1


@dataclass
class Operation:
    """One call of a service, however often its transaction runs."""

    id: uuid.UUID = field(default_factory=uuid.uuid4)
    ids_given: int = 0  # in this attempt


_operation: ContextVar[Operation | None] = ContextVar("operation", default=None)


@contextmanager
def _one_operation() -> Iterator[Operation]:
    operation = Operation()
    token = _operation.set(operation)
    try:
        yield operation
    finally:
        _operation.reset(token)


def id_for_every_attempt() -> uuid.UUID | None:
    """Return the ID for a new row that is the same in each attempt, or None outside ``run_transaction``.

    If the first attempt was committed after all, the second one doesn't add the row again.
    """
    operation = _operation.get()
    if operation is None:
        return None
    operation.ids_given += 1
    return uuid.uuid5(operation.id, str(operation.ids_given))


class _Progress:
    """How far an attempt got, which decides what an error means."""

    def __init__(self) -> None:
        self.committing = False
        self.committed = False

    def mark_committed(self) -> None:
        self.committed = True

    def fault(self, error: Exception) -> Fault:
        if self.committed:
            return Fault.OTHER  # an error in a later callback: the rows are committed
        fault = fault_of(error)
        if fault is Fault.CONNECTION_LOST and self.committing:
            return Fault.AMBIGUOUS
        return fault


def _back_off(attempt: int) -> float:
    """Return the seconds to wait after the given attempt: exponential backoff with full jitter."""
    ceiling = settings.TRANSACTION_BACKOFF_SECONDS * 2 ** (attempt - 1)
    return random.uniform(0, min(ceiling, settings.TRANSACTION_MAX_BACKOFF_SECONDS))


def log_refusal(name: str, refused: Refused) -> None:
    """Log a refused action by its code alone: the message is meant for the person."""
    REFUSALS.labels(name, refused.code).inc()
    log_event(logger, "refused", service=name, code=refused.code)


def _log_retry(name: str, attempt: int, fault: Fault, error: Exception, pause: float) -> None:
    RETRIES.labels(name, fault.value).inc()
    log_event(
        logger,
        "transaction_retry",
        service=name,
        attempt=attempt,
        fault=fault.value,
        sqlstate=sqlstate(error),
        sleep=round(pause, 3),
    )


@contextmanager
def one_snapshot(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Open a read transaction in which all statements see the same snapshot.

    At READ COMMITTED each statement has a snapshot of its own. Inside another transaction, use that one as it is.
    """
    connection = connections[using]
    is_outermost = not connection.in_atomic_block
    with transaction.atomic(using=using):
        if is_outermost and connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def retry_read(read: Callable[P, R]) -> Callable[P, R]:
    """Retry a read outside any transaction once, after a conflict or a lost connection."""

    @wraps(read)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return read(*args, **kwargs)
        except Exception as error:
            if not can_retry_read(error):
                raise
        return read(*args, **kwargs)

    return wrapper


def can_retry_read(error: Exception, using: str = DEFAULT_DB_ALIAS) -> bool:
    """Return whether a failed read is worth retrying. Close a dead connection."""
    connection = connections[using]
    fault = fault_of(error)
    if fault is Fault.OTHER or connection.in_atomic_block:
        return False
    if fault is not Fault.CONFLICT:
        connection.close()
    return True


def unavailable(error: Any) -> bool:
    """Return whether an error is temporary, so that the response is a 503 instead of a 500."""
    return isinstance(error, (Busy, OutcomeUnknown)) or fault_of(error) is not Fault.OTHER or timed_out(error)
