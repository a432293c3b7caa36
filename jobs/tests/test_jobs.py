"""Jobs from ``enqueue()`` to their end."""

import logging
from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone
from django_tasks import TaskResultStatus

from accounts.models import User
from accounts.tests.factories import UserFactory
from jobs.errors import JobRefused
from jobs.files import read_file
from jobs.models import FileKind, Job, JobFilePart, JobProgress, Status, Worker
from jobs.running import Run, run_job
from jobs.services import outcomes, progress, workers
from jobs.services.queue import give_back
from jobs.tests import tasks
from jobs.tests.work import claim_one, job_of, new_worker, run_jobs
from movr_project.errors import OutcomeUncertain

pytestmark = pytest.mark.django_db


def active_jobs(person: User) -> int:
    return User.objects.get(pk=person.pk).active_jobs


def lose(worker: Worker) -> None:
    """Let a worker's lease run out."""
    Worker.objects.filter(id=worker.id).update(alive_until=timezone.now() - timedelta(seconds=1))


class TestAJob:
    def test_runs_and_keeps_its_result(self):
        result = tasks.add.enqueue(1, b=2)
        assert result.status == TaskResultStatus.READY
        run_jobs()
        result.refresh()
        assert (result.status, result.return_value) == (TaskResultStatus.SUCCESSFUL, 3)
        assert job_of(result).arguments == {}  # they may contain what nobody needs any more

    def test_lives_in_its_persons_city(self):
        assert job_of(tasks.count.using(user=UserFactory(city="paris")).enqueue()).city == "paris"
        assert job_of(tasks.add.enqueue(1, 2)).city == "new york"

    def test_is_rolled_back_with_the_transaction_that_adds_it(self):
        with transaction.atomic():
            tasks.add.enqueue(1, 2)
            transaction.set_rollback(True)
        assert not Job.objects.exists()

    def test_waits_until_it_is_due(self):
        result = tasks.do_nothing.using(run_after=timezone.now() + timedelta(hours=1)).enqueue()
        run_jobs()
        assert job_of(result).status == Status.QUEUED

    def test_expires_if_nobody_starts_it_in_time(self):
        result = tasks.do_nothing.using(start_within=timedelta(minutes=5)).enqueue()
        with time_machine.travel(timezone.now() + timedelta(minutes=6)):
            run_jobs()
        assert (job_of(result).status, job_of(result).error) == (Status.EXPIRED, "not_started_in_time")

    def test_of_a_task_that_no_longer_exists_fails(self):
        result = tasks.do_nothing.enqueue()
        Job.objects.update(task="jobs.tests.tasks.gone")
        run_jobs()
        assert Job.objects.get(pk=result.id).error == "unknown_task"


class TestAPersonsJob:
    def test_is_counted_while_it_is_active(self, rider):
        tasks.count.using(user=rider).enqueue()
        assert active_jobs(rider) == 1
        run_jobs()
        assert active_jobs(rider) == 0

    def test_of_an_exclusive_task_is_refused_while_another_one_is_active(self, rider):
        tasks.count.using(user=rider).enqueue()
        with pytest.raises(JobRefused) as refused:
            tasks.count.using(user=rider).enqueue()
        assert refused.value.code == "job_running"
        assert active_jobs(rider) == 1
        tasks.count.using(user=UserFactory(city="paris")).enqueue()  # someone else's
        run_jobs()
        tasks.count.using(user=rider).enqueue()

    def test_sent_twice_is_one_job(self, rider):
        once = tasks.count.using(user=rider, job_id=rider.pk)
        assert once.enqueue().id == once.enqueue().id
        assert active_jobs(rider) == 1

    def test_moves_with_the_person_while_it_runs(self, rider):
        tasks.count.using(user=rider).enqueue()
        run = Run(claim_one())
        User.objects.filter(pk=rider.pk).update(city="boston")
        run_job(run)
        assert (Job.objects.get().city, Job.objects.get().status) == ("boston", Status.DONE)
        assert active_jobs(rider) == 0

    def test_is_erased_with_the_account(self, rider):
        from accounts.services import remove_account

        tasks.write.using(user=rider).enqueue("secret")
        run_jobs()
        remove_account(user=rider)
        assert not Job.objects.filter(is_shown=True).exists()
        assert not JobFilePart.objects.exists()


class TestAFailure:
    def test_is_retried_later_and_then_final(self, caplog):
        result = tasks.fail.enqueue()
        run_jobs()
        assert (job_of(result).status, job_of(result).error) == (Status.QUEUED, "RuntimeError")
        with time_machine.travel(timezone.now() + timedelta(minutes=1)):
            run_jobs()
        assert (job_of(result).status, job_of(result).attempts) == (Status.FAILED, 2)
        assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 2

    def test_that_is_a_refusal_is_final_and_tells_why(self, caplog):
        result = tasks.refuse.enqueue()
        run_jobs()
        job = job_of(result)
        assert (job.status, job.error, job.message) == (Status.FAILED, "not_today", "Not today.")
        assert not [record for record in caplog.records if record.levelno == logging.ERROR]

    def test_of_an_effect_nobody_knows_about_is_not_retried(self):
        tasks.send.enqueue()
        job = claim_one()
        outcomes.record_failure(job, tasks.send, OutcomeUncertain("sent?"))
        assert Job.objects.get().status == Status.UNCERTAIN

    def test_can_be_tried_again_by_staff(self, rider):
        result = tasks.fail.using(user=rider, title="Failing", max_attempts=1).enqueue()
        Job.objects.update(attempts=4)
        run_jobs()
        assert active_jobs(rider) == 0
        key = {"city": "paris", "job_id": job_of(result).id}
        outcomes.retry(**key)
        assert (job_of(result).status, job_of(result).attempts, active_jobs(rider)) == (Status.QUEUED, 0, 1)
        outcomes.retry(**key)
        assert active_jobs(rider) == 1


