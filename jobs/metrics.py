"""The jobs' metrics. Each looks across all cities."""

from collections.abc import Iterable

from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client.core import Metric

from movr_project.metrics import add_collector, gauge

from .models import ACTIVE, Job, Status
from .services.workers import live_workers


@add_collector
def jobs() -> Iterable[Metric]:
    now = timezone.now()
    unfinished = Job.objects.filter(status__in=[*ACTIVE, Status.FAILED, Status.UNCERTAIN]).order_by()
    numbers = unfinished.values_list("task", "status").annotate(Count("id"))
    yield gauge(
        "movr_jobs",
        "Jobs by task and state, except those that are done, cancelled or expired",
        ["task", "state"],
        (([task, status], number) for task, status, number in numbers),
    )
    due = Job.objects.filter(status=Status.QUEUED, run_at__lte=now).order_by().values_list("task")
    yield gauge(
        "movr_jobs_oldest_due_seconds",
        "How long the oldest job of a task has been due",
        ["task"],
        (([task], (now - since).total_seconds()) for task, since in due.annotate(Min("run_at"))),
    )


@add_collector
def workers() -> Iterable[Metric]:
    yield gauge("movr_workers", "Live workers", [], [([], len(live_workers()))])
