"""Log in by username or e-mail address, and continue to the requested page."""

import pytest
from django.conf import settings as movr_settings
from django.contrib.auth import get_user
from django.urls import reverse
from django.utils.html import escape
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.tests.factories import PASSWORD, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

URL = "/login/"
VEHICLES = "/vehicles/"
TARGET = "/rides/?page=2"
REFUSED = "Invalid user credentials. If you aren't registered with MovR, sign up!"
SESSION = movr_settings.SESSION_COOKIE_NAME


@pytest.fixture(autouse=True)
def ada():
    return UserFactory(username="ada", email="ada@example.com")


def log_in(client, username="ada", password=PASSWORD, **form):
    return client.post(URL, {"username": username, "password": password, **form})


def is_logged_in(client):
    return get_user(client).is_authenticated


class TestItWorks:
    @pytest.mark.parametrize("name", ["ada", "ADA", " Ada ", "ada@example.com", "Ada@Example.COM", " ada@example.com "])
    def test_with_username_or_e_mail_in_any_case(self, client, name):
        assertRedirects(log_in(client, name), VEHICLES)

    def test_with_an_e_mail_address_longer_than_any_username(self, client):
        address = f"{'x' * 60}@{'y' * 60}.example.com"
        UserFactory(email=address)
        assertRedirects(log_in(client, address), VEHICLES)

    def test_the_page_logs_the_user_in(self, client, ada):
        log_in(client)
        assert get_user(client) == ada

    def test_twice_is_as_good_as_once(self, client):
        log_in(client)
        assertRedirects(log_in(client), VEHICLES)

    def test_a_stranger_choosing_a_city_keeps_it(self, client):
        client.post("/city/", {"city": "boston"})
        log_in(client)
        assert client.get(VEHICLES).wsgi_request.city.name == "boston"

    def test_the_page_says_where_to_sign_up(self, client):
        assertContains(client.get(URL), f'href="{reverse("accounts:register")}"')


class TestItIsRefused:
    @pytest.mark.parametrize(
        ("name", "password"),
        [
            ("ada", "wrong"),
            ("ada", PASSWORD.upper()),
            ("ada", f"{PASSWORD} "),
            ("ada@example.com", "wrong"),
            ("nobody", PASSWORD),
            ("nobody@example.com", PASSWORD),
            ("ada@", PASSWORD),
            ("a" * 254, PASSWORD),
            ("a" * 10_000, PASSWORD),
            ("ada", "x" * 10_000),
            ("🚲", "🚲"),
            ("' OR 1=1 --", "' OR 1=1 --"),
            ("ada%", PASSWORD),
        ],
    )
    def test_with_the_same_words_whatever_is_wrong(self, client, name, password):
        page = log_in(client, name, password)
        assert page.context["form"].errors == {"__all__": [REFUSED]}
        assert not is_logged_in(client)

    def test_with_the_same_words_for_a_deactivated_account(self, client, ada):
        ada.is_active = False
        ada.save(update_fields=["is_active"])
        assertContains(log_in(client), escape(REFUSED))

    def test_with_an_unusable_password(self, client, ada):
        ada.set_unusable_password()
        ada.save(update_fields=["password"])
        assertContains(log_in(client, password=ada.password), escape(REFUSED))

    @pytest.mark.parametrize("field", ["username", "password"])
    @pytest.mark.parametrize("value", ["", "\x00", "ada\x00"])
    def test_without_a_value_that_can_be_one(self, client, field, value):
        page = log_in(client, **{field: value})
        assert field in page.context["form"].errors
        assert not is_logged_in(client)

    def test_without_anything(self, client):
        assert client.post(URL).context["form"].errors.keys() == {"username", "password"}

    def test_the_password_does_not_come_back(self, client):
        assertNotContains(log_in(client, "nobody"), PASSWORD)

    @pytest.mark.parametrize("method", ["put", "patch", "delete"])
    def test_by_another_method(self, client, method):
        assert getattr(client, method)(URL).status_code == 405


class TestRememberMe:
    def test_the_session_ends_with_the_browser(self, client):
        log_in(client)
        cookie = client.cookies[SESSION]
        assert (cookie["max-age"], cookie["expires"]) == ("", "")

    def test_remember_me_keeps_the_session(self, client):
        log_in(client, remember_me="on")
        assert client.cookies[SESSION]["max-age"] == 14 * 24 * 60 * 60

    def test_a_page_visited_later_does_not_lengthen_the_session(self, client):
        log_in(client)
        client.post("/city/", {"city": "rome"})  # rewrites the session
        assert client.cookies[SESSION]["max-age"] == ""

    def test_scripts_can_not_read_the_cookie(self, client):
        log_in(client)
        assert client.cookies[SESSION]["httponly"]


class TestGoingOn:
    def test_to_the_requested_page(self, client):
        assertRedirects(log_in(client, next=TARGET), TARGET)

    def test_from_a_page_for_riders_one_gets_here_and_back(self, client):
        page = client.get(TARGET)
        assertRedirects(page, f"{URL}?next=/rides/%3Fpage%3D2")
        assertContains(client.get(page.url), f'<input type="hidden" name="next" value="{TARGET}">', html=True)

    def test_the_way_to_signing_up_leads_there_too(self, client):
        assertContains(client.get(URL, {"next": TARGET}), "/register/?next=%2Frides%2F%3Fpage%3D2")

    @pytest.mark.parametrize(
        "target",
        [
            "///evil.example/x",
            "/\\evil.example/x",
            "\\\\evil.example/x",
            "http:///evil.example/x",
            "https:evil.example/x",
            "javascript:alert(1)",
            "//evil.example",
            "https://evil.example/",
            "\x00",
        ],
    )
    def test_but_not_off_the_site(self, client, target):
        assertRedirects(log_in(client, next=target), VEHICLES)


class TestLoggedIn:
    def test_is_sent_to_the_vehicles(self, rider_client):
        assertRedirects(rider_client.get(URL), VEHICLES)

    def test_is_sent_to_where_they_were_going(self, rider_client):
        assertRedirects(rider_client.get(URL, {"next": TARGET}), TARGET)

    @pytest.mark.parametrize("target", [URL, f"{URL}?next={URL}", f"{URL}?next=/rides/"])
    def test_is_not_sent_round_in_a_circle(self, rider_client, target):
        assertRedirects(rider_client.get(URL, {"next": target}), VEHICLES)

    def test_does_not_become_someone_else_by_posting(self, rider_client, rider):
        log_in(rider_client)
        assert get_user(rider_client) == rider


def test_someone_who_was_logged_out_while_sending_a_form_goes_back_to_its_page(client):
    page = client.post(
        "/rides/start/paris/00000000-0000-0000-0000-000000000001/",
        headers={"referer": "http://testserver/vehicles/?type=bike"},
    )
    assert page.headers["Location"] == "/login/?next=/vehicles/%3Ftype%3Dbike"
