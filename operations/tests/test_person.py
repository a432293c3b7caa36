"""A person's page for support."""

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from accounts.models import User
from accounts.services import remove_account
from accounts.tests.factories import NotificationFactory, StaffFactory, UserFactory
from fleet.models import Allocation
from fleet.tests.factories import BookingFactory, ProblemReportFactory, VehicleFactory
from movr_project.tests.pages import page
from operations.models import ProblemReport
from operations.services.suspension import suspend_person
from rides.models import Ride
from rides.tests.factories import OpenRideFactory, RideFactory

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]


def url_of(person):
    return reverse("admin:accounts_user_overview", args=[person.pk])


@pytest.fixture
def person(db):
    """A rider with something in each section, some of it in another city."""
    person = UserFactory(username="rita")
    OpenRideFactory(rider=person, start_location="Opéra")
    BookingFactory(rider=person, vehicle=VehicleFactory(city="rome"))
    VehicleFactory(owner=person)
    ProblemReportFactory(reporter=person, text="The lamp is out.")
    NotificationFactory(user=person, text="Your booking was cancelled.")
    person.refresh_from_db()
    return person


@pytest.fixture
def as_role(client):
    def log_in(role):
        staff = StaffFactory(is_superuser=role == "superuser")
        if role != "superuser":
            staff.groups.add(Group.objects.get(name=role))
        client.force_login(staff)
        return client

    return log_in


def buttons(response) -> list[str]:
    return [button.text.partition(":")[0].strip() for button in page(response).one(id="content").all("button")]


def press(client, person, name, **data):
    """Press a button of the page, and confirm."""
    button = page(client.get(url_of(person))).one(id="content").one("button", name=name)
    [form] = [
        form for form in page(client.get(url_of(person))).one(id="content").all("form") if form.text == button.text
    ]
    sent = {field["name"]: field["value"] for field in form.all("input")} | {"action": button["value"]}
    asked = client.post(form["action"], sent)
    assert asked.status_code == 200
    confirmation = page(asked).one("form", class_="confirmation")
    hidden = {
        field["name"]: field["value"] for field in confirmation.all("input") if field["type"] in {"hidden", "submit"}
    }
    return confirmation, client.post(form["action"], hidden | data)


def test_one_page_has_everything_about_a_person(as_role, person):
    client = as_role("Support")
    suspend_person(person=UserFactory(), reason="Somebody else.", by=StaffFactory())
    text = page(client.get(url_of(person))).one(id="content").text
    for part in ("Scooter PAR", "from Opéra", "Booking · Scooter ROM", "The lamp is out.", "was cancelled. ", "rita"):
        assert part in text
    assert "Somebody else." not in text


def test_staff_end_a_ride_and_are_back_with_the_person(as_role, person):
    client = as_role("Support")
    confirmation, done = press(client, person, "End ride", end_location="Louvre")
    assert "rita · since" in confirmation.one("li").text
    button = confirmation.one("input", name="End 1 ride")
    assert "final" in button.classes
    assert done.url == url_of(person)
    assert not Ride.objects.open().exists()
    assert "Ended by staff." in page(client.get(url_of(person))).one("section", text="What staff did").text


def test_staff_cancel_a_booking_close_a_report_and_suspend(as_role, person):
    client = as_role("Support")
    press(client, person, "Cancel entry")
    assert Allocation.objects.get(kind="booking").cancelled_at
    press(client, person, "Close report", resolution="Bulb replaced.")
    assert not ProblemReport.objects.get().is_open
    _confirmation, done = press(client, person, "Suspend", reason="Codes collected.")
    assert done.url == url_of(person)
    assert User.objects.get(id=person.id).suspension_reason == "Codes collected."
    text = page(client.get(url_of(person))).one(id="content").text
    assert "Suspended" in text
    assert "Codes collected." in text
    assert buttons(client.get(url_of(person))) == ["Lift the suspension", "End ride"]


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("Support", ["Suspend", "End ride", "Cancel entry", "Close report"]),
        ("Operations", ["End ride", "Cancel entry", "Close report"]),
        ("Read-only", []),
    ],
)
def test_each_role_has_the_buttons_of_what_it_may_do(as_role, person, role, expected):
    response = as_role(role).get(url_of(person))
    assert buttons(response) == expected
    assert ("was cancelled." in response.content.decode()) == (role == "Support")


def test_a_section_has_ten_rows_and_leads_to_older_ones(as_role, person):
    RideFactory.create_batch(11, rider=person)
    client = as_role("Read-only")
    rides = page(client.get(url_of(person))).one("section", text="Rides")
    assert len(rides.all("li")) == 10
    older = rides.one("a", text="Older")["href"].partition("#")[0]
    rides = page(client.get(url_of(person) + older)).one("section", text="Rides")
    assert len(rides.all("li")) == 2
    assert rides.one("a", text="Newer")


def test_the_page_costs_the_same_for_few_rows_and_for_many(as_role, person, django_assert_max_num_queries):
    RideFactory.create_batch(8, rider=person)
    BookingFactory.create_batch(8, rider=person)
    client = as_role("Support")
    client.get(url_of(person))
    with django_assert_max_num_queries(10):  # staff, roles, the person, six sections
        client.get(url_of(person))


def test_a_deleted_account_can_still_be_looked_at(as_role):
    person = UserFactory(username="rita")
    remove_account(user=person)
    response = as_role("Support").get(url_of(person))
    assert "Deleted account" in response.content.decode()
    assert "rita" not in response.content.decode()
    assert buttons(response) == []


def test_the_persons_form_leads_to_the_page(as_role, person):
    form = as_role("Support").get(reverse("admin:accounts_user_change", args=[person.pk]))
    assert page(form).one("a", text="Overview")["href"] == url_of(person)


def test_an_address_of_another_site_is_not_returned_to(as_role):
    ride = OpenRideFactory()
    data = {"action": "end_rides", "_selected_action": str(ride.pk), "confirmed": "yes", "end_location": "Louvre"}
    done = as_role("Support").post("/admin/rides/ride/", data | {"next": "//evil.example/"})
    assert done.url == "/admin/rides/ride/"
