"""Users in the API: as others see them, signing up, and changing oneself."""

from uuid import uuid4

import pytest
from django.core import mail

from accounts.api_access.models import KeptAnswer
from accounts.models import User
from accounts.services import remove_account
from accounts.tests.factories import PASSWORD, UserFactory
from documents.models import TermsAcceptance
from movr_project.tests.api import api_client, organisations_client
from movr_project.tests.locality import assert_local

pytestmark = pytest.mark.postgresql_does

USERS = "/api/v1/users"
NEW = {
    "username": "Grace",
    "email": "grace@Example.com",
    "password": "a-long-and-strange-word",
    "first_name": "Grace",
    "city": "new-york",
}


@pytest.fixture
def ada(db):
    return UserFactory(username="ada", email="ada@example.com", about_me="Bicycles.")


def test_a_person_as_others_see_them(ada):
    path = f"{USERS}/{ada.id}"
    person = api_client(UserFactory(), "users:read").get(path).json()
    assert person == {
        "id": str(ada.id),
        "username": "ada",
        "last_seen": None,
        "about_me": "Bicycles.",
        "post_count": 0,
        "follower_count": 0,
        "followed_count": 0,
        "_links": {
            "self": path,
            "followers": f"{path}/followers",
            "followed": f"{path}/followed",
            "avatar": f"{path}/avatar",
        },
    }
    assert api_client(ada, "profile").get(path).json() == person | {"email": "ada@example.com"}
    for name in ("followers", "followed"):
        page = api_client(ada).get(f"{path}/{name}").json()
        assert (page["items"], page["_meta"]["total_items"]) == ([], 0)
    avatar = api_client().get(f"{path}/avatar")
    assert (avatar.status_code, avatar["Content-Type"]) == (200, "image/svg+xml")


def test_the_list_is_of_visible_people(ada):
    UserFactory(username="hidden", is_listed=False)
    UserFactory(username="gone", is_active=False)
    for number in range(3):
        UserFactory(username=f"rome{number}", city="rome")
    client = api_client(ada, "users:read")
    everyone = client.get(f"{USERS}?per_page=3").json()
    assert [person["username"] for person in everyone["items"]] == ["ada", "rome0", "rome1"]
    assert everyone["_meta"] == {"page": 1, "per_page": 3, "total_pages": 2, "total_items": 4}
    assert everyone["_links"] == {"self": f"{USERS}?per_page=3", "next": f"{USERS}?per_page=3&page=2", "prev": None}
    assert client.get(everyone["_links"]["next"]).json()["_links"]["next"] is None
    assert [person["username"] for person in client.get(f"{USERS}?city=paris").json()["items"]] == ["ada"]
    assert client.get(f"{USERS}?city=atlantis").json()["items"] == []
    assert all("email" not in person or person["username"] == "ada" for person in everyone["items"])


def test_who_may_read_people(ada, subtests):
    hidden = UserFactory(is_listed=False)
    for client, path, status in (
        (api_client(), USERS, 401),
        (api_client(ada, "rides"), USERS, 403),
        (api_client(ada, "profile"), USERS, 403),
        (organisations_client(["paris"]), USERS, 403),
        (api_client(ada), f"{USERS}/{hidden.id}", 404),
        (api_client(ada), f"{USERS}/{uuid4()}", 404),
        (api_client(ada), f"{USERS}/{hidden.id}/followers", 404),
        (api_client(hidden), f"{USERS}/{hidden.id}", 200),
        (api_client(ada), f"{USERS}/ada", 404),
    ):
        with subtests.test(path=path, status=status):
            assert client.get(path).status_code == status


def test_signing_up(db):
    response = api_client().post(USERS, NEW)
    person = response.json()
    assert response.status_code == 201
    assert response["Location"] == f"{USERS}/{person['id']}"
    assert (person["username"], person["email"]) == ("grace", "grace@example.com")
    row = User.objects.get(id=person["id"])
    assert row.check_password(NEW["password"])
    assert row.city == "new york"
    assert not row.is_listed, "until the person chooses"
    assert TermsAcceptance.objects.filter(user=row).exists() == (row.terms_version > 0)
    assert "password" not in response.content.decode()


def test_signing_up_without_a_username(ada):
    new = {name: value for name, value in NEW.items() if name != "username"} | {"first_name": "Ada"}
    headers = {"Idempotency-Key": "one"}
    answers = [api_client().post(USERS, new, headers=headers) for _time in range(2)]
    (username,) = {answer.json()["username"] for answer in answers}
    assert username.startswith("ada-")
    assert User.objects.filter(username=username).exists()


def test_signing_up_again_with_the_same_key(db):
    headers = {"Idempotency-Key": "one"}
    first = api_client().post(USERS, NEW, headers=headers)
    again = api_client().post(USERS, NEW, headers=headers)
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert again["Idempotency-Replayed"] == "true"
    assert api_client().post(USERS, NEW | {"first_name": "G"}, headers=headers).status_code == 422
    remove_account(user=User.objects.get(id=first.json()["id"]))
    assert not KeptAnswer.objects.exists()


