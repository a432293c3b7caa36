"""Scheduled tasks."""

from datetime import timedelta

from django.conf import settings
from django_tasks import task

from . import services


@task(every=timedelta(days=1))
def delete_old_photos() -> int:
    return services.delete_old_photos(days=settings.PHOTO_RETENTION_DAYS)
