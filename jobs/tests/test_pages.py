"""The pages about a person's jobs."""

from datetime import timedelta
from urllib.parse import quote

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from accounts.tests.factories import StaffFactory, UserFactory
from jobs.models import Job, Status
from jobs.running import JobContext, Run
from jobs.services.progress import store_progress
from jobs.tests import tasks
from jobs.tests.work import claim_one, job_of, new_worker, run_jobs
from movr_project.admin.exports import export_list

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]


@pytest.fixture
def job(rider):
    return job_of(tasks.count.using(user=rider).enqueue())


class TestTheProgressPage:
    def test_shows_how_far_the_job_is(self, rider_client, job):
        assert "Waiting to start. This may take a while." in rider_client.get(job.get_absolute_url()).text
        worker = new_worker()
        assert "This may take a while." not in rider_client.get(job.get_absolute_url()).text
        run = Run(claim_one(worker))
        JobContext(task_result=None, run=run).progress(42, 100, "42 counted")
        store_progress([run])
        page = rider_client.get(job.get_absolute_url()).text
        assert 'value="42"' in page
        assert "42 counted" in page

    def test_polls_until_the_job_has_ended(self, rider_client, job):
        def part():
            return rider_client.get(job.get_absolute_url(), headers={"HX-Request": "true"}).text

        assert "<html" not in part()
        assert "hx-trigger" in part()
        run_jobs()
        assert "hx-trigger" not in part()
        assert "Done." in part()

    def test_refreshes_itself_without_javascript(self, rider_client, job):
        assert 'http-equiv="refresh"' in rider_client.get(job.get_absolute_url()).text
        run_jobs()
        assert 'http-equiv="refresh"' not in rider_client.get(job.get_absolute_url()).text

    @pytest.mark.parametrize("name", ["job", "file", "cancel"])
    def test_is_not_found_by_anyone_else(self, client_of, job, name):
        for other in (UserFactory(city="paris"), StaffFactory(city="paris")):
            address = reverse(f"jobs:{name}", args=[job.id])
            client = client_of(other)
            response = client.post(address) if name == "cancel" else client.get(address)
            assert response.status_code == 404

    def test_is_gone_once_the_job_is_pruned(self, rider_client, job):
        Job.objects.update(pruned_at=timezone.now(), status=Status.DONE)
        assert rider_client.get(job.get_absolute_url()).status_code == 410


class TestCancelling:
    def test_ends_a_waiting_job(self, rider_client, job):
        response = rider_client.post(reverse("jobs:cancel", args=[job.id]), follow=True)
        assert "Cancelled." in response.text

    def test_is_too_late_for_a_job_that_is_done(self, rider_client, job):
        run_jobs()
        response = rider_client.post(reverse("jobs:cancel", args=[job.id]), follow=True)
        assert "This job has already ended." in response.text

    def test_needs_a_form(self, rider_client, job):
        assert rider_client.get(reverse("jobs:cancel", args=[job.id])).status_code == 405


class TestAFile:
    def test_is_downloaded_by_its_person_for_a_day(self, rider, rider_client):
        job = job_of(tasks.write.using(user=rider).enqueue("Hello"))
        address = reverse("jobs:file", args=[job.id])
        assert rider_client.get(address).status_code == 410
        run_jobs()
        assert address in rider_client.get(job.get_absolute_url()).text
        response = rider_client.get(address)
        assert b"".join(response.streaming_content) == b"Hello"
        assert response["Content-Disposition"] == 'attachment; filename="text.txt"'
        with time_machine.travel(timezone.now() + timedelta(hours=25)):
            assert rider_client.get(address).status_code == 410


def test_the_list_shows_a_persons_jobs(rider_client, job):
    assert job.get_absolute_url() in rider_client.get(reverse("jobs:job_list")).text


class TestTheBar:
    """It stands on every page while a job is active, and asks by itself."""

    ADDRESS = reverse("jobs:bar")
    BY_HTMX = {"HX-Request": "true"}

    def test_is_on_every_page_at_no_further_statement(self, rider, rider_client, job, django_assert_num_queries):
        with django_assert_num_queries(1):  # the person
            assert 'id="jobs-bar"' in rider_client.get("/help/").text

    def test_shows_the_job_and_that_it_has_ended(self, rider_client, job):
        assert "Counting" in rider_client.get(self.ADDRESS, headers=self.BY_HTMX).text
        run_jobs()
        part = rider_client.get(self.ADDRESS, headers=self.BY_HTMX).text
        assert "Done" in part
        assert "hx-trigger" not in part

    def test_stops_asking_once_the_session_is_over(self, client, job):
        response = client.get(self.ADDRESS, headers=self.BY_HTMX)
        assert (response.status_code, "hx-trigger" in response.text) == (200, False)

    def test_is_no_page(self, rider_client):
        assert rider_client.get(self.ADDRESS).url == reverse("jobs:job_list")


class TestStaffsWork:
    @pytest.fixture
    def staff(self, settings):
        settings.STAFF_SECOND_FACTOR = True
        return StaffFactory(city="paris")

    @pytest.fixture
    def export(self, staff):
        job = job_of(export_list.using(user=staff).enqueue("accounts.user", ""))
        run_jobs()
        return job

    @pytest.mark.parametrize("name", ["job", "file"])
    def test_is_shown_after_the_second_factor_only(self, client_of, staff, export, name):
        response = client_of(staff).get(reverse(f"jobs:{name}", args=[export.id]))
        assert response.url == f"/profile/second-factor/?next={quote(export.get_absolute_url(), safe='')}"

    def test_is_downloaded_with_it(self, client_of, staff, export, settings):
        settings.STAFF_SECOND_FACTOR = False
        response = client_of(staff).get(reverse("jobs:file", args=[export.id]))
        assert staff.email.encode() in b"".join(response.streaming_content)

    @pytest.mark.parametrize("name", ["job", "file", "cancel"])
    def test_is_not_found_by_who_is_no_longer_staff(self, client_of, staff, export, name):
        staff.is_staff = False
        staff.save()
        address = reverse(f"jobs:{name}", args=[export.id])
        client = client_of(staff)
        response = client.post(address) if name == "cancel" else client.get(address)
        assert response.status_code == 404
