"""Classify database errors by what they mean for the transaction."""

from enum import Enum

from django.db import DatabaseError, Error, InterfaceError, OperationalError


class Fault(Enum):
    CONFLICT = "conflict"  # rolled back; the same work may succeed if run again
    CONNECTION_LOST = "connection lost"  # rolled back, unless it happened during COMMIT
    AMBIGUOUS = "ambiguous"  # it may have been committed
    OTHER = "other"  # running the same work again would fail in the same way


CONFLICT_STATES = {"40001", "40P01"}  # serialization failure, deadlock
AMBIGUOUS_STATES = {"40003"}  # statement completion unknown
SHUTDOWN_STATES = {"57P01", "57P02", "57P03"}  # admin shutdown, crash shutdown, cannot connect now
CONNECTION_CLASS = "08"
TIMEOUT_STATES = {"57014", "55P03"}  # statement timeout, lock timeout


def sqlstate(error: BaseException) -> str | None:
    """Return the SQLSTATE of an error, five characters, or None if it has none."""
    return getattr(error.__cause__, "pgcode", None)


def fault_of(error: BaseException) -> Fault:
    """Classify an error raised through Django's database layer."""
    if not isinstance(error, Error) or error.__cause__ is None:
        return Fault.OTHER
    if hasattr(error.__cause__, "pgcode"):
        return _server_fault(error, sqlstate(error))
    # SQLITE_BUSY, SQLITE_BUSY_SNAPSHOT, SQLITE_LOCKED, …
    name = getattr(error.__cause__, "sqlite_errorname", "")
    return Fault.CONFLICT if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")) else Fault.OTHER


def timed_out(error: BaseException) -> bool:
    """Return whether the server cancelled a slow statement. It was rolled back, and a retry would be as slow."""
    return isinstance(error, Error) and sqlstate(error) in TIMEOUT_STATES


def _server_fault(error: Error, state: str | None) -> Fault:
    if state is None:
        # psycopg2 found the connection broken, or could not open one. If the server shuts down during a statement,
        # it sometimes raises the bare class.
        lost = isinstance(error, (OperationalError, InterfaceError)) or type(error) is DatabaseError
        return Fault.CONNECTION_LOST if lost else Fault.OTHER
    if state in CONFLICT_STATES:
        return Fault.CONFLICT
    if state in AMBIGUOUS_STATES:
        return Fault.AMBIGUOUS
    if state in SHUTDOWN_STATES or state.startswith(CONNECTION_CLASS):
        return Fault.CONNECTION_LOST
    return Fault.OTHER
