"""Removing an account leaves nothing of the person (rows M19, M32; defects MB2, MB10)."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.utils import timezone

from accounts.models import TermsAcceptance, User
from accounts.services import AccountRefused, remove_account
from accounts.tests.factories import PASSWORD, NoticeFactory, StaffFactory, UserFactory
from accounts.throttling import throttle
from fleet.models import Allocation, VehicleEvent
from fleet.services import book_vehicle, remove_vehicle, report_problem
from fleet.tests.calendars import log, reserve
from fleet.tests.factories import VehicleFactory
from rides.models import Ride
from rides.tests.factories import OpenRideFactory, RideFactory

pytestmark = pytest.mark.django_db

URL = "/profile/delete/"
TRACES = ["xerxesname", "Xerxesfirst", "Xerxeslast", "xerxesmail", "Xerxes is me", "203.0.113.77"]


@pytest.fixture
def person():
    return UserFactory(
        username="xerxesname",
        first_name="Xerxesfirst",
        last_name="Xerxeslast",
        email="xerxesmail@example.com",
        about_me="Xerxes is me",
    )


def dump() -> str:
    """Every value of every table, as text, lower case."""
    with connection.cursor() as cursor:
        text = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            text += [f"{table}: {row}" for row in cursor.fetchall()]
    return "\n".join(text).lower()


def leave_traces(person, client):
    """Do what leaves a person's name or address somewhere."""
    RideFactory(rider=person)
    vehicle = VehicleFactory(owner=person)
    remove_vehicle(city="paris", vehicle_id=vehicle.id, by=person)
    for name in (person.username, person.email, person.username.upper()):
        data = {"username": name, "password": "wrong"}
        client.post("/login/", data, REMOTE_ADDR="203.0.113.77")
    TermsAcceptance.objects.create(user=person, version=1)
    NoticeFactory(user=person, text="Xerxesfirst, your booking was cancelled.")
    reported = VehicleFactory()
    report_problem(
        reporter=person,
        vehicle_city="paris",
        vehicle_id=reported.id,
        kind="dirty",
        text="Xerxesfirst saw it.",
        token="report",
    )
    starts_at = timezone.now() + timedelta(hours=1)
    book_vehicle(
        rider=person,
        vehicle_city="paris",
        vehicle_id=reported.id,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=1),
        description="Xerxesfirst moves",
        token="booking",
    )
    throttle("reset", person.email, limit=5)
    LogEntry.objects.create(
        user=StaffFactory(),
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(person.pk),
        object_repr=str(person),
        action_flag=CHANGE,
        change_message=f"renamed {person.username}",
    )


def test_nothing_of_the_person_is_left_in_any_table(person, client, client_of):
    leave_traces(person, client)
    before = dump()
    for trace in TRACES:
        assert trace.lower() in before, "the test must be able to find it"
    client_of(person).post(URL, {"password": PASSWORD})
    after = dump()
    assert [trace for trace in TRACES if trace.lower() in after] == []


def test_every_model_with_a_person_in_it_is_known_to_the_removal():
    """A new foreign key to people must be thought of: erased, or kept for a reason that stands here."""
    kept = {
        "admin.LogEntry",  # what staff did stays, under an emptied account; their name is in no column
        "accounts.User_groups",  # cleared
        "accounts.User_user_permissions",  # cleared
        "fleet.Vehicle",  # removed vehicles are released
        "rides.Ride",  # rides stay without a person
        "accounts.TermsAcceptance",  # erased
        "accounts.Notice",  # erased
        "fleet.Allocation",  # ended; what is past stays without a person
        "fleet.VehicleEvent",  # stay without a person
        "fleet.ProblemReport",  # stay without a person and without their words
        "otp_totp.TOTPDevice",  # erased
        "otp_static.StaticDevice",  # erased
    }
    pointing = {
        model._meta.label
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.get_fields()
        if field.many_to_one and field.related_model is User
    }
    assert pointing <= kept


def test_what_the_person_held_and_booked_is_free_again(person, client_of):
    held, booked = VehicleFactory(), VehicleFactory()
    reserve(person, held)
    starts_at = timezone.now() + timedelta(hours=1)
    booking = {"starts_at": starts_at, "ends_at": starts_at + timedelta(hours=1)}
    book_vehicle(rider=person, vehicle_city="paris", vehicle_id=booked.id, token="booking", **booking)
    client_of(person).post(URL, {"password": PASSWORD})
    assert not Allocation.objects.live().from_now_on(timezone.now()).exists()
    assert [types for types, _state in log(held)][1:] == [["reservation_start"], ["reservation_cancel"]]
    assert not VehicleEvent.objects.filter(actor_id__isnull=False).exists()


def test_the_ride_stays_without_its_person(person, client_of):
    ride = RideFactory(rider=person)
    client_of(person).post(URL, {"password": PASSWORD})
    ride = Ride.objects.get(pk=ride.pk)
    assert ride.rider is None
    assert ride.length


def test_the_name_and_the_address_are_free_again(person, client_of):
    client_of(person).post(URL, {"password": PASSWORD})
    again = UserFactory(username=person.username, email=person.email)
    assert again.pk != person.pk


def test_the_person_reads_that_it_is_done_and_is_logged_out_everywhere(person, client_of):
    client, other = client_of(person), client_of(person)
    page = client.post(URL, {"password": PASSWORD}, follow=True)
    assert "You have successfully deleted your account." in page.content.decode()
    assert client.get("/profile/").status_code == 302
    assert other.get("/profile/").status_code == 302


def test_a_last_mail_goes_to_the_old_address(person, client_of, mailoutbox, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        client_of(person).post(URL, {"password": PASSWORD})
    assert mailoutbox[0].to == ["xerxesmail@example.com"]


@pytest.mark.parametrize("password", ["", "wrong", "x" * 10_000, "null\0byte"])
def test_a_wrong_password_removes_nothing(person, client_of, password):
    page = client_of(person).post(URL, {"password": password})
    assert page.context["form"].errors["password"]
    assert User.objects.get(pk=person.pk).is_active


def test_nobody_leaves_while_riding(client_of):
    rider = OpenRideFactory().rider
    page = client_of(rider).post(URL, {"password": PASSWORD})
    assert "End your ride first" in page.content.decode()
    assert User.objects.get(pk=rider.pk).is_active


def test_nobody_leaves_vehicles_behind(person, client_of):
    VehicleFactory(owner=person)
    person.refresh_from_db()
    with pytest.raises(AccountRefused) as refused:
        remove_account(user=person)
    assert refused.value.code == "owns_vehicles"
    page = client_of(person).post(URL, {"password": PASSWORD})
    assert "Remove them first" in page.content.decode()


def test_a_refused_removal_erases_nothing(person):
    VehicleFactory(owner=person)
    ride = RideFactory(rider=person)
    TermsAcceptance.objects.create(user=person, version=1)
    with pytest.raises(AccountRefused):
        remove_account(user=person)
    ride.refresh_from_db()
    assert ride.rider_id == person.id
    assert person.terms_acceptances.exists()


def test_removing_twice_is_harmless(person):
    remove_account(user=person)
    remove_account(user=person)
    assert User.objects.filter(username__startswith="deleted-").count() == 1


def test_the_get_only_asks(person, client_of):
    client_of(person).get(URL)
    assert User.objects.get(pk=person.pk).is_active
