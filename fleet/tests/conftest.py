"""Fixtures that tests of calendars share."""

import pytest

from accounts.tests.factories import StaffFactory, UserFactory

from .calendars import NOON


@pytest.fixture
def clock(time_machine):
    """It is noon until the test moves it; acts in one moment follow one another by microseconds."""
    time_machine.move_to(NOON, tick=False)
    return time_machine


@pytest.fixture
def somebody(db):
    return UserFactory()


@pytest.fixture
def staff(db):
    return StaffFactory()
