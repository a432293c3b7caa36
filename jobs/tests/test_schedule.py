"""Tasks that run regularly."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from jobs import schedule
from jobs.declarations import SCHEDULED
from jobs.models import Job, Schedule
from jobs.tests.work import run_jobs
from movr_project.tests.threads import at_once

PRUNE = "jobs.tasks.prune"
SCHEDULED_BEFORE_JOBS = {
    "accounts.tasks.delete_expired_tokens",
    "fleet.tasks.delete_old_events",
    "fleet.tasks.notify_released_bookings",
    "fleet.tasks.send_reminders",
    "jobs.tasks.prune",
    "notifications.tasks.delete_old_notifications",
    "rides.tasks.notify_ended_pauses",
    "rides.tasks.notify_late_bookings",
    "rides.tasks.notify_long_rides",
}


@pytest.mark.django_db
class TestTheSchedule:
    def test_runs_what_cron_did(self):
        schedule.add_missing_rows()
        assert set(Schedule.objects.values_list("task", flat=True)) >= SCHEDULED_BEFORE_JOBS
        assert schedule.enqueue_due() == len(SCHEDULED)
        run_jobs()
        assert set(Job.objects.values_list("status", flat=True)) == {"done"}

    def test_runs_a_task_again_after_its_interval(self):
        start = timezone.now()
        Schedule.objects.create(task=PRUNE, next_at=start)
        for hours, expected in [(0, 1), (0.5, 0), (1, 1), (7.2, 1), (7.5, 0), (8, 1)]:  # nothing is made up for
            with time_machine.travel(start + timedelta(hours=hours, seconds=1), tick=False):
                assert schedule.enqueue_due() == expected
                run_jobs()

    def test_skips_a_run_while_the_last_one_goes_on(self):
        Schedule.objects.create(task=PRUNE)
        schedule.enqueue_due()
        Schedule.objects.update(next_at=timezone.now())
        assert schedule.enqueue_due() == 0
        assert Job.objects.count() == 1

    def test_forgets_tasks_that_no_longer_exist(self):
        Schedule.objects.create(task="jobs.tasks.gone")
        schedule.add_missing_rows()
        assert not Schedule.objects.filter(task="jobs.tasks.gone").exists()


@pytest.mark.django_db(transaction=True)
def test_two_workers_run_a_due_task_once():
    Schedule.objects.create(task=PRUNE)
    assert sorted(at_once(schedule.enqueue_due, schedule.enqueue_due)) == [0, 1]
    assert Job.objects.count() == 1
