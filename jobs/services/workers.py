"""Workers: their heartbeat, and what happens to the jobs of those that died."""

import os
import socket
import uuid
from collections.abc import Collection, Sequence
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from movr_project.db.retry import retry_transaction

from ..declarations import JobTask
from ..models import Job, Status, Worker
from ..registry import task_of
from .outcomes import end_as
from .queue import back_in_queue

DEAD_LEASES = 10  # after that many leases without a heartbeat, a worker's row is deleted


@retry_transaction
def register(cities: Sequence[str], *, lease: timedelta, home: str) -> Worker:
    """Add this process to the workers. ``home`` is the city that its row is stored in."""
    name = f"{socket.gethostname()}:{os.getpid()}"[:100]
    return Worker.objects.create(city=home, name=name, cities=list(cities), alive_until=timezone.now() + lease)


def beat(worker: Worker, *, lease: timedelta) -> bool:
    """Prolong the leases of all jobs of a worker. Return False if the worker is no longer known.

    One statement without a transaction, as it is repeated every few seconds.
    """
    rows = Worker.objects.filter(city=worker.city, id=worker.id)
    return bool(rows.update(alive_until=timezone.now() + lease))


@retry_transaction(idempotent=True)
def leave(worker: Worker) -> None:
    """Remove a worker that has no jobs left."""
    Worker.objects.filter(city=worker.city, id=worker.id).delete()


def is_served(city: str) -> bool:
    """Return whether a live worker serves a city. Asks all cities: workers live where they were started."""
    return any(city in worker.cities for worker in live_workers())


def live_workers() -> list[Worker]:
    """Return the live workers of all cities. Web processes that send e-mails are none."""
    return [worker for worker in Worker.objects.alive() if worker.cities]


def state_of_workers() -> str:
    """Return what ``/health/`` and ``/readyz`` say: how many there are, or since when there is none if one died."""
    until = [worker.alive_until for worker in Worker.objects.all() if worker.cities]
    if number := sum(end > timezone.now() for end in until):
        return f"{number} worker{'s' if number > 1 else ''}"
    return f"no worker since {max(until):%Y-%m-%d %H:%M} UTC" if until else "no worker"


def take_over(cities: Collection[str], *, queue: str = "", dead_for: timedelta = timedelta(0)) -> int:
    """Put the jobs of dead workers back into their queues, or into one of them, and return their number."""
    rows = Job.objects.filter(city__in=cities, queue=queue) if queue else Job.objects.filter(city__in=cities)
    abandoned = list(rows.abandoned(dead_for))
    for job in abandoned:
        _release(job, task_of(job.task))
    return len(abandoned)


def take_back(worker: Worker, *, running: Collection[uuid.UUID]) -> int:
    """Put a live worker's jobs that it isn't running back into the queue, and return their number.

    It claimed them in a COMMIT whose outcome it never learnt, or failed to record how they ended.
    """
    a_while_ago = timezone.now() - timedelta(seconds=settings.JOB_LEASE_SECONDS)
    held = Job.objects.filter(city__in=worker.cities, status=Status.RUNNING, worker_id=worker.id)
    forgotten = list(held.filter(started_at__lt=a_while_ago).exclude(id__in=running))
    for job in forgotten:
        _release(job, task_of(job.task))
    return len(forgotten)


@retry_transaction(idempotent=True)
def _release(job: Job, task: JobTask | None) -> None:
    """Decide about a job that nobody runs any more. Nobody knows whether it had its effect."""
    if task is not None and task.at_most_once:
        end_as(job, Status.UNCERTAIN, error="worker_lost")
    elif task is None or job.attempts >= task.max_attempts:
        end_as(job, Status.FAILED, error="worker_lost")
    else:
        back_in_queue(job, run_after=timedelta(0), error="worker_lost")


@retry_transaction(idempotent=True)
def forget_dead_workers() -> None:
    long_dead = timezone.now() - DEAD_LEASES * timedelta(seconds=settings.JOB_LEASE_SECONDS)
    Worker.objects.filter(alive_until__lt=long_dead).delete()
