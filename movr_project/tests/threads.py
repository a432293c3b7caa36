"""Run calls concurrently."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier
from time import monotonic, sleep
from typing import Any

from django.db import connection, connections, transaction

from .databases import stand_in

PATIENCE_SECONDS = 30
TIME_TO_RUN_INTO_A_LOCK = 0.5
TIME_TO_WAIT_FOR_SQLITES_LOCK = 0.1  # it is the first thing that a transaction does


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Start all calls together, each in a thread. Return their results or exceptions, in order.

    Needs a test with ``transaction=True``: each thread has its own connection, which is closed afterwards.
    """
    all_ready = Barrier(len(calls), timeout=PATIENCE_SECONDS)

    def run(call: Callable[[], Any]) -> Any:
        try:
            all_ready.wait()
            return call()
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def behind(first: Callable[[], Any], *calls: Callable[[], Any]) -> list[Any]:
    """Run ``first`` in a transaction, start the calls, and commit once they wait for its locks.

    So each of them has read the earlier state in its first statements. Return their results or exceptions. ``first`` is
    part of a transaction: for a service, pass ``service.__wrapped__``.
    """

    def run(call: Callable[[], Any]) -> Any:
        try:
            return call()
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        with transaction.atomic():
            first()
            waiting = [pool.submit(run, call) for call in calls]
            _wait_until_locked(waiting)
        return [future.result() for future in waiting]


def _wait_until_locked(calls: list[Future]) -> None:
    """Wait until all calls that are still running wait for a lock, for half a second at most."""
    if connection.vendor == "sqlite":
        sleep(TIME_TO_WAIT_FOR_SQLITES_LOCK)
        return
    is_postgresql = connection.vendor == "postgresql" or stand_in
    deadline = monotonic() + TIME_TO_RUN_INTO_A_LOCK
    while monotonic() < deadline:
        sleep(0.01)
        if is_postgresql and _sessions_waiting() >= sum(not call.done() for call in calls):
            return


def _sessions_waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone()[0]
