"""Staff plan maintenance in several cities at once, in local times."""

from datetime import UTC, datetime

import pytest

from cities.registry import registry
from operations.forms import MaintenanceForm

pytestmark = pytest.mark.django_db


def test_the_choice_for_a_repeated_hour_applies_where_it_is_repeated():
    cities = [registry["paris"], registry["rome"], registry["new york"]]
    data = {"starts": "2027-10-31T02:30", "starts_fold": "1", "without_end": "on", "description": "Brakes"}
    form = MaintenanceForm(data, cities=cities)
    assert form.is_valid(), form.errors
    assert [form.bounds_in(city)[0] for city in cities] == [
        datetime(2027, 10, 31, 1, 30, tzinfo=UTC),
        datetime(2027, 10, 31, 1, 30, tzinfo=UTC),
        datetime(2027, 10, 31, 6, 30, tzinfo=UTC),
    ]
