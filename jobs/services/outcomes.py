"""How jobs end. Each ending is conditional on the job's lease, and counts the person's active jobs down."""

import uuid
from collections.abc import Callable
from typing import Any

from django.db import IntegrityError
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from accounts.models import User
from movr_project.db.retry import retry_transaction
from movr_project.errors import OutcomeUncertain, Refused, TemporaryFailure

from ..declarations import JobTask
from ..errors import JobRefused, LeaseLost
from ..models import CODE_LENGTH, MESSAGE_LENGTH, Job, Status
from .queue import back_in_queue, back_off, update_held

ENDED_BADLY = (Status.FAILED, Status.EXPIRED, Status.UNCERTAIN)


@retry_transaction(idempotent=True)
def finish(job: Job, effect: Callable[[], Any], **fields: Any) -> None:
    """Run ``effect`` and mark the job as done, both in one transaction. ``effect`` returns the job's result.

    Raise ``LeaseLost``, and roll the effect back, if another worker has taken the job over.
    """
    if _is_finished(job):
        return  # by an earlier attempt whose COMMIT was in doubt
    result = effect()
    if not _end(job, Status.DONE, result=result, error="", arguments={}, **fields):
        raise LeaseLost


def _is_finished(job: Job) -> bool:
    return Job.objects.row(job).filter(status=Status.DONE, token=job.token).exists()


@retry_transaction(idempotent=True)
def record_failure(job: Job, task: JobTask[Any, Any] | None, error: Exception) -> None:
    """Put a failed job back for later, or mark it as failed: after a refusal, or its last attempt."""
    if isinstance(error, OutcomeUncertain):
        end_as(job, Status.UNCERTAIN, error=str(error))
        return
    code = _code(error)
    again = task is not None and not isinstance(error, Refused) and job.attempts < task.max_attempts
    if again:
        back_in_queue(job, run_after=back_off(job.attempts), error=code[:CODE_LENGTH])
    else:
        message = str(error) if isinstance(error, Refused) else ""
        end_as(job, Status.FAILED, error=code, message=message)


def _code(error: Exception) -> str:
    if isinstance(error, Refused):
        return error.code
    return str(error) if isinstance(error, TemporaryFailure) else type(error).__name__


@retry_transaction(idempotent=True)
def end(job: Job, status: Status, *, error: str = "") -> None:
    """End a running job without an effect. Do nothing if the lease is lost."""
    end_as(job, status, error=error)


def end_as(job: Job, status: Status, *, error: str = "", message: str = "") -> bool:
    """Part of a transaction. Return False if the lease is lost."""
    return _end(job, status, error=error[:CODE_LENGTH], message=Truncator(message).chars(MESSAGE_LENGTH))


def _end(job: Job, status: Status, **fields: Any) -> bool:
    ended = update_held(job, status=status, finished_at=timezone.now(), worker_id=None, **fields)
    if ended and job.is_shown:
        _count(job, -1)
    return ended


def _count(job: Job, change: int) -> None:
    """Change the number of the person's active jobs. Never below zero: the constraint would make the job fail."""
    people = User.objects.filter(id=job.user_id, city=job.city)
    people.update(active_jobs=Greatest(F("active_jobs") + change, 0))


@retry_transaction(idempotent=True)
def cancel(*, city: str, job_id: uuid.UUID) -> None:
    """Cancel a job: at once if it waits, else as soon as it next reports its progress.

    Raise ``JobRefused``: ``job_not_active``.
    """
    jobs = Job.objects.filter(city=city, id=job_id)
    cancelled = jobs.filter(status=Status.QUEUED).update(
        status=Status.CANCELLED, finished_at=timezone.now(), arguments={}
    )
    if cancelled:
        job = jobs.get()
        if job.is_shown:
            _count(job, -1)
        return
    running = jobs.filter(status=Status.RUNNING)
    running.filter(cancel_requested_at=None).update(cancel_requested_at=timezone.now())
    if not running.exists() and not jobs.filter(status=Status.CANCELLED).exists():
        raise JobRefused(_("This job has already ended."), code="job_not_active")


def retry(*, city: str, job_id: uuid.UUID) -> None:
    """Put a failed, expired or uncertain job back into the queue, with all its attempts.

    Raise ``JobRefused``: ``job_active`` if it isn't one of these, ``job_running`` if another one with its exclusive key
    is active.
    """
    try:
        _put_back(city, job_id)
    except IntegrityError as error:
        raise JobRefused(_("This is already in progress."), code="job_running") from error


@retry_transaction(idempotent=True)
def _put_back(city: str, job_id: uuid.UUID) -> None:
    jobs = Job.objects.filter(city=city, id=job_id)
    put_back = jobs.filter(status__in=ENDED_BADLY, pruned_at=None).update(
        status=Status.QUEUED,
        run_at=timezone.now(),
        expires_at=None,
        finished_at=None,
        attempts=0,
        token=None,
        cancel_requested_at=None,
        error="",
        message="",
    )
    job = jobs.active().first()
    if job is None:
        raise JobRefused(_("Only jobs that failed can be run again."), code="job_active")
    if put_back and job.is_shown:
        _count(job, +1)
