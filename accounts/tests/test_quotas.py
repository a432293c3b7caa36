"""A stranger can neither use up a person's rate limits nor learn anything from them."""

import pytest
from django.test import Client

from accounts.models import User
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.views import SHARED_LIMIT_FACTOR

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]
STRANGER, VICTIM = "203.0.113.7", "198.51.100.1"


@pytest.fixture(autouse=True)
def _two(settings):
    settings.MAILS_PER_HOUR = 2


@pytest.fixture
def ada():
    return UserFactory(username="ada", email="ada@example.com")


def ask(email, address):
    return Client(REMOTE_ADDR=address).post("/password-reset/", {"email": email}).status_code


def test_a_stranger_can_not_use_up_a_persons_reset_mails(ada):
    assert [ask(ada.email, STRANGER) for _time in range(3)] == [302, 302, 429]
    assert [ask(ada.email, VICTIM) for _time in range(3)] == [302, 302, 429]


def test_many_strangers_can_not_fill_a_mailbox(ada):
    answers = [ask(ada.email, f"203.0.113.{number}") for number in range(SHARED_LIMIT_FACTOR * 2 + 1)]
    assert answers == [302] * SHARED_LIMIT_FACTOR * 2 + [429]


def test_nor_may_one_address_ask_for_everyone():
    answers = [ask(f"person{number}@example.com", STRANGER) for number in range(SHARED_LIMIT_FACTOR * 2 + 1)]
    assert answers == [302] * SHARED_LIMIT_FACTOR * 2 + [429]


def change_email(client, user, email):
    form = {"username": user.username, "first_name": "A", "last_name": "B", "theme": "auto", "language": ""}
    return client.post("/profile/edit/", form | {"email": email, "current_password": PASSWORD}).status_code


def test_a_taken_address_uses_up_no_quota(ada, client_of):
    thief = UserFactory()
    client = client_of(thief)
    for _time in range(5):
        assert change_email(client, thief, ada.email) == 200
    assert change_email(client, thief, "thief2@example.com") == 302, "nor the thief's own"
    owner = client_of(ada)
    for _time in range(2):
        owner.post("/email/send/")
    assert "We&#x27;ve sent the link" in owner.get("/profile/").content.decode()


def test_entering_an_address_uses_up_nothing_of_its_owner(client_of):
    first = UserFactory()
    client = client_of(first)
    for _time in range(2):
        change_email(client, first, "ada@example.com")
        first.refresh_from_db()
        change_email(client, first, first.username + "@example.com")
        first.refresh_from_db()
    User.objects.filter(id=first.id).update(email="first@example.com")
    ada = UserFactory(email="ada@example.com")
    page = client_of(ada).post("/email/send/", follow=True)
    assert "We&#x27;ve sent the link to ada@example.com" in page.content.decode()


def test_changes_that_were_made_are_counted(client_of):
    user = UserFactory()
    client = client_of(user)
    assert change_email(client, user, "one@example.com") == 302
    assert change_email(client, user, "two@example.com") == 302
    assert change_email(client, user, "three@example.com") == 429


def log_in(name, password="wrong"):
    return Client(REMOTE_ADDR=STRANGER).post("/login/", {"username": name, "password": password}).status_code


@pytest.mark.parametrize(("tried", "other"), [("ada", "ada@example.com"), ("ada@example.com", "ada")])
def test_a_lock_out_does_not_reveal_whose_address_it_is(ada, tried, other):
    assert [log_in(tried) for _time in range(5)][-1] == 429
    assert log_in(other) == log_in("nobody-at-all") == 200


def test_each_name_of_an_account_is_limited(ada):
    for name in ("ada", "ada@example.com", "ADA@example.COM"):
        for _time in range(5):
            last = log_in(name)
        assert last == 429
