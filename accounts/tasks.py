"""Scheduled tasks."""

from datetime import timedelta

from django_tasks import task

from .api_access.retention import delete_expired


@task(every=timedelta(days=1))
def delete_expired_tokens() -> list[int]:
    return list(delete_expired())
