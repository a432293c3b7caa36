"""The queue: jobs are added to it, claimed from it and given back to it."""

import random
import uuid
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django_tasks import TaskResult

from accounts.models import User
from cities.registry import registry
from movr_project.db.retry import retry_transaction, run_transaction

from ..declarations import JobTask
from ..errors import JobRefused, LeaseLost
from ..models import Job, Status

FIRST_PAUSE_SECONDS = 5
LONGEST_PAUSE_SECONDS = 15 * 60


def add_job(task: JobTask[Any, Any], arguments: dict[str, Any]) -> Job:
    """Add a job to the queue: in the caller's transaction, else in one of its own.

    Idempotent with ``task.job_id``. Locks the person if the job is shown to them. Raise ``JobRefused``:
    ``job_running`` if the task is exclusive, ``account_changed``.
    """
    job = _new_job(task, arguments)
    if connection.in_atomic_block:
        return _insert(job)
    return run_transaction(lambda: _insert(job), idempotent=True, name=job.task)


def _new_job(task: JobTask[Any, Any], arguments: dict[str, Any]) -> Job:
    now = timezone.now()
    run_at = task.run_after or now
    return Job(
        city=task.user.city if task.user else task.city or registry.default().name,
        id=task.job_id or uuid.uuid4(),
        user_id=task.user.pk if task.user else None,
        task=task.module_path,
        queue=task.queue_name,
        arguments=arguments,
        is_shown=bool(task.user and task.title),
        exclusive_key=task.unique_key,
        created_at=now,
        run_at=run_at,
        expires_at=run_at + task.start_within if task.start_within else None,
    )


def _insert(job: Job) -> Job:
    if not job.is_shown:
        return _insert_unless_running(job)
    person = User.objects.locked(User(id=job.user_id, city=job.city))
    if person is None:
        raise JobRefused(_("Your account has changed. Please try again."), code="account_changed")
    if Job.objects.row(job).exists():
        return job
    _insert_unless_running(job)
    User.objects.filter(id=job.user_id, city=job.city).update(active_jobs=F("active_jobs") + 1)
    return job


def _insert_unless_running(job: Job) -> Job:
    """Insert a job unless one with its exclusive key is active. The unique constraint decides."""
    Job.objects.bulk_create([job], ignore_conflicts=True)
    if job.exclusive_key and not Job.objects.row(job).exists():
        raise JobRefused(_("This is already in progress."), code="job_running")
    return job


def due_places(cities: Collection[str]) -> set[tuple[str, str]]:
    """Return the cities and queues in which jobs are due. One statement, outside any transaction."""
    due = Job.objects.filter(city__in=cities).due(timezone.now())
    return set(due.order_by().values_list("city", "queue").distinct())


@retry_transaction
def claim(*, city: str, queue: str, worker_id: uuid.UUID) -> Job | None:
    """Claim the job that has been due for longest, or return None.

    Rows that another worker is claiming are skipped. SQLite has no such lock, and one writer at a time.
    """
    due = Job.objects.in_city(city).due(timezone.now()).filter(queue=queue)
    job = due.order_by("run_at").select_for_update(skip_locked=True).first()
    return _take(job, worker_id) if job else None


@retry_transaction(idempotent=True)
def add_and_claim(job: Job, add: Callable[[], TaskResult | None], **fields: Any) -> Job | None:
    """Add a job from inside a running one, as ``add`` does, and claim it for the same worker, if it waits.

    Store ``fields`` of the running job first. Raise ``LeaseLost`` if another worker has taken it over.
    """
    if not update_held(job, error="", **fields):
        raise LeaseLost
    added = add()
    waiting = Job.objects.filter(pk=added.id, status=Status.QUEUED) if added else Job.objects.none()
    other = waiting.select_for_update().first()
    return _take(other, job.worker_id) if other and job.worker_id else None


def _take(job: Job, worker_id: uuid.UUID) -> Job | None:
    job.status, job.worker_id, job.token = Status.RUNNING, worker_id, uuid.uuid4()
    job.started_at, job.attempts = timezone.now(), job.attempts + 1
    claimed = (
        Job.objects.row(job)
        .filter(status=Status.QUEUED)
        .update(
            status=job.status,
            worker_id=job.worker_id,
            token=job.token,
            started_at=job.started_at,
            attempts=job.attempts,
        )
    )
    return job if claimed else None


@retry_transaction(idempotent=True)
def give_back(job: Job) -> None:
    """Put a running job back, as if it had not been started. Do nothing if the lease is lost."""
    back_in_queue(job, run_after=timedelta(0), attempts=job.attempts - 1)


def back_in_queue(job: Job, *, run_after: timedelta, **fields: Any) -> bool:
    """Part of a transaction. Return False if the lease is lost."""
    run_at = timezone.now() + run_after
    return update_held(job, status=Status.QUEUED, worker_id=None, token=None, run_at=run_at, **fields)


def update_held(job: Job, **fields: Any) -> bool:
    """Update a running job if its lease is still held, else return False. Part of a transaction."""
    if Job.objects.held(job).update(**fields):
        return True
    # The job moves with its person. This asks all cities, but is rarely needed.
    moved = Job.objects.filter(id=job.id, token=job.token, status=Status.RUNNING).exclude(city=job.city)
    for city in moved.values_list("city", flat=True):
        job.city = city
        return bool(Job.objects.held(job).update(**fields))
    return False


def back_off(attempts: int) -> timedelta:
    """Return the pause after the given number of attempts: exponential, with jitter."""
    seconds = min(FIRST_PAUSE_SECONDS * 2 ** (attempts - 1), LONGEST_PAUSE_SECONDS)
    return timedelta(seconds=seconds * random.uniform(0.8, 1.2))  # noqa: S311  (spreads load)