def test_refused_registrations(ada, subtests, settings):
    cases = [
        ({"email": ""}, 400, "must include username, email and password fields"),
        ({"password": None}, 422, None),
        ({"username": "ADA"}, 400, "please use a different username"),
        ({"email": "Ada@example.com"}, 400, "please use a different email address"),
        ({"username": "a/b"}, 422, "username"),
        ({"username": "ab"}, 422, "username"),
        ({"username": "gräce"}, 422, "username"),
        ({"username": "gra\nce"}, 422, "username"),
        ({"username": "x" * 500}, 422, "username"),
        ({"email": "nonsense"}, 422, "email"),
        ({"password": "12345678"}, 422, "password"),
        ({"city": "atlantis"}, 422, "city"),
        ({"first_name": ""}, 422, "first_name"),
        ({"first_name": "\u200b"}, 422, "first_name"),
        ({"is_staff": True}, 422, "is_staff"),
    ]
    for change, status, hint in cases:
        with subtests.test(**change):
            response = api_client().post(USERS, NEW | change)
            body = response.json()
            assert response.status_code == status
            if status == 400:
                assert (body["error"], body["message"]) == ("Bad Request", hint)
            elif hint:
                assert body["errors"][0]["field"] == hint
    assert api_client().post(USERS, {}).json()["message"] == "must include username, email and password fields"
    settings.REGISTRATIONS_PER_HOUR = 0
    assert api_client().post(USERS, NEW).status_code == 429
    assert User.objects.count() == 1


def test_changing_oneself(ada, subtests):
    client, path = api_client(ada, "profile"), f"{USERS}/{ada.id}"
    etag = client.get(path)["ETag"]
    with subtests.test("needs If-Match"):
        response = client.put(path, {"about_me": "Cars."})
        assert (response.status_code, response.json()["code"]) == (428, "if_match_required")
    with subtests.test("a stale tag"):
        assert client.put(path, {"about_me": "Cars."}, headers={"If-Match": '"old"'}).status_code == 412
    with subtests.test("it changes"):
        response = client.put(path, {"about_me": "Cars.", "username": "Ada.B"}, headers={"If-Match": etag})
        assert (response.status_code, response.json()["about_me"]) == (200, "Cars.")
        assert response.json()["username"] == "ada.b"
        assert response["ETag"] == client.get(path)["ETag"] == client.get("/api/v1/profile")["ETag"] != etag
    with subtests.test("the tag is stale now"):
        assert client.patch("/api/v1/profile", {"about_me": ""}, headers={"If-Match": etag}).status_code == 412
    with subtests.test("other people"):
        response = client.put(f"{USERS}/{UserFactory().id}", {}, headers={"If-Match": "*"})
        assert (response.status_code, response.json()["code"]) == (403, "not_yours")
    with subtests.test("a taken name"):
        UserFactory(username="taken")
        response = client.put(path, {"username": "taken"}, headers={"If-Match": "*"})
        assert (response.status_code, response.json()["message"]) == (400, "please use a different username")
    with subtests.test("invalid"):
        response = client.put(path, {"about_me": "x" * 141}, headers={"If-Match": "*"})
        assert response.json()["errors"][0]["field"] == "about_me"


def test_a_new_address_needs_the_password(ada):
    client, headers = api_client(ada, "profile"), {"If-Match": "*"}
    for password in ({}, {"current_password": "wrong"}):
        response = client.patch("/api/v1/profile", {"email": "new@example.com", **password}, headers=headers)
        assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "current_password")
    change = {"email": "new@example.com", "current_password": PASSWORD}
    response = client.patch("/api/v1/profile", change, headers=headers)
    assert (response.json()["email"], response.json()["email_confirmed"]) == ("new@example.com", False)
    assert User.objects.get(id=ada.id).email == "new@example.com"


def test_the_profile_is_ones_own(ada, subtests):
    profile = api_client(ada, "profile").get("/api/v1/profile")
    assert (profile.json()["email"], profile.json()["city"]) == ("ada@example.com", "paris")
    again = api_client(ada, "profile").get("/api/v1/profile", headers={"If-None-Match": profile["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert api_client(ada, "rides").get("/api/v1/profile").status_code == 403
    assert api_client().get("/api/v1/profile").status_code == 401
    assert mail.outbox == []


def test_reading_and_changing_a_profile_asks_one_region(ada):
    client = api_client(ada, "profile")
    with assert_local():
        etag = client.get("/api/v1/profile")["ETag"]
        assert client.patch("/api/v1/profile", {"about_me": "x"}, headers={"If-Match": etag}).status_code == 200
