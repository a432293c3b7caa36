"""Error pages: a sentence and a way back."""

import logging
import re

import pytest
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import DatabaseError, connection
from django.test import Client
from django.urls import path
from pytest_django.asserts import assertContains, assertNotContains

from movr_project.db.retry import Busy
from movr_project.urls import handler400, handler403, handler404, handler500  # noqa: F401
from movr_project.urls import urlpatterns as movr_urls

pytestmark = [pytest.mark.django_db, pytest.mark.any_engine]

SECRET = "the password is 1234"


def raising(error):
    @login_not_required
    def view(request):
        raise error

    return view


urlpatterns = [
    *movr_urls,
    path("suspicious/", raising(SuspiciousOperation(SECRET))),
    path("forbidden/", raising(PermissionDenied(SECRET))),
    path("busy/", raising(Busy(SECRET))),
    path("broken/", raising(RuntimeError(SECRET))),
]

PAGES = [
    ("/suspicious/", 400, "Bad request"),
    ("/forbidden/", 403, "You don't have access"),
    ("/nowhere/", 404, "Nothing parked here"),
    ("/city/", 405, "This page can't be opened directly"),
    ("/broken/", 500, "We hit a pothole"),
    ("/busy/", 503, "Back in a moment"),
]
each_page = pytest.mark.parametrize(("url", "status", "heading"), PAGES)


@pytest.fixture(autouse=True)
def _pages_that_fail(settings, caplog):
    settings.ROOT_URLCONF = __name__
    caplog.set_level(logging.CRITICAL, logger="django")


@pytest.fixture
def client():
    """A client that returns error pages instead of raising, as browsers do."""
    return Client(raise_request_exception=False)


class TestEachPage:
    @each_page
    def test_it_says_what_happened(self, client, url, status, heading):
        assertContains(client.get(url), f"<h1>{heading}</h1>", status_code=status)

    @each_page
    def test_a_rider_sees_it_too(self, rider_client, url, status, heading):
        assertContains(rider_client.get(url), heading, status_code=status)

    @each_page
    def test_its_title_says_it(self, client, url, status, heading):
        assertContains(client.get(url), f"<title>{heading} · MovR</title>", status_code=status)

    @each_page
    def test_it_leads_back(self, client, url, status, heading):
        assertContains(client.get(url), 'href="/"', status_code=status)

    @each_page
    def test_it_reveals_nothing_about_the_error(self, client, url, status, heading):
        assertNotContains(client.get(url), SECRET, status_code=status)

    @each_page
    def test_it_queries_nothing(self, client, django_assert_num_queries, url, status, heading):
        with django_assert_num_queries(0):
            client.get(url)

    @each_page
    def test_it_lets_a_browser_run_nothing_inline(self, client, url, status, heading):
        assert "unsafe" not in client.get(url).headers["Content-Security-Policy"]


class TestWithoutTheDatabase:
    @pytest.fixture(autouse=True)
    def _a_database_that_only_fails(self, rider_client):
        def fail(execute, sql, params, many, context):
            raise DatabaseError(SECRET)

        with connection.execute_wrapper(fail):
            yield

    @pytest.mark.parametrize("url", ["/vehicles/", "/rides/", "/profile/", "/"])
    def test_a_rider_reads_that_something_went_wrong(self, rider_client, url):
        assertContains(rider_client.get(url), "We hit a pothole", status_code=500)

    @pytest.mark.parametrize("url", ["/", "/login/"])
    def test_a_stranger_notices_nothing(self, url):
        assert Client().get(url).status_code == 200

    @each_page
    def test_every_error_has_its_page(self, url, status, heading):
        stranger = Client(raise_request_exception=False)
        assertContains(stranger.get(url), heading, status_code=status)


class TestNothingHere:
    @pytest.mark.parametrize(
        "url",
        [
            "/vehicles/paris/",
            "/vehicles/paris/not-a-uuid/",
            "/vehicles/atlantis/142b7c9e-6227-4dbb-b188-b1dac57d5521/",
            "/vehicles/Paris/142b7c9e-6227-4dbb-b188-b1dac57d5521/",
            "/rides/paris/142b7c9e-6227-4dbb-b188-b1dac57d5521/",
            "/rides/paris/not-a-uuid/",
            "/v/PAR22222/",
            "/v/ZZZ22222/",
            "/v/P/",
            f"/v/PAR{'2' * 5000}/",
            "/v/%00/",
            "/%00/",
            "/🚲/",
            "/%ff%fe/",
            "/../../etc/passwd",
            f"/{'x' * 5000}/",
            "/favicon.php",
        ],
    )
    def test_an_address_that_leads_nowhere_is_no_error_of_ours(self, rider_client, url):
        assertContains(rider_client.get(url), "Nothing parked here", status_code=404)

    def test_a_forgotten_slash_is_forgiven(self, rider_client):
        assert rider_client.get("/vehicles").headers["Location"] == "/vehicles/"


class TestABadRequest:
    @pytest.mark.parametrize("host", ["evil.example", "", "a b", "testserver:x", "\x00", "x" * 5000])
    def test_another_host(self, client, host):
        page = client.get("/", headers={"host": host})
        assertContains(page, "Bad request", status_code=400)

    def test_more_fields_than_any_form_has(self, client):
        page = client.post("/city/", {f"field{number}": "x" for number in range(1001)})
        assertContains(page, "Bad request", status_code=400)

    def test_more_text_than_any_form_takes(self, client):
        body = "city=" + "x" * 3_000_000
        page = client.post("/city/", body, content_type="application/x-www-form-urlencoded")
        assertContains(page, "Request too large", status_code=413)


class TestAFormWithoutItsToken:
    @pytest.fixture
    def client(self):
        return Client(enforce_csrf_checks=True)

    def test_the_person_reads_what_to_do(self, client):
        page = client.post("/login/", {"username": "ada", "password": "x"})
        assertContains(page, "<h1>Please submit the form again</h1>", status_code=403)

    def test_an_invalid_token_is_rejected(self, client):
        page = client.post("/login/", {"csrfmiddlewaretoken": "x" * 64})
        assertContains(page, "Please submit the form again", status_code=403)

    def test_the_page_queries_nothing(self, client, django_assert_num_queries):
        with django_assert_num_queries(0):
            client.post("/login/")

    def test_a_page_that_grew_too_old_keeps_what_was_typed_but_for_secrets(self, client):
        form = {"username": "ada <b>", "password": SECRET, "csrfmiddlewaretoken": "x" * 64}
        page = client.post("/login/?next=/rides/", form, headers={"Origin": "http://testserver"})
        html = page.content.decode()
        assert 'name="username" value="ada &lt;b&gt;"' in html
        assert 'action="/login/?next=/rides/"' in html
        assert SECRET not in html
        token = re.search('name="csrfmiddlewaretoken" value="([^"]+)"', html)[1]
        again = client.post("/city/", {"city": "rome", "csrfmiddlewaretoken": token})
        assert again.status_code == 302, "the button's own token is good"

    @pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://testserver", ""])
    def test_a_form_of_another_site_is_not_offered_to_be_sent_again(self, client, origin):
        page = client.post("/city/", {"city": "rome"}, headers={"Origin": origin} if origin else {})
        assertNotContains(page, "rome", status_code=403)
        assertNotContains(page, "<form", status_code=403)

    def test_a_form_from_our_page_is_accepted(self, client):
        client.get("/login/")
        form = {"city": "rome", "csrfmiddlewaretoken": client.cookies["csrftoken"].value}
        assert client.post("/city/", form).status_code == 302
