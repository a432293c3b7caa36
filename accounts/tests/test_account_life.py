"""Managing one's own account, and seeing other people's profiles."""

import csv
import io
import json
import re
from datetime import timedelta
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.services import AccountRefused, move_home, register_rider
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tokens import confirmation_path
from cities.registry import registry
from fleet.tests.factories import VehicleFactory
from jobs.tests.work import run_jobs
from rides.models import Ride
from rides.services import RideRefused, start_ride
from rides.tests.factories import OpenRideFactory, RideFactory

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

EDIT = "/profile/edit/"
HOME = "/profile/home-city/"


def form_of(user, **changes):
    return {
        "username": user.username,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "about_me": user.about_me,
        "language": "",
        "theme": "auto",
        "is_listed": "on",
        **changes,
    }


# Editing


def test_a_person_edits_their_profile(rider, rider_client):
    changes = {"username": "Grace", "about_me": "I ride to work.", "theme": "dark"}
    page = rider_client.post(EDIT, form_of(rider, **changes), follow=True)
    assert "Your changes have been saved." in page.content.decode()
    rider.refresh_from_db()
    assert (rider.username, rider.about_me, rider.theme) == ("grace", "I ride to work.", "dark")


def test_the_form_shows_the_current_values(rider, rider_client):
    assert rider.email in rider_client.get(EDIT).content.decode()


@pytest.mark.parametrize("field", ["username", "email"])
def test_a_taken_name_is_an_error_at_its_field(rider, rider_client, field):
    other = UserFactory()
    changes = {field: getattr(other, field).upper(), "current_password": PASSWORD}
    page = rider_client.post(EDIT, form_of(rider, **changes))
    assert "Please use a different" in page.context["form"].errors[field][0]


def test_a_new_e_mail_address_needs_the_password(rider, rider_client):
    page = rider_client.post(EDIT, form_of(rider, email="new@example.com"))
    assert page.context["form"].errors["current_password"]
    rider.refresh_from_db()
    assert rider.email != "new@example.com"


def test_a_new_e_mail_address_must_be_confirmed_and_the_old_one_is_notified(
    rider, rider_client, mailoutbox, django_capture_on_commit_callbacks
):
    User.objects.filter(pk=rider.pk).update(email_confirmed_at=timezone.now())
    data = form_of(rider, email="new@example.com", current_password=PASSWORD)
    with django_capture_on_commit_callbacks(execute=True):
        rider_client.post(EDIT, data)
    assert {mail.to[0] for mail in mailoutbox} == {rider.email, "new@example.com"}
    rider.refresh_from_db()
    assert rider.email == "new@example.com"
    assert not rider.email_is_confirmed


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", "a/b"),
        ("username", "ab"),
        ("username", "x" * 65),
        ("username", "null\0byte"),
        ("first_name", ""),
        ("first_name", "x" * 10_000),
        ("email", "nonsense"),
        ("about_me", "x" * 141),
        ("theme", "pink"),
        ("language", "tlh"),
    ],
)
def test_invalid_input_is_an_error_at_its_field(rider, rider_client, field, value):
    data = form_of(rider, current_password=PASSWORD) | {field: value}
    page = rider_client.post(EDIT, data)
    assert field in page.context["form"].errors
    # Unsaved input must not show in the navigation.
    assert page.context["user"].first_name == rider.first_name


def test_nobody_edits_rights_or_counters(rider, rider_client):
    forged = {"is_staff": "on", "is_superuser": "on", "open_rides": 3, "city": "rome"}
    rider_client.post(EDIT, form_of(rider, **forged))
    rider.refresh_from_db()
    assert (rider.is_staff, rider.is_superuser, rider.open_rides, rider.city) == (
        False,
        False,
        0,
        "paris",
    )


def test_pages_come_in_the_chosen_language_or_else_in_the_browser_s(rider, rider_client, settings):
    settings.LANGUAGES = [("en", "English"), ("es", "Spanish")]
    spanish_browser = {"accept-language": "es"}
    assert rider_client.get("/profile/", headers=spanish_browser).headers["Content-Language"] == "es"
    User.objects.filter(pk=rider.pk).update(language="en")
    page = rider_client.get("/profile/", headers=spanish_browser)
    assert page.headers["Content-Language"] == "en"
    assert '<html lang="en"' in page.content.decode()


# Confirming the e-mail address


def confirm_link(mail):
    return re.search(r"https?://[^/]+(/email/confirm/\S+/)", mail.body)[1]


