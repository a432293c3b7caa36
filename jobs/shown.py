"""What a person sees of a job: made in Python, so that templates only print it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from .models import Job, JobProgress, Status
from .registry import task_of
from .services import workers


@dataclass(frozen=True)
class ShownJob:
    """A job with its progress. ``percent`` is None as long as the task hasn't reported any."""

    job: Job
    title: str
    percent: int | None
    note: str
    result_template: str
    has_file: bool
    is_delayed: bool = False  # no worker is running

    @property
    def state(self) -> str:
        """Return a sentence about the job's state."""
        if self.job.status == Status.RUNNING and self.job.cancel_requested_at:
            return _("Cancelling…")
        if self.job.message:
            return self.job.message
        if self.is_delayed:
            return _("Waiting to start. This may take a while. You can leave this page and come back later.")
        return str(_SENTENCES[self.job.status]())


_SENTENCES = {
    Status.QUEUED: lambda: _("Waiting to start."),
    Status.RUNNING: lambda: _("In progress."),
    Status.DONE: lambda: _("Done."),
    Status.FAILED: lambda: _("Something went wrong. We've been notified."),
    Status.EXPIRED: lambda: _("This didn't start in time. Please try again."),
    Status.CANCELLED: lambda: _("Cancelled."),
    Status.UNCERTAIN: lambda: _("We don't know whether this went through. Our team is on it."),
}


def shown_jobs(jobs: Iterable[Job]) -> list[ShownJob]:
    """Return jobs of one city with their progress: one statement, and another one if some wait."""
    jobs = list(jobs)
    active = [job.id for job in jobs if job.is_active]
    progress: dict[Any, JobProgress] = {}
    if active:
        rows = JobProgress.objects.filter(city=jobs[0].city, id__in=active)
        progress = {row.id: row for row in rows}
    now = timezone.now()
    waits = any(job.status == Status.QUEUED for job in jobs)
    is_served = not waits or workers.is_served(jobs[0].city)
    return [_shown(job, progress.get(job.id), now, is_served=is_served) for job in jobs]


def _shown(job: Job, progress: JobProgress | None, now: datetime, *, is_served: bool) -> ShownJob:
    task = task_of(job.task)
    return ShownJob(
        job=job,
        title=str(task.title) if task else "",
        percent=100 if job.status == Status.DONE else progress and progress.percent,
        note=progress.note if progress else "",
        result_template=task.result_template if task and job.status == Status.DONE else "",
        has_file=job.has_file(now),
        is_delayed=job.status == Status.QUEUED and not is_served,
    )
