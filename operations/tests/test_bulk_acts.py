"""Staff's actions on many rows run in the background."""

import pytest
from django.core import mail

from accounts.models import User
from accounts.tests.factories import StaffFactory, UserFactory
from fleet.models import Allocation, VehicleEvent
from fleet.services import put_in_maintenance
from fleet.tests.factories import BookingFactory, VehicleFactory
from jobs.errors import ShuttingDown
from jobs.models import Job, Status
from jobs.running import Run, run_job
from jobs.tests.work import claim_one, run_jobs
from movr_project.admin import actions
from rides.tests.factories import OpenRideFactory

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


ACTS = {
    "maintain": (VEHICLES, VehicleFactory, {"description": "Brakes", "without_end": "on"}),
    "swap_battery": (VEHICLES, VehicleFactory, {"percent": "90"}),
    "pick_up": (VEHICLES, VehicleFactory, {"reason": "rebalance_pick_up", "note": ""}),
    "missing": (VEHICLES, VehicleFactory, {"note": ""}),
    "decommission": (VEHICLES, VehicleFactory, {}),
    "cancel": ("/admin/fleet/allocation/", BookingFactory, {}),
    "end_rides": ("/admin/rides/ride/", OpenRideFactory, {"end_location": "The depot"}),
    "suspend": ("/admin/accounts/user/", UserFactory, {"reason": "Fraud"}),
}


@pytest.mark.parametrize("action", ACTS)
def test_an_item_whose_worker_dies_right_after_it_is_not_done_twice(staff_client, monkeypatch, action):
    page, make, form = ACTS[action]
    keys = [str(row.pk) for row in [make() for _number in range(3)]]
    before = VehicleEvent.objects.count()
    staff_client.post(page, {"action": action, "_selected_action": keys, "confirmed": "yes", **form})
    with monkeypatch.context() as dying:
        dying.setattr(actions, "run_transaction", stop)  # before the item's history is written
        run_job(Run(claim_one()))
    assert Job.objects.get(task=actions.run_action.module_path).status == Status.QUEUED
    run_jobs()
    assert Job.objects.get(task=actions.run_action.module_path).status == Status.DONE
    assert VehicleEvent.objects.count() - before == (0 if action == "suspend" else 3)
    assert len(mail.outbox) == len({message.to[0] for message in mail.outbox})


def stop(*args, **kwargs):
    raise ShuttingDown


def test_after_a_stop_in_between_the_rest_is_done(staff_client, vehicles):
    maintain(staff_client, vehicles)
    run = Run(claim_one())
    steps = iter([None, None, ShuttingDown])
    run.check = lambda: stop() if next(steps, None) else None
    run_job(run)
    assert Allocation.objects.count() == 2
    run_jobs()
    assert Job.objects.get().result == {"messages": [{"tag": "success", "text": "Vehicles put in maintenance: 3."}]}
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
