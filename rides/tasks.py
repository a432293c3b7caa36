"""Scheduled tasks."""

from datetime import timedelta

from django_tasks import task

from . import late_bookings, long_rides, pause_reminders


@task(every=timedelta(minutes=5))
def notify_late_bookings() -> int:
    return late_bookings.notify_late_bookings()


@task(every=timedelta(hours=1))
def notify_long_rides() -> int:
    return long_rides.notify_long_rides()


@task(every=timedelta(minutes=5))
def notify_ended_pauses() -> int:
    return pause_reminders.notify_ended_pauses()


@task(every=timedelta(minutes=1))
def remind_of_pauses() -> int:
    return pause_reminders.remind_of_pauses()
