"""Concurrent sign-ups with one name create one account, and concurrent log-ins all succeed."""

import pytest
from django.contrib.auth import get_user
from django.test import Client

from accounts.models import User
from accounts.tests.factories import PASSWORD, UserFactory
from movr_project.tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

ADA = {"email": "ada@example.com"}


def registering(**names):
    form = {
        "city": "rome",
        "first_name": "Ada",
        "password": PASSWORD,
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


def test_a_form_sent_ten_times_at_once_opens_one_account():
    pages = at_once(*[registering(**ADA)] * 10)
    assert sorted(page.status_code for page in pages) == [200] * 9 + [302]
    refused = [page for page in pages if page.status_code == 200]
    assert {name for page in refused for name in page.context["form"].errors} == {"email"}
    assert User.objects.count() == 1


def test_ten_people_with_one_first_name_register_at_once():
    pages = at_once(*[registering(email=f"ada{n}@example.com") for n in range(10)])
    assert [page.status_code for page in pages] == [302] * 10
    usernames = set(User.objects.values_list("username", flat=True))
    assert len(usernames) == 10
    assert "ada" in usernames


def test_one_person_logs_in_on_twenty_devices_at_once():
    ada = UserFactory()
    assert at_once(*[logging_in(ada)] * 20) == [ada] * 20


def test_twenty_people_log_in_at_once():
    people = UserFactory.create_batch(20)
    assert at_once(*[logging_in(person) for person in people]) == people
