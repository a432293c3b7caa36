"""Concurrent sign-ups with one name create one account, and concurrent log-ins all succeed."""

import pytest
from django.contrib.auth import get_user
from django.test import Client

from accounts.models import User
from accounts.tests.factories import PASSWORD, UserFactory
from movr_project.tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

ADA = {"username": "ada", "email": "ada@example.com"}


def registering(**names):
    form = {
        "city": "rome",
        "first_name": "Ada",
        "last_name": "Byron",
        "password1": PASSWORD,
        "password2": PASSWORD,
        **names,
    }
    client = Client(raise_request_exception=False)
    return lambda: client.post("/register/", form)


def logging_in(user):
    client = Client(raise_request_exception=False)

    def log_in():
        client.post("/login/", {"username": user.username, "password": PASSWORD})
        return get_user(client)

    return log_in


@pytest.mark.parametrize(
    ("one", "other", "field"),
    [
        (ADA, ADA | {"email": "other@example.com"}, "username"),
        (ADA, ADA | {"username": "other"}, "email"),
        (ADA, {"username": "ADA", "email": "other@example.com"}, "username"),
    ],
    ids=["username", "e-mail", "username in another case"],
)
def test_of_two_who_want_one_name_the_other_reads_that_it_is_taken(one, other, field):
    pages = at_once(registering(**one), registering(**other))
    assert sorted(page.status_code for page in pages) == [200, 302]
    (refused,) = [page for page in pages if page.status_code == 200]
    assert refused.context["form"].errors.keys() == {field}
    assert User.objects.count() == 1


def test_a_form_sent_ten_times_at_once_opens_one_account():
    pages = at_once(*[registering(**ADA)] * 10)
    assert sorted(page.status_code for page in pages) == [200] * 9 + [302]
    assert User.objects.count() == 1


def test_ten_people_register_at_once():
    names = [{"username": f"ada{n}", "email": f"ada{n}@example.com"} for n in range(10)]
    pages = at_once(*[registering(**each) for each in names])
    assert [page.status_code for page in pages] == [302] * 10
    assert User.objects.count() == 10


def test_one_person_logs_in_on_twenty_devices_at_once():
    ada = UserFactory()
    assert at_once(*[logging_in(ada)] * 20) == [ada] * 20


def test_twenty_people_log_in_at_once():
    people = UserFactory.create_batch(20)
    assert at_once(*[logging_in(person) for person in people]) == people
