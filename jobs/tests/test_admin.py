"""Jobs, workers and the schedule in the admin."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.tests.factories import StaffFactory
from jobs.models import Job, Schedule, Status
from jobs.tests import tasks
from jobs.tests.work import job_of, new_worker, run_jobs

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]
JOBS = reverse("admin:jobs_job_changelist")
NO_WORKER = "No worker is running"


@pytest.fixture
def staff(client_of):
    return client_of(StaffFactory())


def act(client, action, *objects, url=JOBS):
    form = {"action": action, "confirmed": "yes", "_selected_action": [str(obj.pk) for obj in objects]}
    return client.post(url, form, follow=True).text


def test_the_list_is_filtered_by_state_and_needs_no_query_per_job(staff, rider, django_assert_max_num_queries):
    for _number in range(5):
        tasks.count.using(user=rider, exclusive=False).enqueue()
    with django_assert_max_num_queries(10):
        assert "jobs.tests.tasks.count" in staff.get(JOBS, {"status__exact": "queued"}).text
    assert "jobs.tests.tasks.count" not in staff.get(JOBS, {"status__exact": "done"}).text


def test_the_list_warns_while_nobody_runs_jobs(staff):
    assert NO_WORKER in staff.get(JOBS).text
    new_worker()
    assert NO_WORKER not in staff.get(JOBS).text


def test_a_failed_job_can_be_run_again(staff):
    job = job_of(tasks.refuse.enqueue())
    run_jobs()
    assert "Jobs waiting to run again: 1." in act(staff, "run_again", job)
    assert Job.objects.get().status == Status.QUEUED


def test_a_job_that_is_done_cannot_be_run_again(staff):
    job = job_of(tasks.do_nothing.enqueue())
    run_jobs()
    assert "Only jobs that failed can be run again." in act(staff, "run_again", job)


def test_a_waiting_job_can_be_cancelled(staff):
    assert "Jobs cancelled: 1." in act(staff, "cancel", job_of(tasks.do_nothing.enqueue()))
    assert Job.objects.get().status == Status.CANCELLED


def test_what_an_email_says_is_not_shown(staff):
    job = job_of(tasks.rename.enqueue("someone", "secret"))
    assert "secret" not in staff.get(reverse("admin:jobs_job_change", args=[job.pk])).text


def test_the_schedule_shows_when_tasks_run_and_lets_them_run_now(staff):
    row = Schedule.objects.create(task="jobs.tasks.prune", next_at=timezone.now() + timedelta(hours=1))
    url = reverse("admin:jobs_schedule_changelist")
    assert "jobs.tasks.prune" in staff.get(url).text
    assert "Tasks due now: 1." in act(staff, "run_now", row, url=url)
    row.refresh_from_db()
    assert row.next_at <= timezone.now()
