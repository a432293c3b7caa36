"""How long jobs are kept."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from jobs.models import Job, JobFilePart
from jobs.services.pruning import prune
from jobs.tests import tasks
from jobs.tests.work import job_of, run_jobs

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]


def prune_after(**time):
    with time_machine.travel(timezone.now() + timedelta(**time)):
        return prune()


def test_a_file_is_kept_for_a_day(rider):
    tasks.write.using(user=rider).enqueue("text")
    run_jobs()
    prune_after(hours=23)
    assert JobFilePart.objects.exists()
    prune_after(hours=25)
    assert not JobFilePart.objects.exists()


def test_a_persons_job_is_emptied_after_a_week_and_says_so_for_three_months(rider, rider_client):
    job = job_of(tasks.count.using(user=rider).enqueue())
    run_jobs()
    prune_after(days=6)
    assert rider_client.get(job.get_absolute_url()).status_code == 200
    assert prune_after(days=8) == 1
    assert Job.objects.get().result is None
    assert rider_client.get(job.get_absolute_url()).status_code == 410
    prune_after(days=91)
    assert rider_client.get(job.get_absolute_url()).status_code == 404


def test_other_jobs_are_deleted_after_a_week():
    tasks.fail.enqueue()
    tasks.add.enqueue(1, 2)
    run_jobs()
    assert prune_after(days=8) == 1
    assert Job.objects.get().task == "jobs.tests.tasks.fail"  # not at its end yet
