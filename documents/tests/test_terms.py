"""Acceptances of the terms, and asking again when a new version requires it."""

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import PASSWORD, StaffFactory, UserFactory
from documents.current import Kind, documents
from documents.models import Document, TermsAcceptance
from documents.services import TermsRefused, accept_terms, publish_document, terms_to_accept
from fleet.tests.factories import VehicleFactory
from movr_project.tests.pages import page
from movr_project.tests.threads import at_once
from rides.models import Ride
from rides.tests.factories import OpenRideFactory

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

ACCEPT = "/terms/accept/"


@pytest.fixture
def new_terms():
    return publish_document(kind=Kind.TERMS, text="# New words", must_accept=True)


def asked(response):
    return response.status_code == 302 and response["Location"].startswith(ACCEPT)


def accepted(user):
    user.refresh_from_db()
    rows = TermsAcceptance.objects.filter(user=user).order_by("version").values_list("version", flat=True)
    return user.terms_version, list(rows)


# --- Registering --------------------------------------------------------------------------------


def register(client):
    data = {
        "city": "paris",
        "first_name": "Ada",
        "email": "ada@example.com",
        "password": PASSWORD,
    }
    assert client.post("/register/", data).status_code == 302
    return User.objects.get(username="ada")


def test_signing_up_accepts_the_newest_terms(client, new_terms):
    before = timezone.now()
    user = register(client)
    assert accepted(user) == (2, [2])
    assert before <= user.terms_acceptances.get().accepted_at <= timezone.now()
    client.force_login(user)
    assert client.get("/vehicles/").status_code == 200


def test_people_can_sign_up_without_any_terms(client):
    Document.objects.all().delete()
    documents.clear()
    assert accepted(register(client)) == (0, [])


def test_the_form_says_what_is_accepted(client):
    sentence = page(client.get("/register/")).one("p", text="By signing up you accept the")
    assert "/terms/" in {link["href"] for link in sentence.all("a")}


# --- Being asked --------------------------------------------------------------------------------


def test_the_first_terms_ask_nobody(rider_client):
    assert rider_client.get("/vehicles/").status_code == 200


def test_a_minor_change_asks_no_one(rider_client):
    publish_document(kind=Kind.TERMS, text="A typo less")
    assert rider_client.get("/vehicles/").status_code == 200


def test_a_major_change_asks_on_the_next_page_and_returns_there(rider_client, rider, new_terms):
    response = rider_client.get("/vehicles/?type=bike")
    assert response["Location"] == f"{ACCEPT}?next=%2Fvehicles%2F%3Ftype%3Dbike"
    page = rider_client.get(response["Location"])
    assert "New words" in page.content.decode()
    assert 'name="version" value="2"' in page.content.decode()
    response = rider_client.post(ACCEPT, {"version": 2, "next": page.context["next"]})
    assert response["Location"] == "/vehicles/?type=bike"
    assert accepted(rider) == (2, [2])
    assert rider_client.get("/vehicles/").status_code == 200


def test_someone_who_skipped_the_one_that_matters_is_asked_for_the_newest(rider_client, rider, new_terms):
    publish_document(kind=Kind.TERMS, text="# Newer words")
    assert asked(rider_client.get("/vehicles/"))
    assert "Newer words" in rider_client.get(ACCEPT).content.decode()
    rider_client.post(ACCEPT, {"version": 3})
    assert accepted(rider) == (3, [3])


def test_asking_costs_no_extra_query(rider_client, django_assert_num_queries, new_terms):
    documents.kept  # noqa: B018 (reload after the change)
    with django_assert_num_queries(1):  # the user
        assert asked(rider_client.get("/vehicles/"))


def test_an_everyday_page_costs_no_query_more(rider_client, rider, django_assert_num_queries, new_terms):
    accept_terms(user=rider, version=2)
    with django_assert_num_queries(2):
        assert rider_client.get("/vehicles/").status_code == 200


@pytest.mark.parametrize("url", ["/terms/", "/terms/1/", "/privacy/", "/help/", "/health/", ACCEPT])
@pytest.mark.usefixtures("new_terms")
def test_what_stays_open_to_read(rider_client, url):
    assert rider_client.get(url).status_code == 200


@pytest.mark.parametrize("url", ["/profile/", "/profile/delete/", "/profile/data/", "/profile/password/"])
@pytest.mark.usefixtures("new_terms")
def test_people_can_leave_instead_with_their_data(rider_client, url):
    assert rider_client.get(url).status_code == 200


@pytest.mark.usefixtures("new_terms")
def test_an_owner_takes_the_vehicles_off_the_road_and_leaves(rider_client, rider):
    vehicle = VehicleFactory(owner=rider)
    assert rider_client.get(vehicle.get_absolute_url()).status_code == 200
    rider_client.post(f"{vehicle.get_absolute_url()}remove/")
    rider_client.post("/profile/delete/", {"password": PASSWORD})
    rider.refresh_from_db()
    assert rider.is_removed


@pytest.mark.parametrize("url", ["/logout/", "/profile/log-out-everywhere/"])
@pytest.mark.usefixtures("new_terms")
def test_people_can_log_out_instead(rider_client, url):
    assert rider_client.post(url)["Location"] == "/login/"
    assert rider_client.get("/profile/")["Location"].startswith("/login/")


@pytest.mark.usefixtures("new_terms")
def test_staff_go_on_working_in_the_admin(client):
    client.force_login(StaffFactory())
    assert client.get("/admin/").status_code == 200
    assert client.get("/profile/second-factor/").status_code == 302
    assert asked(client.get("/vehicles/"))


