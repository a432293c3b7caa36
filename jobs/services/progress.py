"""Progress of running jobs, stored by the worker's loop outside the jobs' own transactions."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from movr_project.db.retry import retry_transaction

from ..errors import Cancelled, LeaseLost
from ..models import NOTE_LENGTH, Job, JobProgress, Status

if TYPE_CHECKING:
    from ..running import Report, Run


def store_progress(runs: Collection["Run"]) -> None:
    """Store what the runs have reported since the last call."""
    for run in runs:
        report, run.report = run.report, None
        if report is not None and run.stop is None:
            _store(run.job, report)


@retry_transaction(idempotent=True)
def _store(job: Job, report: "Report") -> None:
    """Write a job's progress. It never goes back, even if the job begins again after its worker died."""
    values = {
        "percent": report.percent,
        "done": report.done,
        "total": report.total,
        "note": report.note[:NOTE_LENGTH],
    }
    rows = JobProgress.objects.filter(city=job.city, id=job.id)
    if rows.filter(percent__lte=report.percent).update(**values):
        return
    if Job.objects.row(job).exists():  # it may have moved with its person
        JobProgress.objects.bulk_create([JobProgress(city=job.city, id=job.id, **values)], ignore_conflicts=True)


def look_for_stops(runs: Collection["Run"]) -> None:
    """Tell the runs whether they were cancelled, or taken over by another worker. One statement."""
    jobs = [run.job for run in runs]
    rows = Job.objects.filter(city__in={job.city for job in jobs}, id__in={job.id for job in jobs})
    found = {row[0]: row[1:] for row in rows.values_list("id", "token", "status", "cancel_requested_at")}
    for run in runs:
        token, status, cancelled_at = found.get(run.job.id, (run.job.token, Status.RUNNING, None))
        if token != run.job.token:
            run.stop = LeaseLost
        elif cancelled_at and status == Status.RUNNING:
            run.stop = Cancelled
