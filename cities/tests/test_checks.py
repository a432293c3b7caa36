"""`manage.py check --database default` reports a DEFAULT_CITY that is not served."""

import pytest
from django.core import checks

from cities.models import City

pytestmark = pytest.mark.django_db


def warnings():
    found = checks.run_checks(tags=[checks.Tags.database], databases=["default"])
    return [message.msg for message in found if message.id == "cities.W001"]


def test_a_served_city_is_fine():
    assert warnings() == []


@pytest.mark.parametrize("name", ["atlantis", "New York", ""])
def test_any_other_is_named(settings, name):
    settings.DEFAULT_CITY = name
    assert warnings() == [f"DEFAULT_CITY {name!r} is not served."]


def test_before_there_is_any_city_nothing_is_said(settings):
    settings.DEFAULT_CITY = "atlantis"
    City.objects.all().delete()
    assert warnings() == []


def test_a_check_without_databases_queries_none(settings, django_assert_num_queries):
    settings.DEFAULT_CITY = "atlantis"
    with django_assert_num_queries(0):
        found = checks.run_checks()
    assert not [message for message in found if message.id == "cities.W001"]
