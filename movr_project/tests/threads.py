"""Run calls concurrently."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import sleep
from typing import Any

from django.db import connections, transaction

PATIENCE_SECONDS = 30
TIME_TO_RUN_INTO_A_LOCK = 0.5


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
            sleep(TIME_TO_RUN_INTO_A_LOCK)
        return [future.result() for future in waiting]
