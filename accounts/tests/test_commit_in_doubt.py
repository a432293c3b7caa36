"""A COMMIT without a response: the work runs again, and its e-mails are sent once."""

from copy import copy

import pytest
from django.contrib.auth.hashers import make_password

from accounts import services
from accounts.models import User
from accounts.tests.factories import UserFactory
from movr_project.db import retry

pytestmark = pytest.mark.django_db


@pytest.fixture
def run_twice(django_capture_on_commit_callbacks, monkeypatch):
    """The first attempt is committed, but its ``on_commit`` callbacks don't run."""

    operation = retry.Operation()
    monkeypatch.setattr(retry, "Operation", lambda: operation)

    def run(work):
        with django_capture_on_commit_callbacks():
            work()
        with django_capture_on_commit_callbacks(execute=True):
            work()

    return run


@pytest.fixture
def ada(db):
    return UserFactory(username="ada", email="ada@example.com")


def addresses(mailoutbox):
    return sorted(mail.to[0] for mail in mailoutbox)


def test_a_new_password_is_announced_once(ada, run_twice, mailoutbox):
    password = make_password("another-strange-word")
    run_twice(lambda: services._write_password(ada, password, "epoch", reads_mail=True))
    assert addresses(mailoutbox) == ["ada@example.com"]


def test_a_new_address_is_announced_and_confirmed_once(ada, run_twice, mailoutbox):
    run_twice(lambda: services.write_profile(copy(ada), {"email": "new@example.com"}))
    assert addresses(mailoutbox) == ["ada@example.com", "new@example.com"]


def test_the_end_of_an_account_is_announced_once(ada, run_twice, mailoutbox):
    nobody = services._anonymised_fields()
    run_twice(lambda: services._erase_account(ada, nobody))
    assert addresses(mailoutbox) == ["ada@example.com"]
    assert User.objects.get(pk=ada.pk).is_removed


def test_removing_an_account_again_sends_nothing(ada, mailoutbox, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        services.remove_account(user=ada)
        services.remove_account(user=ada)
    assert len(mailoutbox) == 1


def test_a_concurrently_changed_profile_is_not_overwritten(ada):
    User.objects.filter(pk=ada.pk).update(email="other@example.com")
    with pytest.raises(services.AccountRefused) as refused:
        services.edit_profile(user=ada, email="new@example.com")
    assert refused.value.code == "account_changed"
