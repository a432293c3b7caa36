"""Workers: threads, processes, and what happens when they or the database die."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.conf import settings as django_settings
from django.core.checks import run_checks
from django.db import OperationalError, connection
from django.utils import timezone

from accounts.tests.factories import UserFactory
from jobs import worker as worker_module
from jobs.models import Job, Status, Worker
from jobs.running import Run
from jobs.services import workers
from jobs.services.queue import claim, due_places
from jobs.tests import tasks
from jobs.tests.work import claim_one, job_of, new_worker, run_jobs
from jobs.without_worker import _run_waiting
from jobs.worker import cities_of, running_in_background
from movr_project.tests.databases import on_server
from movr_project.tests.threads import at_once
from rides.tests.clusters import cluster, migrated_cluster  # noqa: F401  (fixtures)

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_SECONDS = 60


def wait_for(condition):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "nothing happens"
        time.sleep(0.05)


def all_are(status):
    return not Job.objects.exclude(status=status).exists()


@contextmanager
def working(threads=2):
    with running_in_background(worker_module.Worker(cities=cities_of([]), threads=threads)) as worker:
        yield worker


@pytest.fixture(autouse=True)
def _no_schedule(monkeypatch):
    """Leave the schedule to its own tests."""
    monkeypatch.setattr("jobs.schedule.SCHEDULED", {})


class Clock:
    """A worker's loop whose steps the test takes, at times that the test sets."""

    def __init__(self, monkeypatch):
        self.now = 0.0
        monkeypatch.setattr(worker_module, "time", SimpleNamespace(monotonic=lambda: self.now))
        self.loop = worker_module.Worker(cities=cities_of([]), threads=0)

    def pass_time(self, seconds, *, beats=True):
        for _step in range(seconds // 5):
            self.now += 5
            if beats:
                self.loop._keep_leases()
            self.loop._take_over()


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


@pytest.fixture
def abandoned():
    """A job of another worker, whose heartbeat is late."""
    tasks.add.enqueue(1, 2)
    other = new_worker()
    job = claim_one(other)
    Worker.objects.filter(id=other.id).update(alive_until=timezone.now())
    return job


def status_of(job):
    return Job.objects.get(id=job.id).status


@pytest.mark.any_engine
def test_a_new_worker_takes_over_after_half_a_lease(clock, abandoned):
    clock.pass_time(15)
    assert status_of(abandoned) == Status.RUNNING
    clock.pass_time(5)
    assert status_of(abandoned) == Status.QUEUED


@pytest.mark.any_engine
def test_after_an_outage_a_worker_takes_over_only_when_others_could_beat(clock, abandoned):
    clock.loop._keep_leases()
    clock.pass_time(30, beats=False)
    assert status_of(abandoned) == Status.RUNNING
    clock.pass_time(10)
    assert status_of(abandoned) == Status.RUNNING
    clock.pass_time(10)
    assert status_of(abandoned) == Status.QUEUED


@pytest.mark.any_engine
def test_a_job_that_another_one_runs_is_the_workers_too(clock):
    outer, inner = Run(Job()), Run(Job())
    outer.inner = inner
    clock.loop.runs.add(outer)
    assert clock.loop._snapshot() == [outer, inner]


@pytest.mark.any_engine
def test_a_worker_that_stops_stays_alive_until_its_jobs_are_given_back(clock):
    clock.loop._keep_leases()
    clock.loop._outlast_grace()
    assert Worker.objects.get().alive_until > timezone.now() + timedelta(seconds=worker_module.GRACE_SECONDS)


@pytest.mark.any_engine
def test_a_web_process_leaves_jobs_to_a_worker_whose_heartbeat_is_only_late(abandoned, settings):
    Job.objects.update(queue="mail")
    _run_waiting(abandoned.city, "push")
    _run_waiting(abandoned.city, "mail")
    assert status_of(abandoned) == Status.RUNNING
    Worker.objects.update(alive_until=timezone.now() - timedelta(seconds=settings.JOB_LEASE_SECONDS))
    _run_waiting(abandoned.city, "push")
    assert status_of(abandoned) == Status.RUNNING
    _run_waiting(abandoned.city, "mail")
    assert status_of(abandoned) == Status.DONE


@pytest.mark.any_engine
@pytest.mark.parametrize(("seconds", "errors"), [(4.9, ["jobs.E001"]), (5, [])])
def test_a_lease_too_short_for_heartbeats_stops_the_start(settings, seconds, errors):
    settings.JOB_LEASE_SECONDS = seconds
    assert [error.id for error in run_checks()] == errors


def test_workers_at_once_claim_each_job_once():
    for number in range(20):
        tasks.add.enqueue(number, 1)

    def claim_all():
        row, claimed = new_worker(), []
        while places := due_places(row.cities):
            for city, queue in places:
                if job := claim(city=city, queue=queue, worker_id=row.id):
                    claimed.append(job.id)
        return claimed

    claimed = [id_ for ids in at_once(claim_all, claim_all, claim_all) for id_ in ids]
    assert len(claimed) == len(set(claimed)) == 20


def test_a_worker_runs_what_waits_and_what_comes_and_leaves_no_row():
    person = UserFactory(city="paris")
    tasks.rename.enqueue(str(person.pk), "Zoe")
    with working():
        wait_for(lambda: all_are(Status.DONE))
        tasks.count.using(user=person).enqueue()
        wait_for(lambda: all_are(Status.DONE))
        assert Worker.objects.count() == 1
    person.refresh_from_db()
    assert (person.first_name, person.active_jobs) == ("Zoe", 0)
    assert not Worker.objects.exists()


def test_a_job_that_goes_on_is_given_back_when_its_worker_stops():
    result = tasks.run_until_stopped.enqueue()
    with working():
        wait_for(lambda: job_of(result).status == Status.RUNNING)
    assert (job_of(result).status, job_of(result).attempts) == (Status.QUEUED, 0)


def test_progress_is_stored_and_a_cancelled_job_stops():
    from jobs.models import JobProgress
    from jobs.services.outcomes import cancel

    result = tasks.run_until_stopped.enqueue()
    with working():
        wait_for(lambda: JobProgress.objects.filter(done__gt=0).exists())
        cancel(city=job_of(result).city, job_id=job_of(result).id)
        wait_for(lambda: job_of(result).status == Status.CANCELLED)


def test_a_worker_outlives_errors_of_its_own(monkeypatch):
    failures = iter([OperationalError("made by a test"), RuntimeError("made by a test")])

    def find(cities):
        for error in failures:
            raise error
        return due_places(cities)

    monkeypatch.setattr(worker_module, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(worker_module, "due_places", find)
    tasks.add.enqueue(1, 2)
    with working():
        wait_for(lambda: all_are(Status.DONE))


@contextmanager
def worker_process():
    """``manage.py work`` on the test database."""
    program = (
        "import sys; from django.db import connection; import django; django.setup();"
        f"connection.settings_dict.update(NAME={str(connection.settings_dict['NAME'])!r});"
        "from django.core.management import call_command; call_command('work', threads=2)"
    )
    variables = os.environ | {"DJANGO_SETTINGS_MODULE": "movr_project.settings"}
    process = subprocess.Popen([sys.executable, "-c", program], cwd=django_settings.BASE_DIR, env=variables)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_job_of_a_killed_worker_is_run_by_another_one_and_has_its_effect_once(monkeypatch):
    person = UserFactory(city="paris", about_me="")
    result = tasks.append_slowly.enqueue(str(person.pk))
    with worker_process() as process:
        wait_for(lambda: job_of(result).status == Status.RUNNING)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert job_of(result).status == Status.RUNNING
    monkeypatch.setattr(tasks, "PAUSE_SECONDS", 0)
    Worker.objects.update(alive_until=timezone.now())  # its lease runs out
    assert workers.take_over(cities_of([])) >= 1
    Job.objects.exclude(id=job_of(result).id).delete()  # of the process's schedule
    run_jobs()
    person.refresh_from_db()
    assert person.about_me == "x"
    assert job_of(result).attempts == 2


@on_server
@pytest.mark.postgresql_does
@pytest.mark.skipif("THOROUGH" not in os.environ, reason="slow: creates a server")
@pytest.mark.skipif(connection.vendor == "cockroachdb", reason="the cluster is PostgreSQL's")
def test_a_database_that_stops_and_starts_loses_no_job_and_no_worker(cluster, monkeypatch):  # noqa: F811
    monkeypatch.setattr(worker_module, "POLL_SECONDS", 0.05)
    monkeypatch.setattr("jobs.running.DATABASE_PAUSE_SECONDS", 0.05)
    person = UserFactory(city="paris", about_me="")
    Job.objects.all().delete()
    with working() as worker:
        for _number in range(10):
            tasks.append_slowly.enqueue(str(person.pk))
        wait_for(lambda: Job.objects.filter(status=Status.DONE).exists())
        connection.close()
        cluster.stop("fast")
        cluster.start()
        wait_for(lambda: all_are(Status.DONE))
        assert worker.row is not None
    person.refresh_from_db()
    assert person.about_me == "x" * 10


@pytest.mark.any_engine
def test_without_a_city_to_serve_the_command_says_so():
    from django.core.management import CommandError, call_command

    with pytest.raises(CommandError, match="No city is in that region"):
        call_command("work", region=["atlantis"])
