"""The ``User`` model."""

import uuid
from io import StringIO
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from accounts.models import User
from accounts.tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

ID = uuid.UUID("2804df7c-d8fd-4b1c-9799-b1d44452554b")


def test_developers_read_city_id_and_name():
    carl = User(id=ID, city="new york", first_name="Carl", last_name="Kimball", username="carl")
    assert repr(carl) == f"<User(city='new york', id='{ID}', name='Carl Kimball')>"


def test_everyone_else_reads_the_username():
    assert str(User(username="carl")) == "carl"


def test_a_missing_name_leaves_no_space():
    assert User(first_name="Carl").get_full_name() == "Carl"


@pytest.mark.parametrize("field", ["username", "email"])
def test_the_database_keeps_names_apart_whatever_their_case(field):
    UserFactory(username="carl", email="carl@example.com")
    taken = {"username": "CARL", "email": "Carl@Example.com"}[field]
    with pytest.raises(IntegrityError), transaction.atomic():
        UserFactory(**{field: taken})


def test_many_may_have_no_e_mail_address():
    UserFactory.create_batch(2, email=None)
    assert User.objects.filter(email=None).count() == 2


@pytest.mark.django_db(transaction=True)
def test_the_database_knows_no_city_that_is_not_served():
    with pytest.raises(IntegrityError), transaction.atomic():
        UserFactory(city="chicago")


@pytest.mark.parametrize("name", ["Carl", "CARL", "carl@example.com", "Carl@Example.COM"])
def test_a_person_is_found_by_username_or_e_mail_in_any_case(name):
    carl = UserFactory(username="carl", email="carl@example.com")
    assert User.objects.identified_by(name).get() == carl


@pytest.mark.parametrize("name", ["", "car", "carl@", "@", "🚲"])
def test_nobody_is_found_by_anything_else(name):
    UserFactory(username="carl", email="carl@example.com")
    assert not User.objects.identified_by(name).exists()


def test_the_home_city_is_a_city():
    assert UserFactory(city="rome").home_city.display_name == "Rome"


def test_the_first_superuser_is_asked_for_a_served_city_until_one_is_given(db, monkeypatch):
    answers = iter(["boss", "boss@example.com", "Gotham", "paris"])
    monkeypatch.setattr("builtins.input", lambda prompt="": next(answers))
    monkeypatch.setattr("getpass.getpass", lambda prompt="": PASSWORD)
    errors = StringIO()
    call_command("createsuperuser", stdin=SimpleNamespace(isatty=lambda: True), stdout=StringIO(), stderr=errors)
    assert "We don't serve that city" in errors.getvalue()
    boss = User.objects.get(username="boss")
    assert (boss.city, boss.is_superuser) == ("paris", True)
