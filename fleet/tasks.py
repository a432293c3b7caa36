"""Scheduled tasks."""

from datetime import timedelta

from django.conf import settings
from django_tasks import task

from . import services
from .services import no_shows, reminders


@task(every=timedelta(minutes=5))
def notify_released_bookings() -> int:
    return no_shows.notify_released_bookings()


@task(every=timedelta(days=1))
def delete_old_events() -> int:
    return services.delete_old_events(days=settings.VEHICLE_EVENT_RETENTION_DAYS)


@task(every=timedelta(minutes=1))
def send_reminders() -> int:
    return reminders.send_reminders()
