"""Scheduled tasks."""

from datetime import timedelta

from django_tasks import task

from .services import pruning


@task(every=timedelta(hours=1))
def prune() -> int:
    return pruning.prune()