@pytest.fixture
def newcomer(mailoutbox, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        return register_rider(
            city="paris",
            first_name="Grace",
            last_name="Hopper",
            email="grace@example.com",
            username="grace",
            password=PASSWORD,
        )


def test_a_new_rider_is_mailed_a_link_whose_button_confirms_the_address(client, newcomer, mailoutbox):
    link = confirm_link(mailoutbox[0])
    assert newcomer.email in client.get(link).content.decode()
    newcomer.refresh_from_db()
    assert not newcomer.email_is_confirmed, "a GET changes nothing"
    page = client.post(link, follow=True)
    assert "Your e-mail address is confirmed" in page.content.decode()
    newcomer.refresh_from_db()
    assert newcomer.email_is_confirmed


def test_confirming_twice_is_no_error(client, newcomer):
    link = confirmation_path(str(newcomer.pk), newcomer.email)
    client.post(link)
    assert client.post(link).status_code == 302


def test_the_link_dies_after_three_days_and_with_the_address(client, newcomer):
    link = confirmation_path(str(newcomer.pk), newcomer.email)
    with time_machine.travel(timezone.now() + timedelta(days=3, minutes=1)):
        assert not client.post(link).context["valid"]
    User.objects.filter(pk=newcomer.pk).update(email="other@example.com")
    assert not client.post(link).context["valid"]


def test_a_forged_link_is_rejected_with_a_message(client, newcomer):
    assert not client.get("/email/confirm/forged/").context["valid"]


def test_the_link_can_be_sent_again_within_limits(
    client_of, newcomer, mailoutbox, settings, django_capture_on_commit_callbacks
):
    settings.MAILS_PER_HOUR = 1
    client = client_of(newcomer)
    for _time in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            page = client.post("/email/send/", follow=True)
    assert "Too many requests" in page.content.decode()
    assert len(mailoutbox) == 2  # from sign-up and from asking again


def test_without_an_address_it_is_requested(client_of):
    page = client_of(UserFactory(email=None)).post("/email/send/", follow=True)
    assert page.redirect_chain == [(EDIT, 302)]
    assert "has no e-mail address" in page.content.decode()


def test_riding_needs_a_confirmed_address_where_the_operator_wants_it(rider, rider_client, settings):
    settings.EMAIL_VERIFICATION = True
    vehicle = VehicleFactory()
    url = reverse("rides:ride_start", args=[vehicle.city, vehicle.public_id])
    page = rider_client.post(url, {"token": "a"}, follow=True)
    assert "confirm your e-mail address" in page.content.decode()
    with pytest.raises(RideRefused) as refused:
        start_ride(rider=rider, city=registry["paris"], vehicle_city="paris", vehicle_id=vehicle.id, token="b")
    assert refused.value.code == "email_unconfirmed"
    User.objects.filter(pk=rider.pk).update(email_confirmed_at=timezone.now())
    rider_client.post(url, {"token": "c"})
    assert Ride.objects.open().count() == 1


# Moving home


def test_a_person_moves_and_the_rides_come_along(rider, rider_client):
    ride = RideFactory(rider=rider)
    page = rider_client.post(HOME, {"city": "rome"}, follow=True)
    assert "Your home city is now Rome." in page.content.decode()
    ride.refresh_from_db()
    assert (ride.city, ride.rider_city) == ("paris", "rome")
    assert ride in Ride.objects.of_rider(User.objects.get(pk=rider.pk))


def test_an_owner_and_a_rider_on_the_way_stay(rider, rider_client):
    VehicleFactory(owner=rider)
    assert "Remove them first" in rider_client.get(HOME).content.decode()
    rider_client.post(HOME, {"city": "rome"})
    rider.refresh_from_db()
    assert rider.city == "paris"
    riding = OpenRideFactory().rider
    with pytest.raises(AccountRefused) as refused:
        move_home(user=riding, city=registry["rome"])
    assert refused.value.code == "riding"


def test_vehicles_that_were_removed_do_not_hold_anybody(rider, rider_client):
    vehicle = VehicleFactory(owner=rider)
    rider_client.post(reverse("fleet:vehicle_remove", args=["paris", vehicle.id]))
    rider_client.post(HOME, {"city": "rome"})
    rider.refresh_from_db()
    vehicle.refresh_from_db()
    assert rider.city == "rome"
    assert vehicle.owner_id is None


def test_an_unserved_city_is_no_home(rider, rider_client):
    page = rider_client.post(HOME, {"city": "chicago"})
    assert page.context["form"].errors["city"]


# Public profiles


def test_the_people_of_the_current_city_are_listed_except_hidden_ones(rider, rider_client):
    UserFactory(username="visible", first_name="Vera", last_name="Secret")
    UserFactory(username="hidden", is_listed=False)
    UserFactory(username="gone", is_active=False)
    UserFactory(username="roman", city="rome")
    page = rider_client.get("/users/")
    assert {person.username for person in page.context["page"]} == {"visible", rider.username}
    assert "Vera" in page.content.decode()
    assert "Secret" not in page.content.decode()
    assert "visible@example.com" not in page.content.decode()


def test_the_list_has_pages_and_costs_two_statements(rider_client, django_assert_num_queries):
    UserFactory.create_batch(30)
    with django_assert_num_queries(2):
        page = rider_client.get("/users/")
    assert len(page.context["page"]) == 25
    assert len(rider_client.get("/users/?page=2").context["page"]) == 6
    assert len(rider_client.get("/users/?page=99").context["page"]) == 0


def test_a_profile_shows_no_e_mail_and_no_last_name(rider_client):
    person = UserFactory(username="vera", last_name="Secret", about_me="Hello!")
    page = rider_client.get("/users/vera/").content.decode()
    assert "Hello!" in page
    assert "Secret" not in page
    assert person.email not in page


@pytest.mark.parametrize("name", ["nobody", "hidden", "gone", "%00", "x" * 5000])
def test_a_profile_that_is_not_to_be_seen_is_not_found(rider_client, name):
    UserFactory(username="hidden", is_listed=False)
    UserFactory(username="gone", is_active=False)
    assert rider_client.get(f"/users/{name}/").status_code == 404


def test_a_hidden_person_sees_their_own_page(rider, rider_client):
    User.objects.filter(pk=rider.pk).update(is_listed=False)
    assert rider_client.get(f"/users/{rider.username}/").status_code == 200


# Sessions and data


def test_logging_out_everywhere_ends_copied_sessions_too(rider, rider_client, client_of):
    copied = client_of(rider)
    page = rider_client.post("/profile/log-out-everywhere/", follow=True)
    assert "logged out on all devices" in page.content.decode()
    assert copied.get("/profile/").status_code == 302
    assert rider_client.get("/profile/").status_code == 302


def test_a_person_downloads_everything_about_them_and_nothing_of_others(rider, rider_client):
    ends = {"start_latitude": 48.85, "start_longitude": 2.35, "end_latitude": 48.86, "end_longitude": 2.36}
    ride = RideFactory(rider=rider, end_location="=1+1 & \x0b", **ends)
    RideFactory(end_location="Somebody else's", **ends)
    VehicleFactory(owner=rider, last_location="My garage")
    job_page = rider_client.post("/profile/data/").headers["Location"]
    again = rider_client.post("/profile/data/", follow=True)
    assert "This is already in progress." in again.text
    run_jobs()
    assert "movr-data.zip" in rider_client.get(job_page).text
    response = rider_client.get(f"{job_page}file/")
    assert "no-store" in response.headers["Cache-Control"]
    archive = ZipFile(io.BytesIO(b"".join(response.streaming_content)))
    data = json.loads(archive.read("movr-data.json"))
    assert data["account"]["email"] == rider.email
    assert [row["id"] for row in data["rides"]] == [str(ride.id)]
    assert [row["last_location"] for row in data["vehicles"]] == ["My garage"]
    (row,) = csv.DictReader(io.StringIO(archive.read("rides.csv").decode("utf-8-sig")))
    assert (row["id"], row["end_location"]) == (str(ride.id), "'=1+1 & \x0b")
    (route,) = ElementTree.fromstring(archive.read("rides.gpx"))  # noqa: S314  (our own)
    assert [point.attrib for point in route[1:]] == [
        {"lat": "48.850000", "lon": "2.350000"},
        {"lat": "48.860000", "lon": "2.360000"},
    ]
    text = "".join(archive.read(name).decode() for name in archive.namelist())
    assert "Somebody" not in text
    assert "pbkdf2" not in text
    assert rider.password not in text
    assert rider.session_epoch not in text


@pytest.mark.parametrize(
    "path",
    ["/profile/", EDIT, HOME, "/profile/password/", "/profile/data/", "/profile/delete/", "/users/", "/users/ada/"],
)
def test_nobody_logged_in_is_sent_to_the_log_in(client, path):
    assert client.get(path).headers["Location"].startswith("/login/?next=")


@pytest.mark.parametrize("path", ["/email/send/", "/profile/log-out-everywhere/"])
def test_changes_are_never_made_by_links(rider_client, path):
    assert rider_client.get(path).status_code == 405
