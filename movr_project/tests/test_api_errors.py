"""Every error of the API is a problem document, whatever is sent."""

import json
from unittest import mock

import pytest
from django.db import OperationalError
from django.test import Client

from accounts.tests.factories import UserFactory
from documents.services import publish_document
from movr_project.api.errors import STATUS_OF_CODE, status_of
from movr_project.db.retry import Busy, OutcomeUnknown
from movr_project.errors import Refused
from movr_project.tests.api import JSON, JsonClient, api_client

from .refusals import REFUSALS, listed_codes

pytestmark = pytest.mark.any_engine

CITIES, USERS, PROFILE = "/api/v1/cities", "/api/v1/users", "/api/v1/profile"
MEMBERS = {"type", "title", "status", "detail", "instance", "code", "error", "message"}


def assert_problem(response, status, code):
    body = json.loads(response.content)
    assert (response.status_code, body["code"]) == (status, code)
    assert response["Content-Type"] == "application/problem+json"
    assert set(body) >= MEMBERS
    assert body["status"] == status
    assert body["error"] == body["title"]
    assert body["message"] == body["detail"]
    assert body["instance"] == response.wsgi_request.path
    return body


def test_requests_that_no_endpoint_takes(db, subtests):
    client = JsonClient()
    long = "x" * 11_000
    for method, path, headers, status, code in (
        ("GET", "/api/", {}, 404, "not_found"),
        ("POST", "/api/v1/nothing", {"Accept": "text/html"}, 404, "not_found"),
        ("GET", "/api/v2/cities", {"Accept": "text/html"}, 404, "not_found"),
        ("GET", f"{CITIES}/", {}, 404, "not_found"),
        ("GET", f"{CITIES}/atlantis", {}, 404, "not_found"),
        ("GET", f"{CITIES}/paris%00", {}, 404, "not_found"),
        ("GET", f"{CITIES}/%ff%fe", {}, 404, "not_found"),
        ("DELETE", CITIES, {}, 405, "method_not_allowed"),
        ("TRACE", CITIES, {}, 405, "method_not_allowed"),
        ("PROPFIND", CITIES, {}, 405, "method_not_allowed"),
        ("OPTIONS", CITIES, {}, 405, "method_not_allowed"),
        ("GET", CITIES, {"Accept": "text/html"}, 406, "not_acceptable"),
        ("GET", CITIES, {"Accept": "application/json;q=0, */*"}, 406, "not_acceptable"),
        ("GET", f"{CITIES}?x=1", {}, 422, "invalid"),
        ("GET", f"{CITIES}?page=1&page=2", {}, 422, "invalid"),
        ("GET", f"{CITIES}?page=%00", {}, 422, "invalid_characters"),
        ("GET", f"{CITIES}?page=%ff", {}, 422, "invalid"),
        *(
            ("GET", f"{CITIES}?{name}={value}", {}, 422, "invalid")
            for name, value in [
                ("page", "0"),
                ("page", "-1"),
                ("page", "1.5"),
                ("page", ""),
                ("page", "9" * 5000),
                ("page", "1001"),
                ("per_page", "101"),
                ("per_page", "many"),
            ]
        ),
        ("GET", f"{CITIES}?page={long}", {}, 414, "address_too_long"),
        ("GET", PROFILE, {}, 401, "not_authenticated"),
        ("GET", PROFILE, {"Authorization": "Bearer"}, 401, "invalid_token"),
        ("GET", PROFILE, {"Authorization": "Bearer é"}, 401, "invalid_token"),
        ("GET", PROFILE, {"Authorization": "Bearer movr_p_" + "x" * 43}, 401, "invalid_token"),
        ("GET", PROFILE, {"Authorization": "Bearer movr_c_" + "x" * 43}, 401, "invalid_token"),
        ("GET", PROFILE, {"Authorization": "Basic YTpi"}, 401, "invalid_token"),
    ):
        with subtests.test(method=method, path=path[:60], headers=headers):
            response = client.generic(method, path, headers=headers)
            assert_problem(response, status, code)
            if status == 401:
                assert response["WWW-Authenticate"] == 'Bearer realm="MovR"'
            if status == 405:
                assert response["Allow"] == "GET, HEAD"


