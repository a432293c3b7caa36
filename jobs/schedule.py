"""The schedule: tasks declared with ``every`` are enqueued when their row is due, by whichever worker moves it."""

from datetime import datetime, timedelta

from django.utils import timezone

from movr_project.db.retry import retry_transaction

from .declarations import SCHEDULED, JobTask
from .errors import JobRefused
from .models import Schedule


def add_missing_rows() -> None:
    """Add tasks that are new, due at once, and remove those that no longer exist."""
    known = set(Schedule.objects.values_list("task", flat=True))
    if missing := SCHEDULED.keys() - known:
        Schedule.objects.bulk_create([Schedule(task=path) for path in missing], ignore_conflicts=True)
    if known - SCHEDULED.keys():
        Schedule.objects.exclude(task__in=SCHEDULED).delete()


def enqueue_due() -> int:
    """Enqueue the tasks that are due, and return their number. One statement if there are none."""
    due = Schedule.objects.filter(next_at__lte=timezone.now(), task__in=SCHEDULED)
    rows = list(due.values_list("task", "next_at"))
    return sum(_enqueue(SCHEDULED[path], next_at) for path, next_at in rows)


@retry_transaction
def _enqueue(task: JobTask, next_at: datetime) -> bool:
    """Move the row and enqueue the task, unless another worker has moved it. Skip a run while the last one goes on."""
    now = timezone.now()
    row = Schedule.objects.filter(task=task.module_path, next_at=next_at)
    if not row.update(next_at=_next(next_at, task.every or timedelta(days=1), now), last_at=now):
        return False
    try:
        task.using(exclusive_key=task.module_path).enqueue()
    except JobRefused:
        return False
    return True


def _next(was: datetime, every: timedelta, now: datetime) -> datetime:
    """Return the next time of the row's rhythm that is in the future. What was missed isn't made up for."""
    return was + every * ((now - was) // every + 1)
