"""Staff export the admin's lists as CSV."""

import csv
import io

import pytest

from accounts.models import User
from accounts.tests.factories import StaffFactory, UserFactory
from fleet.tests.factories import VehicleFactory
from jobs.models import Job
from jobs.tests.work import run_jobs
from movr_project.admin import exports
from movr_project.spreadsheets import cell
from rides.tests.factories import RideFactory

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

LISTS = ["accounts/user", "fleet/vehicle", "fleet/allocation", "fleet/vehicleevent", "rides/ride"]


@pytest.fixture
def staff(db):
    return StaffFactory()


@pytest.fixture
def staff_client(client, staff):
    client.force_login(staff)
    return client


def export(client, path):
    """Export a list, and return the page of the job and the rows of the file."""
    page = client.post(path).headers["Location"]
    run_jobs()
    response = client.get(f"{page}file/")
    assert response.status_code == 200, client.get(page).text
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return page, list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("path", LISTS)
def test_each_list_has_its_export(staff_client, path):
    RideFactory()
    VehicleFactory()
    assert f'href="/admin/{path}/export/?q=a"' in staff_client.get(f"/admin/{path}/?q=a").text
    assert "Columns:" in staff_client.get(f"/admin/{path}/export/?q=a").text
    _page, rows = export(staff_client, f"/admin/{path}/export/")
    assert rows or path == "fleet/allocation"


def test_a_file_has_the_rows_of_the_filtered_list_whatever_its_page(staff_client, monkeypatch):
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 2)
    wanted = RideFactory.create_batch(5, vehicle=VehicleFactory(city="paris"), start_location="=HYPERLINK(1)")
    RideFactory(vehicle=VehicleFactory(city="rome"))
    _page, rows = export(staff_client, "/admin/rides/ride/export/?city=paris&open=no&p=7")
    assert sorted(row["id"] for row in rows) == sorted(str(ride.id) for ride in wanted)
    assert {row["start_location"] for row in rows} == {"'=HYPERLINK(1)"}


def test_people_are_exported_by_role_without_secrets(staff_client, staff):
    rider = UserFactory()
    staff.groups.create(name="Night shift")
    _page, rows = export(staff_client, "/admin/accounts/user/export/?role=Night shift")
    assert [row["username"] for row in rows] == [staff.username]
    assert not {"password", "session_epoch"} & set(rows[0])
    assert rider.email not in str(rows)


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@A1", "\t=1", "\r=1"])
def test_what_a_spreadsheet_would_run_is_a_text(text):
    assert cell(text) == f"'{text}"
    assert cell(-73.9) == -73.9


def test_unknown_filters_are_refused(staff_client):
    assert staff_client.post("/admin/rides/ride/export/?lock_code=1").status_code == 400
    assert not Job.objects.exists()


def test_who_is_no_longer_staff_gets_no_file(staff_client, staff):
    page = staff_client.post("/admin/rides/ride/export/").headers["Location"]
    User.objects.filter(pk=staff.pk).update(is_staff=False)
    run_jobs()
    assert Job.objects.get().error == "account_changed"
    assert staff_client.get(f"{page}file/").status_code == 404