def test_bodies_that_are_not_json(db, subtests):
    client = JsonClient()
    good = b'{"username": "a", "email": "b", "password": "c"}'
    for name, body, content_type, status, code in (
        ("a form", b"username=ada", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        ("XML", b"<a/>", "application/xml", 415, "unsupported_media_type"),
        ("parts", b"--x--", "multipart/form-data; boundary=x", 415, "unsupported_media_type"),
        ("bad parts", b"--x--", "multipart/form-data", 400, "bad_request"),
        ("no type", good, "", 415, "unsupported_media_type"),
        ("too large", b" " * 70_000, JSON, 413, "too_large"),
        ("empty", b"", JSON, 422, "invalid"),
        ("cut off", b'{"username": ', JSON, 400, "malformed"),
        ("not UTF-8", b'{"username": "\xff"}', JSON, 400, "malformed"),
        ("UTF-16", good.decode().encode("utf-16"), JSON, 400, "malformed"),
        ("a zero", b'{"username": "a\\u0000"}', JSON, 400, "malformed"),
        ("half a pair", b'{"username": "\\ud800"}', JSON, 400, "malformed"),
        ("NaN", b'{"username": NaN}', JSON, 400, "malformed"),
        ("infinite", b'{"username": 1e999}', JSON, 400, "malformed"),
        ("huge", b'{"username": ' + b"9" * 5000 + b"}", JSON, 400, "malformed"),
        ("large", b'{"username": 99999999999999999999}', JSON, 400, "malformed"),
        ("deep", b"[" * 60_000, JSON, 400, "malformed"),
        ("deep and closed", b"[" * 30_000 + b"]" * 30_000, JSON, 400, "malformed"),
        ("nested", b'{"username":' * 20 + b"1" + b"}" * 20, JSON, 400, "malformed"),
        ("twice", b'{"username": "a", "username": "b"}', JSON, 400, "malformed"),
        ("a number", b"7", JSON, 422, "invalid"),
        ("a list", b"[]", JSON, 422, "invalid"),
        ("null", b"null", JSON, 422, "invalid"),
        ("a wrong kind", b'{"username": {"$gt": ""}}', JSON, 422, "invalid"),
    ):
        with subtests.test(name):
            assert_problem(client.generic("POST", USERS, body, content_type), status, code)


def test_what_goes_wrong_inside(db, subtests):
    rider = UserFactory()
    client = api_client(rider)
    client.raise_request_exception = False
    broken = OperationalError()
    for error, status, code in (
        (Busy("x"), 503, "busy"),
        (OutcomeUnknown("x"), 503, "outcome_unknown"),
        (broken, 500, "server_error"),
        (ZeroDivisionError(), 500, "server_error"),
        (Refused("No.", code="vehicle_gone"), 404, "vehicle_gone"),
        (Refused("No.", code="something"), 409, "something"),
    ):
        with subtests.test(error=error), mock.patch("accounts.api.profile.represent", side_effect=error):
            response = client.get(PROFILE)
            body = assert_problem(response, status, code)
            if status == 503:
                assert response["Retry-After"]
            if isinstance(error, Refused):
                assert body["message"] == "No."


def test_new_terms_must_be_accepted(db):
    rider = UserFactory()
    client = api_client(rider)
    assert client.get(USERS).status_code == 200
    publish_document(kind="terms", text="# New", must_accept=True)
    assert_problem(client.get(USERS), 403, "terms_not_accepted")
    assert client.get(PROFILE).status_code == 200


def test_the_language_is_asked_for(db):
    response = JsonClient().get(f"{CITIES}/nowhere", headers={"Accept-Language": "es"})
    assert response["Content-Language"] == "es"


def test_every_code_of_a_refusal_has_a_status():
    codes = {code for refusal in REFUSALS.values() for code in listed_codes(refusal)}
    assert set(STATUS_OF_CODE) <= codes  # a code that isn't mapped is a conflict
    assert status_of(Refused("", code="vehicle_in_use")) == 409
    for code, status in {"vehicle_gone": 404, "too_often": 429, "not_yours": 403, "too_long": 422}.items():
        assert status_of(Refused("", code=code)) == status


ERROR_PAGES = [("/nothing/", "GET", 404), ("/", "DELETE", 405), ("/%ff", "GET", 404), (f"/?{'x' * 17_000}", "GET", 414)]
HTML, PROBLEM = "text/html; charset=utf-8", "application/problem+json"


def test_pages_answer_in_json_where_that_is_preferred(db, subtests):
    """B38, and BB26: ``*/*``, as curl sends it, gets a page."""
    for accept, kind in (
        ("", HTML),
        ("*/*", HTML),
        ("text/html", HTML),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", HTML),
        ("application/json, text/html", HTML),
        ("application/json", PROBLEM),
        ("application/problem+json", PROBLEM),
        ("application/*", PROBLEM),
        ("application/json, text/plain, */*", HTML),
        ("application/json;q=0.9, text/html;q=0.5", PROBLEM),
        ("application/json;q=0.1, */*", HTML),
        ("nonsense", HTML),
        ("application/json;" * 2000, PROBLEM),
    ):
        for path, method, status in ERROR_PAGES:
            with subtests.test(accept=accept[:80], path=path[:20]):
                response = Client().generic(method, path, headers={"Accept": accept} if accept else {})
                assert (response.status_code, response["Content-Type"]) == (status, kind)
    failing = Client(headers={"Accept": "application/json"}, raise_request_exception=False)
    with mock.patch("movr_project.views.render", side_effect=ZeroDivisionError):
        assert_problem(failing.get("/"), 500, "server_error")
    assert_problem(Client(enforce_csrf_checks=True, headers={"Accept": JSON}).post("/login/"), 403, "csrf_failed")