@pytest.mark.usefixtures("new_terms")
def test_nobody_logged_in_is_asked_nothing(client):
    assert client.get("/").status_code == 200
    assert client.get("/login/").status_code == 200
    assert client.get("/vehicles/")["Location"].startswith("/login/")


@pytest.mark.usefixtures("new_terms")
def test_someone_riding_ends_the_ride_first(client):
    ride = OpenRideFactory()
    client.force_login(ride.rider)
    url = f"/rides/{ride.city}/{ride.id}/"
    assert client.get(url).status_code == 200
    client.post(url + "end/", {"end_location": "Louvre"})
    ride.refresh_from_db()
    assert not ride.is_open
    assert asked(client.get("/vehicles/"))


@pytest.mark.usefixtures("new_terms")
def test_a_form_that_was_sent_is_not_lost_silently(rider_client):
    vehicle = VehicleFactory()
    start = f"/rides/start/{vehicle.city}/{vehicle.public_id}/"
    response = rider_client.post(start, headers={"referer": "http://testserver/vehicles/?type=bike"})
    assert response["Location"] == f"{ACCEPT}?next=%2Fvehicles%2F%3Ftype%3Dbike"
    assert "then submit your form again" in rider_client.get(response["Location"]).content.decode()
    assert not Ride.objects.exists()


@pytest.mark.parametrize("referer", ["", "https://evil.example/x", "//evil.example", "nonsense", "javascript:x"])
@pytest.mark.usefixtures("new_terms")
def test_after_a_form_without_a_referrer_people_go_home(rider_client, referer):
    response = rider_client.post("/profile/edit/", headers={"referer": referer})
    assert response["Location"] == f"{ACCEPT}?next=%2F"


# --- Accepting ----------------------------------------------------------------------------------


def test_accepting_twice_is_as_once(rider_client, rider, new_terms):
    for _click in range(2):
        assert rider_client.post(ACCEPT, {"version": 2})["Location"] == "/"
    assert accepted(rider) == (2, [2])


def test_what_was_accepted_before_stays_on_record(rider, new_terms):
    TermsAcceptance.objects.create(user=rider, version=1)
    accept_terms(user=rider, version=2)
    assert accepted(rider) == (2, [1, 2])


def test_someone_elses_acceptance_does_not_count(rider_client, rider, new_terms):
    other = UserFactory()
    rider_client.post(ACCEPT, {"version": 2, "user": str(other.pk), "user_id": str(other.pk)})
    assert accepted(other) == (0, [])


@pytest.mark.parametrize("version", ["", "1", "3", "0", "-2", "2.0", "x", "²", "\x00", "9" * 99])
def test_only_the_terms_shown_are_accepted(rider_client, rider, new_terms, version):
    page = rider_client.post(ACCEPT, {"version": version, "next": "/vehicles/"})
    assert page.status_code == 409
    assert "have just changed" in page.content.decode()
    assert page.context["next"] == "/vehicles/"
    assert accepted(rider) == (0, [])


def test_terms_that_another_process_published_are_known_when_they_are_accepted(rider):
    assert terms_to_accept() == 1
    Document.objects.bulk_create([Document(kind="terms", version=2, text="x", must_accept=True)])
    assert terms_to_accept() == 1
    accept_terms(user=rider, version=2)
    assert accepted(rider) == (2, [2])


def test_the_refusal_has_a_code(rider):
    with pytest.raises(TermsRefused) as refused:
        accept_terms(user=rider, version=9)
    assert refused.value.code == "terms_changed"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\evil"])
def test_accepting_sends_nobody_to_another_site(rider_client, new_terms, target):
    assert rider_client.post(ACCEPT, {"version": 2, "next": target})["Location"] == "/"


def test_someone_who_has_accepted_is_sent_on(rider_client, rider, new_terms):
    accept_terms(user=rider, version=2)
    assert rider_client.get(ACCEPT, {"next": "/vehicles/"})["Location"] == "/vehicles/"


def test_without_terms_there_is_nothing_to_accept(rider_client):
    Document.objects.all().delete()
    documents.clear()
    assert rider_client.get(ACCEPT)["Location"] == "/"


def test_nobody_accepts_before_logging_in(client, new_terms):
    for response in (client.get(ACCEPT), client.post(ACCEPT, {"version": 2})):
        assert response["Location"].startswith("/login/")
    assert not TermsAcceptance.objects.exists()


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_by_a_form_only(rider_client, method):
    assert getattr(rider_client, method)(ACCEPT).status_code == 405


def test_looking_at_them_accepts_nothing(rider_client, rider, new_terms):
    rider_client.get(ACCEPT, {"version": 2})
    assert accepted(rider) == (0, [])


def test_a_forged_form_accepts_nothing(rider, new_terms):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(rider)
    assert browser.post(ACCEPT, {"version": 2}).status_code == 403
    assert accepted(rider) == (0, [])


@pytest.mark.django_db(transaction=True)
def test_accepting_at_once_is_as_once():
    publish_document(kind=Kind.TERMS, text="# New words", must_accept=True)
    rider = UserFactory()
    accept = [lambda: accept_terms(user=User.objects.get(pk=rider.pk), version=2)] * 5
    assert at_once(*accept) == [None] * 5
    assert accepted(rider) == (2, [2])


def test_an_older_acceptance_that_arrives_late_takes_nothing_back(rider, new_terms):
    from documents.services import record_acceptance

    record_acceptance(rider, 2)
    record_acceptance(rider, 1)
    assert accepted(rider) == (2, [1, 2])
