"""Tokens: getting, using and ending them."""

import base64
from datetime import timedelta
from unittest import mock

import pytest
from django.utils import timezone

from accounts.api_access.models import ApiToken
from accounts.models import User
from accounts.services import change_password, log_out_everywhere, remove_account
from accounts.tests.factories import StaffFactory, UserFactory
from movr_project.tests.api import JsonClient, api_client

pytestmark = pytest.mark.postgresql_does

TOKENS = "/api/v1/tokens"


def basic(name, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


@pytest.fixture
def ada(db):
    person = UserFactory(username="ada", email="ada@example.com", city="paris")
    person.set_password("correct horse")
    person.save()
    return person


def ask(name="ada", password="correct horse", data=None, **headers):
    return JsonClient().post(TOKENS, data or {}, headers=basic(name, password) | headers)


def test_a_token_is_shown_once_and_stored_as_a_hash(ada):
    response = ask(data={"name": "phone", "scopes": ["rides", "profile"], "expires_in": 86_400})
    token = response.json()
    assert response.status_code == 201
    assert response["Location"] == f"{TOKENS}/{token['id']}"
    assert response["Cache-Control"] == "no-store"
    row = ApiToken.objects.get()
    assert (row.name, row.scopes, row.user_id) == ("phone", ["profile", "rides"], ada.id)
    assert token["token"].startswith(row.prefix)
    assert token["token"] not in str(vars(row))
    assert row.expires_at - row.created_at == timedelta(days=1)
    client = JsonClient(headers={"Authorization": f"Bearer {token['token']}"})
    assert client.get(response["Location"]).json()["scopes"] == ["profile", "rides"]
    assert client.get(TOKENS).json()["_meta"]["total_items"] == 1
    assert "token" not in client.get(TOKENS).json()["items"][0]


def test_an_old_client_posts_no_body(ada):
    response = JsonClient().generic("POST", TOKENS, headers=basic("ADA@example.com", "correct horse"))
    assert response.status_code == 201
    row = ApiToken.objects.get()
    assert row.scopes == ["profile", "users:read"]
    assert row.expires_at - row.created_at == timedelta(hours=1)


def test_wrong_credentials(ada, subtests):
    cases = {
        "wrong password": basic("ada", "wrong"),
        "unknown": basic("bob", "correct horse"),
        "no password": basic("ada", ""),
        "long": basic("a" * 3000, "x"),
        "zero": basic("ada\0", "correct horse"),
        "no header": {},
        "not base64": {"Authorization": "Basic ?"},
        "not utf-8": {"Authorization": "Basic " + base64.b64encode(b"\xff:x").decode()},
        "bearer": {"Authorization": "Bearer x"},
    }
    for name, headers in cases.items():
        with subtests.test(name):
            response = JsonClient().post(TOKENS, {}, headers=headers)
            assert response.status_code == 401
            assert response["WWW-Authenticate"].startswith("Basic ")
            assert response.json()["code"] in {"wrong_credentials", "not_authenticated"}
    assert not ApiToken.objects.exists()


def test_failures_lock_out_as_on_the_page(ada, client, settings):
    for _attempt in range(settings.AXES_FAILURE_LIMIT):
        response = ask(password="wrong")
    response = ask()
    assert (response.status_code, response.json()["code"]) == (429, "too_often")
    assert 0 < int(response["Retry-After"]) <= 15 * 60
    page = client.post("/login/", {"username": "ada", "password": "correct horse"})
    assert page.status_code == 429


def test_a_success_forgets_failures(ada, settings):
    for _attempt in range(settings.AXES_FAILURE_LIMIT - 1):
        ask(password="wrong")
    assert ask().status_code == 201
    ask(password="wrong")
    assert ask().status_code == 201


def test_failures_are_limited_per_address(ada, settings):
    settings.LOGINS_PER_HOUR = 3
    for number in range(3):
        assert ask(name=f"guess{number}").status_code == 401
    assert ask().status_code == 429


def test_a_suspended_person_learns_why(ada):
    User.objects.filter(id=ada.id).update(is_active=False, suspended_at=timezone.now(), suspension_reason="Damage.")
    response = ask()
    assert (response.status_code, response.json()["code"]) == (403, "suspended")
    assert "Damage." in response.json()["message"]
    assert ask(password="wrong").json()["code"] == "wrong_credentials"


def test_what_ends_sessions_ends_tokens(ada, subtests):
    endings = {
        "log out everywhere": lambda: log_out_everywhere(user=ada),
        "new password": lambda: change_password(user=User.objects.get(id=ada.id), password="a new password"),
        "inactive": lambda: User.objects.filter(id=ada.id).update(is_active=False),
        "removed": lambda: remove_account(user=User.objects.get(id=ada.id)),
    }
    for name, end in endings.items():
        with subtests.test(name):
            User.objects.filter(id=ada.id).update(is_active=True)
            client = api_client(User.objects.get(id=ada.id))
            assert client.get(f"{TOKENS}/current").status_code == 200
            end()
            response = client.get(f"{TOKENS}/current")
            assert (response.status_code, response.json()["code"]) == (401, "invalid_token")
    assert not ApiToken.objects.exists()  # removed with the account


def test_a_token_expires(ada):
    client = api_client(ada)
    ApiToken.objects.update(expires_at=timezone.now())
    assert client.get(f"{TOKENS}/current").status_code == 401


def test_revoking(ada):
    for path in (f"{TOKENS}/current", TOKENS):
        client = api_client(ada)
        response = client.delete(path)
        assert (response.status_code, response.content) == (204, b"")
        assert client.get(f"{TOKENS}/current").status_code == 401
    client = api_client(ada, "profile")
    api_client(ada)
    mine = [token["id"] for token in client.get(TOKENS).json()["items"]]
    assert len(mine) == 2
    other = api_client(UserFactory(), "profile")
    assert {other.delete(f"{TOKENS}/{id_}").status_code for id_ in mine} == {404}
    assert {other.get(f"{TOKENS}/{id_}").status_code for id_ in mine} == {404}
    own = client.get(f"{TOKENS}/current").json()["id"]
    (second,) = set(mine) - {own}
    assert [client.delete(f"{TOKENS}/{id_}").status_code for id_ in (second, second, own, own)] == [204, 404, 204, 401]


def test_the_last_use_is_noted_once_a_minute(ada):
    client = api_client(ada)
    client.get(f"{TOKENS}/current")
    first = ApiToken.objects.get().last_used_at
    client.get(f"{TOKENS}/current")
    assert first is not None
    assert ApiToken.objects.get().last_used_at == first
    ApiToken.objects.update(last_used_at=first - timedelta(seconds=61))
    client.get(f"{TOKENS}/current")
    assert ApiToken.objects.get().last_used_at >= first


def test_too_many_tokens(ada):
    with mock.patch("accounts.api_access.services.TOKENS_PER_PERSON", 1):
        assert ask().status_code == 201
        response = ask()
    assert (response.status_code, response.json()["code"]) == (409, "too_many_tokens")


def test_staff_need_their_second_factor(db, settings):
    settings.STAFF_SECOND_FACTOR = True
    staff = StaffFactory(username="grace", is_superuser=False)
    staff.set_password("correct horse")
    staff.save()
    assert ask("grace").status_code == 201  # for their own rides
    response = ask("grace", data={"scopes": ["fleet:write"]})
    assert (response.status_code, response.json()["code"]) == (403, "second_factor_missing")


def test_bad_bodies(ada, subtests):
    for data in (
        {"scopes": []},
        {"scopes": ["everything"]},
        {"scopes": "rides"},
        {"expires_in": 0},
        {"expires_in": 10**9},
        {"expires_in": "soon"},
        {"name": ""},
        {"name": "x" * 65},
        {"name": "a\nb"},
        {"other": 1},
    ):
        with subtests.test(data=data):
            response = ask(data=data)
            assert (response.status_code, response.json()["code"]) == (422, "invalid")
            assert response.json()["errors"][0]["field"].split(".")[0] == next(iter(data))
