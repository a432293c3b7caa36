"""Logging out, and ending sessions that someone has copied."""

import pytest
from django.conf import settings as movr_settings
from django.contrib.auth import get_user
from django.test import Client
from pytest_django.asserts import assertContains, assertRedirects

from accounts.models import new_session_epoch

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

LOGOUT = "/logout/"
PROFILE = "/profile/"


def is_logged_in(client):
    return get_user(client).is_authenticated


@pytest.fixture
def copied(rider_client):
    """Another client with a copy of the rider's session cookie."""
    client = Client()
    name = movr_settings.SESSION_COOKIE_NAME
    client.cookies[name] = rider_client.cookies[name].value
    return client


class TestLoggingOut:
    def test_it_ends_the_session(self, rider_client):
        rider_client.post(LOGOUT)
        assert not is_logged_in(rider_client)

    def test_the_person_is_notified(self, rider_client):
        page = rider_client.post(LOGOUT, follow=True)
        assertContains(page, "You have successfully logged out.")

    def test_the_person_is_sent_to_the_log_in(self, rider_client):
        assertRedirects(rider_client.post(LOGOUT), "/login/")

    def test_a_second_time_does_no_harm(self, rider_client):
        rider_client.post(LOGOUT)
        assertRedirects(rider_client.post(LOGOUT), "/login/")

    def test_nobody_logged_in_is_sent_to_the_log_in(self, client):
        assertRedirects(client.post(LOGOUT), "/login/")

    def test_nothing_of_the_session_stays(self, rider_client):
        rider_client.post("/city/", {"city": "boston"})
        rider_client.post(LOGOUT)
        assert rider_client.get("/").wsgi_request.city.name == "new york"

    @pytest.mark.parametrize("method", ["get", "head", "put", "delete"])
    def test_a_link_or_another_method_logs_nobody_out(self, rider_client, method):
        assert getattr(rider_client, method)(LOGOUT).status_code == 405
        assert is_logged_in(rider_client)

    def test_another_site_can_not_log_someone_out(self, rider):
        client = Client(enforce_csrf_checks=True)
        client.force_login(rider)
        assert client.post(LOGOUT).status_code == 403
        assert is_logged_in(client)

    def test_it_does_not_lead_off_the_site(self, rider_client):
        page = rider_client.post(LOGOUT, {"next": "https://evil.example/"})
        assertRedirects(page, "/login/")


class TestACopiedSession:
    def test_it_lives_until_something_ends_it(self, copied):
        assert copied.get(PROFILE).status_code == 200

    def test_it_ends_with_the_epoch(self, copied, rider):
        rider.session_epoch = new_session_epoch()
        rider.save(update_fields=["session_epoch"])
        assertRedirects(copied.get(PROFILE), f"/login/?next={PROFILE}")

    def test_it_ends_with_the_password(self, copied, rider):
        rider.set_password("another-strange-word")
        rider.save(update_fields=["password"])
        assertRedirects(copied.get(PROFILE), f"/login/?next={PROFILE}")

    def test_it_ends_with_the_account(self, copied, rider):
        rider.is_active = False
        rider.save(update_fields=["is_active"])
        assertRedirects(copied.get(PROFILE), f"/login/?next={PROFILE}")

    def test_it_survives_a_new_secret_key_while_the_old_one_is_kept(self, copied, settings):
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = "a-new-secret"
        assert copied.get(PROFILE).status_code == 200

    def test_it_ends_with_the_secret_key(self, copied, settings):
        settings.SECRET_KEY = "a-new-secret"
        assertRedirects(copied.get(PROFILE), f"/login/?next={PROFILE}")

    @pytest.mark.parametrize("cookie", ["", "junk", "a:b:c", "\x00", "é", "x" * 10_000])
    def test_a_forged_one_belongs_to_no_one(self, client, cookie):
        client.cookies[movr_settings.SESSION_COOKIE_NAME] = cookie
        assert client.get("/").status_code == 200
        assert client.get(PROFILE).status_code == 302


def test_every_epoch_is_another():
    epochs = {new_session_epoch() for _number in range(100)}
    assert len(epochs) == 100
