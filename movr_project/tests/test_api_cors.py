"""Browser apps on other origins: CORS, cookies and CSRF tokens."""

import pytest
from django.test import Client

from accounts.models import User
from accounts.tests.factories import StaffFactory, UserFactory
from movr_project.checks import check_origins
from movr_project.tests.api import JsonClient

pytestmark = pytest.mark.any_engine

APP, FOREIGN = "https://app.movr.example", "https://evil.example"
PROFILE, SESSION, CITIES = "/api/v1/profile", "/api/v1/session", "/api/v1/cities"


@pytest.fixture(autouse=True)
def origins(settings):
    settings.CORS_ALLOWED_ORIGINS = [APP]
    settings.CSRF_TRUSTED_ORIGINS = [APP]


@pytest.fixture
def app(db):
    """A browser in which someone is logged in, with CSRF checks on."""
    client = JsonClient(enforce_csrf_checks=True)
    client.force_login(UserFactory(username="ada"))
    return client


def allows(response):
    return {
        name.lower(): value for name, value in response.headers.items() if name.lower().startswith("access-control")
    }


def test_who_may_read_an_answer(db, subtests):
    for path, origin, allowed in (
        (CITIES, APP, True),
        ("/api/v1/nothing", APP, True),  # errors too
        (PROFILE, APP, True),
        (CITIES, FOREIGN, False),
        (CITIES, "null", False),
        (CITIES, "https://app.movr.example.evil.example", False),
        (CITIES, "http://app.movr.example", False),
        (CITIES, "https://APP.movr.example", False),
        (CITIES, None, False),
        ("/login/", APP, False),  # pages are not for apps
        ("/", APP, False),
    ):
        with subtests.test(path=path, origin=origin):
            response = Client().get(path, headers={"Origin": origin} if origin else {})
            found = allows(response)
            assert found.get("access-control-allow-origin") == (origin if allowed else None)
            assert found.get("access-control-allow-credentials") == ("true" if allowed else None)
            if path.startswith("/api/"):
                assert "origin" in response["Vary"].lower()
            if allowed:
                assert "ETag" in found["access-control-expose-headers"]


def test_preflight(db, subtests):
    for origin in (APP, FOREIGN, "null"):
        with subtests.test(origin):
            response = Client().options(
                PROFILE,
                headers={
                    "Origin": origin,
                    "Access-Control-Request-Method": "PATCH",
                    "Access-Control-Request-Headers": "if-match, x-csrftoken, idempotency-key",
                },
            )
            found = allows(response)
            assert response.status_code == 200
            assert ("access-control-allow-origin" in found) == (origin == APP)
            if origin == APP:
                assert "PATCH" in found["access-control-allow-methods"]
                names = {name.strip() for name in found["access-control-allow-headers"].split(",")}
                assert {"if-match", "x-csrftoken", "idempotency-key", "authorization", "x-second-factor"} <= names
                assert "*" not in response["Access-Control-Allow-Origin"]


def test_a_cookie_counts_only_from_an_allowed_origin(app, subtests):
    for headers, status in (
        ({"Origin": APP}, 200),
        ({"Origin": "http://testserver"}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": FOREIGN}, 401),
        ({"Origin": "null"}, 401),
        ({"Origin": FOREIGN, "Sec-Fetch-Site": "same-origin"}, 401),
        ({"Sec-Fetch-Site": "cross-site"}, 401),
        ({}, 401),
    ):
        with subtests.test(headers=headers):
            assert app.get(PROFILE, headers=headers).status_code == status


def test_writes_need_the_csrf_token(app, subtests):
    session = app.get(SESSION, headers={"Origin": APP}).json()
    assert session["username"] == "ada"
    base = {"Origin": APP, "If-Match": "*", "Referer": f"{APP}/"}
    for headers, status in (
        (base, 403),
        (base | {"X-CSRFToken": "x" * 64}, 403),
        (base | {"X-CSRFToken": session["csrf_token"], "Origin": FOREIGN}, 401),
        (base | {"X-CSRFToken": session["csrf_token"]}, 200),
    ):
        with subtests.test(headers=headers):
            response = app.patch(PROFILE, {"about_me": "Trains."}, headers=headers)
            assert response.status_code == status
            if status == 403:
                assert response.json()["code"] == "csrf_failed"
    assert User.objects.get(username="ada").about_me == "Trains."


def test_an_origin_that_only_reads(app, settings):
    settings.CSRF_TRUSTED_ORIGINS = []
    token = app.get(SESSION, headers={"Origin": APP}).json()["csrf_token"]
    headers = {"Origin": APP, "If-Match": "*", "X-CSRFToken": token}
    assert app.patch(PROFILE, {"about_me": "x"}, headers=headers).status_code == 403


def test_staff_need_their_second_factor_for_the_fleet(db, settings):
    """As for the admin: a session without it has no scope for the fleet."""
    from movr_project.api.authentication import session_scopes

    class Request:
        user = StaffFactory()

    settings.STAFF_SECOND_FACTOR = True
    assert "fleet:write" not in session_scopes(Request)
    assert "rides" in session_scopes(Request)
    settings.STAFF_SECOND_FACTOR = False
    assert "fleet:write" in session_scopes(Request)


def test_settings_that_dont_fit_together(settings, subtests):
    good = {
        "CORS_ALLOWED_ORIGINS": [APP],
        "CSRF_TRUSTED_ORIGINS": [APP],
        "SESSION_COOKIE_SECURE": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_DOMAIN": ".movr.example",
        "SITE_HOST": "www.movr.example",
    }
    for changes, ids in (
        ({}, []),
        ({"SITE_HOST": "movr.example"}, []),
        ({"CSRF_TRUSTED_ORIGINS": []}, ["movr.W003"]),
        ({"CORS_ALLOWED_ORIGINS": ["http://app.movr.example"]}, ["movr.W003", "movr.W004"]),
        ({"SESSION_COOKIE_SAMESITE": "Sometimes"}, ["movr.E002"]),
        ({"SESSION_COOKIE_SAMESITE": "None", "SESSION_COOKIE_SECURE": False}, ["movr.E003"]),
        ({"SITE_HOST": "www.othermovr.example"}, ["movr.E004"]),
    ):
        with subtests.test(**changes):
            for name, value in (good | changes).items():
                setattr(settings, name, value)
            assert [found.id for found in check_origins(None)] == ids
