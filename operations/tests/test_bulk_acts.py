"""Staff's actions on many rows run in the background."""

import pytest

from accounts.models import User
from accounts.tests.factories import StaffFactory
from fleet.models import Allocation
from fleet.services import put_in_maintenance
from fleet.tests.factories import VehicleFactory
from jobs.models import Job, Status
from jobs.tests.work import run_jobs
from movr_project.admin import actions

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

VEHICLES = "/admin/fleet/vehicle/"


@pytest.fixture(autouse=True)
def _few_are_many(monkeypatch):
    monkeypatch.setattr(actions, "JOB_ROWS", 3)


@pytest.fixture
def staff(db):
    return StaffFactory()


@pytest.fixture
def staff_client(client, staff):
    client.force_login(staff)
    return client


@pytest.fixture
def vehicles(db):
    return VehicleFactory.create_batch(3, city="paris")


def maintain(client, vehicles):
    keys = [str(vehicle.pk) for vehicle in vehicles]
    form = {"description": "Brakes", "without_end": "on", "confirmed": "yes", "next": VEHICLES}
    return client.post(VEHICLES, {"action": "maintain", "_selected_action": keys, **form})


def test_it_reports_what_was_done_and_each_conflict(staff, staff_client, vehicles):
    *others, broken = vehicles
    put_in_maintenance(city=broken.city, vehicle_id=broken.id, by=staff, description="Frame")
    page = maintain(staff_client, vehicles).headers["Location"]
    assert page.startswith("/jobs/")
    assert Allocation.objects.count() == 1
    run_jobs()
    text = staff_client.get(page).text
    assert "Vehicles put in maintenance: 2." in text
    assert str(broken) in text
    assert str(others[0]) not in text
    assert {row.made_by for row in Allocation.objects.filter(description="Brakes")} == {staff}


def test_run_again_after_an_interruption_it_changes_nothing(staff_client, vehicles):
    maintain(staff_client, vehicles)
    arguments = Job.objects.get().arguments
    run_jobs()
    Job.objects.update(status=Status.QUEUED, attempts=1, arguments=arguments, token=None, finished_at=None)
    run_jobs()
    job = Job.objects.get()
    assert (job.status, job.error) == (Status.DONE, "")
    assert job.result == {"messages": [{"tag": "success", "text": "Vehicles put in maintenance: 3."}]}
    assert Allocation.objects.count() == 3


def test_who_may_no_longer_do_it_changes_nothing(staff, staff_client, vehicles):
    maintain(staff_client, vehicles)
    User.objects.filter(pk=staff.pk).update(is_superuser=False)
    run_jobs()
    assert Job.objects.get().error == "account_changed"
    assert not Allocation.objects.exists()


def test_few_rows_are_done_at_once_and_lead_back_to_the_list(staff_client, vehicles):
    assert maintain(staff_client, vehicles[:2]).headers["Location"] == VEHICLES
    assert Allocation.objects.count() == 2
