"""Confirmations in the admin name what they act on, and their buttons name the act."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.tests.factories import ApiTokenFactory, StaffFactory, UserFactory
from fleet.tests.factories import AllocationFactory, BookingFactory, ProblemReportFactory, VehicleFactory
from jobs.tests import tasks
from jobs.tests.work import job_of
from movr_project.tests.pages import page
from rides.tests.factories import OpenRideFactory, RideFactory

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

MORNING = datetime(2030, 5, 1, 6, 15, tzinfo=UTC)  # 8:15 in Paris
MINUTE = timedelta(minutes=1)
VEHICLES = "/admin/fleet/vehicle/"


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(MORNING, tick=False)
    return time_machine


@pytest.fixture
def staff_client(client):
    client.force_login(StaffFactory())
    return client


@pytest.fixture
def clement(db):
    return UserFactory(username="clement.renaud")


def e_bike():
    return VehicleFactory(type="e-bike", code="PARMHKNR")


def test_an_open_ride_says_whose_since_when_and_from_where(clement):
    ride = OpenRideFactory(vehicle=e_bike(), rider=clement, start_time=MORNING, start_location="Opéra")
    assert str(ride) == "E-bike PARMHKNR · clement.renaud · since 08:15 · from Opéra"
    ride.start_location = ""
    assert str(ride).endswith("from an unknown place")


def test_a_past_ride_says_when_it_ended_and_where(clement, clock):
    ride = RideFactory(vehicle=e_bike(), rider=clement, start_time=MORNING, start_location="Opéra")
    assert str(ride) == "E-bike PARMHKNR · clement.renaud · 08:15 to 08:25 · Opéra → Eiffel Tower"
    clock.move_to(MORNING + timedelta(days=1), tick=False)
    assert "May 1, 2030, 08:15 to 08:25" in str(ride)
    ride.rider = None
    assert "(deleted account)" in str(ride)


def test_a_calendar_entry_says_whose_and_why(clement):
    booking = BookingFactory(
        vehicle=e_bike(), rider=clement, starts_at=MORNING, ends_at=MORNING + 30 * MINUTE, description="Moving"
    )
    assert str(booking) == "Booking · E-bike PARMHKNR · clement.renaud · 08:15 to 08:45 · Moving"
    maintenance = AllocationFactory(vehicle=booking.vehicle, maintenance=True, starts_at=MORNING)
    assert str(maintenance) == "Maintenance · E-bike PARMHKNR · from 08:15 until further notice"


def test_a_report_says_on_what_by_whom_and_when(clement):
    report = ProblemReportFactory(vehicle=e_bike(), reporter=clement, kind="brakes", created_at=MORNING)
    assert str(report) == "Brakes · E-bike PARMHKNR · clement.renaud · 08:15"


def owned():
    return VehicleFactory(owner=UserFactory(), approved_at=None)


def job():
    return job_of(tasks.do_nothing.enqueue())


# The list, the action, what makes a row for it, its button for one row, and whether it is red.
ASKED = [
    ("/admin/rides/ride/", "end_rides", OpenRideFactory, "End 1 ride", True),
    ("/admin/fleet/allocation/", "cancel", BookingFactory, "Cancel 1 entry", True),
    ("/admin/operations/problemreport/", "close", ProblemReportFactory, "Close 1 report", True),
    ("/admin/accounts/user/", "suspend", UserFactory, "Suspend 1 person", True),
    ("/admin/accounts/user/", "lift_suspension", UserFactory, "Lift 1 suspension", False),
    ("/admin/accounts/user/", "reset_second_factor", UserFactory, "Reset it for 1 person", True),
    ("/admin/accounts/apitoken/", "revoke", ApiTokenFactory, "Revoke 1 token", True),
    ("/admin/jobs/job/", "run_again", job, "Run 1 job again", False),
    ("/admin/jobs/job/", "cancel", job, "Cancel 1 job", True),
    (VEHICLES, "maintain", VehicleFactory, "Put 1 vehicle in maintenance", True),
    (VEHICLES, "end_maintenance", VehicleFactory, "Put 1 vehicle back in service", False),
    (VEHICLES, "pick_up", VehicleFactory, "Pick up 1 vehicle", True),
    (VEHICLES, "missing", VehicleFactory, "Mark 1 vehicle as missing", True),
    (VEHICLES, "bring_back", VehicleFactory, "Put 1 vehicle back on the street", False),
    (VEHICLES, "swap_battery", VehicleFactory, "Record 1 new battery", False),
    (VEHICLES, "approve", owned, "Approve 1 vehicle", False),
    (VEHICLES, "decommission", VehicleFactory, "Decommission 1 vehicle", True),
]


@pytest.mark.parametrize(("url", "action", "make", "button", "is_red"), ASKED, ids=[row[1] for row in ASKED])
def test_the_button_names_the_act_and_is_red_if_it_is_final(staff_client, url, action, make, button, is_red):
    row = make()
    asked = page(staff_client.post(url, {"action": action, "_selected_action": str(row.pk)}))
    form = asked.one("form", class_="confirmation")
    assert form.one("li").text == str(row)
    assert ("final" in form.one("input", name=button).classes) == is_red
    assert form.one("a", name="Go back")["href"] == url


def test_many_rows_are_counted(staff_client):
    rides = OpenRideFactory.create_batch(2)
    keys = [str(ride.pk) for ride in rides]
    asked = page(staff_client.post("/admin/rides/ride/", {"action": "end_rides", "_selected_action": keys}))
    assert asked.one("h1", text="End these rides?")
    assert asked.one("input", name="End 2 rides")


def test_nothing_is_asked_if_nothing_can_be_done(staff_client):
    ended = RideFactory()
    data = {"action": "end_rides", "_selected_action": str(ended.pk)}
    answer = staff_client.post("/admin/rides/ride/", data, follow=True)
    assert "There is nothing to do for what you selected." in answer.content.decode()


def test_what_cannot_be_undone_is_offered_last(staff_client):
    VehicleFactory()
    offered = page(staff_client.get(VEHICLES)).one("select", id="").all("option")
    assert [option["value"] for option in offered][-2:] == ["decommission", "delete_selected"]


def test_a_vehicle_that_was_ridden_is_not_deleted_and_its_rides_are_counted(staff_client):
    vehicle = VehicleFactory()
    for minutes in (30, 60):
        RideFactory(vehicle=vehicle, start_time=MORNING - minutes * MINUTE)
    assert "Rides: 2" in page(staff_client.get(f"{VEHICLES}{vehicle.pk}/delete/")).text


def test_a_page_offers_what_makes_sense(staff_client):
    ride, ended = OpenRideFactory(), RideFactory()
    for row, offered in ((ride, ["End ride"]), (ended, [])):
        tools = page(staff_client.get(f"/admin/rides/ride/{row.pk}/change/")).one(class_="object-tools")
        assert [button.text.partition(":")[0].strip() for button in tools.all("button")] == offered
