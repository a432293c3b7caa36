"""Run a claimed job in this thread, and record how it ended."""

import logging
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone, translation
from django.utils.functional import cached_property
from django_tasks import TaskContext, TaskResult, task_backends

from accounts.models import User
from movr_project.db.retry import log_refusal, unavailable
from movr_project.errors import OutcomeUncertain, Refused, TemporaryFailure
from movr_project.logs import current_request_id, log_event
from movr_project.metrics import JOBS
from movr_project.tracing import job_span, record_outcome

from .declarations import JobTask
from .errors import Cancelled, LeaseLost, ShuttingDown, Stopped
from .files import FileWriter, read_file
from .models import FileKind, Job, Status
from .registry import task_of
from .services.outcomes import end, finish, record_failure
from .services.queue import add_and_claim, give_back

logger = logging.getLogger(__name__)

DATABASE_PAUSE_SECONDS = 1
FILE_KEPT = timedelta(days=1)


@dataclass(frozen=True)
class Report:
    """Progress, as a task has reported it."""

    done: int
    total: int
    note: str

    @property
    def percent(self) -> int:
        """Return 0 to 99: a job is complete only when it is done."""
        return min(99, 100 * self.done // self.total) if self.total else 0


class Run:
    """A job that is being run. The worker's loop stores ``report`` and sets ``stop``, at most once a second."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.report: Report | None = None
        self.stop: type[Stopped] | None = None
        self.is_done = False
        self.file: dict[str, Any] = {}
        self.inner: Run | None = None  # a job that this one runs before it is done

    def check(self) -> None:
        """Raise ``Stopped`` if the task should not go on."""
        if self.stop:
            raise self.stop

    def finish(self, effect: Callable[[], Any]) -> None:
        finish(self.job, effect, **self.file)
        self.is_done = True

    @cached_property
    def task(self) -> JobTask[Any, Any] | None:
        return task_of(self.job.task)

    @property
    def happens_at_most_once(self) -> bool:
        return self.task is not None and self.task.at_most_once

    @cached_property
    def user(self) -> User | None:
        """Return the job's person, in whatever city they live by now."""
        return User.objects.filter(pk=self.job.user_id).first() if self.job.user_id else None


@dataclass(frozen=True, kw_only=True)
class JobContext(TaskContext):
    """What a task with ``takes_context=True`` gets as its first argument."""

    run: Run = field(repr=False)

    @property
    def job(self) -> Job:
        return self.run.job

    @property
    def user(self) -> User | None:
        return self.run.user

    def progress(self, done: int, total: int, note: Any = "") -> None:
        """Report that ``done`` of ``total`` items are finished. Cheap: it is stored at most once a second.

        Raise ``Stopped`` if the job was cancelled, taken over by another worker, or its worker is shutting down. Let
        it pass.
        """
        self.run.report = Report(done, total, str(note))
        self.run.check()

    def item_id(self, item: Any) -> uuid.UUID:
        """Return an id made of the job and an item, so that running the job again changes nothing."""
        return uuid.uuid5(self.run.job.id, str(item))

    @contextmanager
    def result_file(self, name: str, content_type: str) -> Iterator[FileWriter]:
        """Open the job's result for writing bytes. Its person can download it for a day once the job is done."""
        with FileWriter(self.run.job) as writer:
            yield writer
        self.run.file = {"file_name": name, "file_type": content_type, "file_until": timezone.now() + FILE_KEPT}

    def input_file(self) -> Iterator[bytes]:
        """Return the pieces of the file that was attached to the job."""
        return read_file(self.run.job, FileKind.INPUT)

    def run_first(self, add: Callable[[], TaskResult | None]) -> None:
        """Add another job, such as an e-mail with the result file, and run it here, before this one is done.

        Give it an id from ``item_id()``. If it fails, it runs again later, like any other.
        """
        self.run.check()
        if other := add_and_claim(self.job, add, **self.run.file):
            self.run.inner = Run(other)
            try:
                run_job(self.run.inner)
            finally:
                self.run.inner = None

    def finish(self, effect: Callable[[], Any]) -> None:
        """Run ``effect`` in the transaction that marks the job as done. It returns the job's result.

        The task must return right after this.
        """
        self.run.check()
        self.run.finish(effect)


def run_job(run: Run) -> None:
    """Run a claimed job to its end. Errors of the task are recorded and logged, not raised."""
    job = run.job
    began = time.monotonic()
    token = current_request_id.set(current_request_id.get() or job.id.hex)
    try:
        with job_span(job.task, attempt=job.attempts):
            outcome = _outcome(run)
            record_outcome(outcome)
        seconds = time.monotonic() - began
        JOBS.labels(job.task, outcome).observe(seconds)
        log_event(
            logger,
            "job",
            task=job.task,
            job=job.id,
            outcome=outcome,
            attempt=job.attempts,
            duration_ms=round(seconds * 1000),
        )
    finally:
        current_request_id.reset(token)


def _outcome(run: Run) -> str:
    job = run.job
    task = run.task
    if task is None:
        _record(lambda: end(job, Status.FAILED, error="unknown_task"))
        return "unknown_task"
    if job.is_expired(timezone.now()):
        _record(lambda: end(job, Status.EXPIRED, error="not_started_in_time"))
        return "expired"
    try:
        _call(run, task)
    except LeaseLost:
        return "lease_lost"
    except Cancelled:
        _record(lambda: end(job, Status.CANCELLED))
        return "cancelled"
    except ShuttingDown:
        _record(lambda: give_back(job))
        return "given_back"
    except Exception as error:
        _log_failure(job, error)
        failure = error
        _record(lambda: record_failure(job, task, failure))
        return "error"
    return "done"


def _call(run: Run, task: JobTask[Any, Any]) -> None:
    # The person's language: for progress, messages and files.
    with translation.override((run.user and run.user.language) or settings.LANGUAGE_CODE):
        if task.atomic:
            run.finish(lambda: _result(run, task))
            return
        result = _result(run, task)
        if not run.is_done:
            run.finish(lambda: result)


def _result(run: Run, task: JobTask[Any, Any]) -> Any:
    arguments = run.job.arguments
    args, kwargs = arguments.get("args", []), arguments.get("kwargs", {})
    if task.takes_context:
        result = task_backends[task.backend].result_of(run.job, task)  # type: ignore[attr-defined]
        args = [JobContext(task_result=result, run=run), *args]
    return task.func(*args, **kwargs)


def _log_failure(job: Job, error: Exception) -> None:
    """Log what staff should look at. A refusal is meant for the person."""
    facts = {"task": job.task, "job": job.id, "attempt": job.attempts, "error": type(error).__name__}
    if isinstance(error, Refused):
        log_refusal(job.task, error)
    elif unavailable(error) or isinstance(error, (TemporaryFailure, OutcomeUncertain)):
        log_event(logger, "job_failed", level=logging.WARNING, **facts)
    else:
        logger.error("job failed", exc_info=error, extra={"event": "job_failed", "facts": facts})


def _record(write: Callable[[], None]) -> None:
    """Record an outcome, as soon as the database answers: until then, the worker keeps the lease."""
    while True:
        try:
            write()
            return
        except Exception as error:
            if not unavailable(error):
                raise
            connection.close()
            time.sleep(DATABASE_PAUSE_SECONDS)