class TestALease:
    def test_that_ran_out_is_taken_over(self):
        tasks.add.enqueue(1, 2)
        worker = new_worker()
        claim_one(worker)
        assert workers.take_over(worker.cities) == 0
        lose(worker)
        assert workers.take_over(worker.cities) == 1
        run_jobs()
        assert (Job.objects.get().status, Job.objects.get().attempts) == (Status.DONE, 2)

    def test_that_is_lost_takes_the_effect_with_it(self, rider):
        tasks.rename.enqueue(str(rider.pk), "Zoe")
        worker = new_worker()
        run = Run(claim_one(worker))
        lose(worker)
        workers.take_over(worker.cities)
        run_job(run)
        assert User.objects.get(pk=rider.pk).first_name == rider.first_name
        run_jobs()
        assert User.objects.get(pk=rider.pk).first_name == "Zoe"

    def test_of_an_effect_that_happens_once_makes_it_uncertain(self):
        tasks.send.enqueue()
        worker = new_worker()
        claim_one(worker)
        lose(worker)
        workers.take_over(worker.cities)
        assert Job.objects.get().status == Status.UNCERTAIN

    def test_cannot_be_lost_for_ever(self):
        tasks.add.enqueue(1, 2)
        for _attempt in range(tasks.add.max_attempts):
            worker = new_worker()
            claim_one(worker)
            lose(worker)
            workers.take_over(worker.cities)
        assert (Job.objects.get().status, Job.objects.get().error) == (Status.FAILED, "worker_lost")

    def test_given_back_does_not_count_as_an_attempt(self):
        tasks.add.enqueue(1, 2)
        give_back(claim_one())
        assert (Job.objects.get().status, Job.objects.get().attempts) == (Status.QUEUED, 0)

    def test_is_given_up_by_a_live_worker_that_does_not_know_of_it(self):
        """Its COMMIT was in doubt, for example."""
        tasks.add.enqueue(1, 2)
        worker = new_worker()
        job = claim_one(worker)
        assert workers.take_back(worker, running=[]) == 0
        with time_machine.travel(timezone.now() + timedelta(minutes=1)):
            assert workers.take_back(worker, running=[job.id]) == 0
            assert workers.take_back(worker, running=[]) == 1
        assert Job.objects.get().status == Status.QUEUED

    def test_is_kept_by_the_heartbeat(self):
        worker = new_worker()
        lose(worker)
        assert workers.beat(worker, lease=timedelta(seconds=30))
        tasks.add.enqueue(1, 2)
        claim_one(worker)
        assert workers.take_over(worker.cities) == 0


class TestProgress:
    def test_never_goes_back(self, rider):
        tasks.count.using(user=rider).enqueue()
        run = Run(claim_one())
        for done, expected in [(50, 50), (20, 50), (60, 60), (100, 99)]:
            run.report = None
            tasks_context(run).progress(done, 100, f"{done} done")
            progress.store_progress([run])
            assert JobProgress.objects.get().percent == expected

    def test_stops_a_job_that_was_cancelled(self, rider):
        result = tasks.count.using(user=rider).enqueue()
        run = Run(claim_one())
        outcomes.cancel(city="paris", job_id=run.job.id)
        assert job_of(result).status == Status.RUNNING
        progress.look_for_stops([run])
        run_job(run)
        assert job_of(result).status == Status.CANCELLED
        assert active_jobs(rider) == 0

    def test_stops_a_job_that_another_worker_has_taken_over(self, rider):
        tasks.count.using(user=rider).enqueue()
        worker = new_worker()
        run = Run(claim_one(worker))
        lose(worker)
        workers.take_over(worker.cities)
        claim_one()
        progress.look_for_stops([run])
        run_job(run)
        assert Job.objects.get().status == Status.RUNNING


def tasks_context(run):
    from jobs.running import JobContext

    return JobContext(task_result=None, run=run)


class TestCancelling:
    def test_a_waiting_job_ends_at_once(self, rider):
        result = tasks.count.using(user=rider).enqueue()
        for _twice in range(2):
            outcomes.cancel(city="paris", job_id=job_of(result).id)
        assert job_of(result).status == Status.CANCELLED
        assert active_jobs(rider) == 0

    def test_a_job_that_has_ended_is_refused(self, rider):
        result = tasks.count.using(user=rider).enqueue()
        run_jobs()
        with pytest.raises(JobRefused) as refused:
            outcomes.cancel(city="paris", job_id=job_of(result).id)
        assert refused.value.code == "job_not_active"


class TestAFile:
    def test_is_stored_in_parts_and_read_back(self, rider, monkeypatch):
        monkeypatch.setattr("jobs.files.PART_BYTES", 4)
        result = tasks.write.using(user=rider).enqueue("0123456789")
        run_jobs()
        job = job_of(result)
        assert (job.file_name, job.has_file(timezone.now())) == ("text.txt", True)
        assert list(read_file(job, FileKind.RESULT)) == [b"0123", b"4567", b"89"]
