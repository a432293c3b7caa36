"""Reports of problems in the API."""

from accounts.tests.factories import StaffFactory, UserFactory
from fleet.models import Vehicle
from fleet.tests.factories import ProblemReportFactory, VehicleFactory
from movr_project.tests.api import api_client, organisations_client
from operations.models import ProblemReport
from rides.tests.factories import RideFactory

REPORTS = "/api/v1/reports"


def test_a_report_is_made_read_and_closed(rider):
    vehicle = RideFactory(rider=rider).vehicle
    client = api_client(rider, "rides")
    data = {"city": "paris", "vehicle": str(vehicle.id), "kind": "dirty", "text": "Mud."}
    made = client.post(REPORTS, data, headers={"Idempotency-Key": "k"})
    assert made.status_code == 201
    assert client.post(REPORTS, data, headers={"Idempotency-Key": "k"}).json() == made.json()
    report = ProblemReport.objects.get()
    assert report.is_trusted
    path = made["Location"]
    assert client.get(path).json() == client.get(REPORTS).json()["items"][0] == made.json()
    assert client.get("/api/v1/cities/paris/reports").status_code == 403
    organisation = organisations_client(["paris"])
    assert len(organisation.get("/api/v1/cities/paris/reports?open=true").json()["items"]) == 1
    closed = organisation.post(f"{path}/close", {"resolution": "Washed."})
    assert closed.json()["resolution"] == "Washed."
    assert client.get("/api/v1/notifications", {}).status_code == 403
    news = api_client(rider, "profile").get("/api/v1/notifications").json()["items"]
    assert [item["code"] for item in news] == ["report_closed"]


def test_who_is_let_in(rider, subtests):
    report = ProblemReportFactory(reporter=rider)
    path = f"/api/v1/cities/paris/reports/{report.id}"
    for name, caller, reads, closes in (
        ("nobody", api_client(), 401, 401),
        ("wrong scope", api_client(rider, "bookings"), 403, 403),
        ("reporter", api_client(rider), 200, 403),
        ("someone else", api_client(UserFactory()), 404, 403),
        ("other city's client", organisations_client(["rome"]), 404, 404),
        ("staff", api_client(StaffFactory()), 200, 200),
    ):
        with subtests.test(name):
            assert caller.get(path).status_code == reads
            assert caller.post(f"{path}/close", {}).status_code == closes


def test_bad_input_and_limits(rider, settings, subtests):
    settings.REPORTS_PER_HOUR = 1
    client, vehicle = api_client(rider, "rides"), VehicleFactory()
    good = {"city": "paris", "vehicle": str(vehicle.public_id), "kind": "brakes"}
    for data, status in (
        ({"kind": "ghosts"}, 422),
        ({"text": "x" * 501}, 422),
        ({"latitude": 48.8}, 422),
        ({}, 201),
        ({}, 429),
    ):
        with subtests.test(str(data)[:40]):
            assert client.post(REPORTS, good | data).status_code == status
    assert Vehicle.objects.get().allocations.count() == 0  # nobody trusts a report from afar
