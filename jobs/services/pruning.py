"""Jobs that have ended are kept for a while: their files for a day, the rest for a week."""

from datetime import datetime, timedelta

from django.utils import timezone

from cities.registry import registry
from movr_project.db.retry import retry_transaction

from ..models import Job, JobFilePart, JobProgress
from ..querysets import JobQuerySet

FILES_KEPT = timedelta(days=1)
JOBS_KEPT = timedelta(days=7)
# Until then, the address of a person's job says that it is gone, not that it never existed.
EMPTY_JOBS_KEPT = timedelta(days=90)
BATCH = 500
PARTS_BATCH = 50  # of up to 256 KB each


def prune() -> int:
    """Delete what is no longer kept, and return the number of jobs that were deleted or emptied."""
    return sum(_prune_city(city.name) for city in registry)


def _prune_city(city: str) -> int:
    now = timezone.now()
    while _delete_parts(city, now - FILES_KEPT) == PARTS_BATCH:
        pass
    pruned = 0
    for step, ended_before in (
        (_delete_unseen, now - JOBS_KEPT),
        (_empty, now - JOBS_KEPT),
        (_delete_empty, now - EMPTY_JOBS_KEPT),
    ):
        while number := step(city, ended_before):
            pruned += number
    return pruned


@retry_transaction(idempotent=True)
def _delete_parts(city: str, ended_before: datetime) -> int:
    parts = JobFilePart.objects.filter(city=city)
    jobs = Job.objects.in_city(city).filter(finished_at__lt=ended_before)
    ids = list(parts.filter(job_id__in=jobs.values("id")).values_list("id", flat=True)[:PARTS_BATCH])
    parts.filter(id__in=ids).delete()
    return len(ids)


@retry_transaction(idempotent=True)
def _delete_unseen(city: str, ended_before: datetime) -> int:
    rows = _batch(city, Job.objects.filter(finished_at__lt=ended_before, is_shown=False))
    return rows.delete()[0]


@retry_transaction(idempotent=True)
def _empty(city: str, ended_before: datetime) -> int:
    """Keep only that the job was somebody's, and how it ended."""
    rows = _batch(city, Job.objects.filter(finished_at__lt=ended_before, is_shown=True, pruned_at=None))
    JobProgress.objects.filter(city=city, id__in=rows.values("id")).delete()
    return rows.update(arguments={}, result=None, message="", file_name="", pruned_at=timezone.now())


@retry_transaction(idempotent=True)
def _delete_empty(city: str, ended_before: datetime) -> int:
    rows = _batch(city, Job.objects.filter(finished_at__lt=ended_before))
    return rows.delete()[0]


def _batch(city: str, jobs: JobQuerySet) -> JobQuerySet:
    """Return a limited number of a city's jobs, as rows that can be updated and deleted."""
    ids = list(jobs.in_city(city).order_by("finished_at").values_list("id", flat=True)[:BATCH])
    return Job.objects.in_city(city).filter(id__in=ids)
