"""Staff import vehicles from a CSV file."""

import io

import pytest
from django.contrib.auth.models import Group
from django.utils.html import escape

from accounts.models import User
from accounts.tests.factories import StaffFactory
from fleet import imports
from fleet.models import Vehicle, VehicleEvent
from jobs.models import Job, JobFilePart
from jobs.tests.work import run_jobs

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

PAGE = "/admin/fleet/vehicle/import/"
GOOD = """city,type,color,last_location,latitude,longitude,battery_percent
paris,bike,red,"Louvre, east",48.8606,2.3376,

Rome,E-Bike,blue,,"41,9029","12,4534",80
"""
BAD = """city,type,color,last_location,battery_percent
paris,bike,red,Louvre,
atlantis,bike,red,Louvre,
paris,bike,,"two
lines",30
paris,rocket,red,Louvre,,extra
"""


@pytest.fixture
def staff(db):
    staff = StaffFactory(is_superuser=False)
    staff.groups.add(Group.objects.get(name="Operations"))
    return staff


@pytest.fixture
def staff_client(client, staff):
    client.force_login(staff)
    return client


@pytest.fixture
def upload(staff_client):
    def send(content, **data):
        file = io.BytesIO(content.encode() if isinstance(content, str) else content)
        file.name = "vehicles.csv"
        page = staff_client.post(PAGE, {"file": file, **data}).headers["Location"]
        run_jobs()
        return staff_client.get(page).text

    return send


def test_the_list_leads_to_the_form(staff_client):
    assert f'href="{PAGE}"' in staff_client.get("/admin/fleet/vehicle/").text
    assert "city, type, color." in staff_client.get(PAGE).text


def test_a_check_adds_nothing(upload):
    assert "No errors. 2 vehicles can be added." in upload(GOOD, is_trial="on")
    assert not Vehicle.objects.exists()


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        GOOD.encode("utf-8-sig"),
        GOOD.encode("utf-16"),
        GOOD.replace("\n", "\r\n"),
        GOOD.replace('"Louvre, east"', "Louvre").replace('"41,9029","12,4534"', "41.9029,12.4534").replace(",", ";"),
    ],
    ids=["utf-8", "utf-8 with a mark", "utf-16", "crlf", "semicolons"],
)
def test_all_vehicles_are_added_to_the_street(staff, upload, content):
    assert "2 vehicles were added:" in upload(content)
    vehicles = Vehicle.objects.order_by("city")
    assert [(row.city, row.type, row.battery_percent) for row in vehicles] == [
        ("paris", "bike", None),
        ("rome", "e-bike", 80),
    ]
    assert all(row.is_available and row.cell and row.owner_id is None for row in vehicles)
    assert {event.actor for event in VehicleEvent.objects.all()} == {staff}


def test_errors_are_listed_by_line_and_nothing_is_added(upload):
    text = upload(BAD)
    assert "No vehicle was added. 3 rows have errors:" in text
    assert "Line 3: city: We don&#x27;t serve that city yet." in text
    assert "Line 4: color: This field is required." in text
    assert "Line 6: There are more values than columns." in text
    assert not Vehicle.objects.exists()


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"\xff\x00\x01\x99", "not_a_table"),
        (b"city,type,color\nparis,bike,\x00", "not_a_table"),
        ('city,type,color\nparis,bike,"red', "not_a_table"),
        ("city,type,color\n", "not_a_table"),
        ("\n", "not_a_table"),
        ("city,type\nparis,bike\n", "wrong_columns"),
        ("city,type,color,wheels\nparis,bike,red,2\n", "wrong_columns"),
        ("city,type,color,color\nparis,bike,red,red\n", "wrong_columns"),
        ("city,type,color\n" + "paris,bike,red\n" * 4, "too_many_rows"),
    ],
)
def test_what_is_no_table_of_vehicles_is_refused_with_a_sentence(upload, monkeypatch, content, error):
    monkeypatch.setattr(imports, "MAX_ROWS", 3)
    text = upload(content)
    job = Job.objects.get()
    assert job.error == error
    assert escape(job.message) in text


def test_a_file_too_big_is_not_stored(staff_client):
    file = io.BytesIO(b"x" * (2 * imports.MAX_BYTES + 512 * 1024))
    file.name = "vehicles.csv"
    assert staff_client.post(PAGE, {"file": file}).status_code == 413
    assert not JobFilePart.objects.exists()


def test_who_may_no_longer_add_vehicles_adds_none(staff_client, staff):
    file = io.BytesIO(GOOD.encode())
    file.name = "vehicles.csv"
    staff_client.post(PAGE, {"file": file})
    User.objects.get(pk=staff.pk).groups.clear()
    run_jobs()
    assert Job.objects.get().error == "account_changed"
    assert not Vehicle.objects.exists()
