"""Fixtures for tests of calendars."""

import pytest

from accounts.tests.factories import StaffFactory, UserFactory

from .calendars import NOON


@pytest.fixture
def clock(time_machine):
    """Freeze time at noon, until the test moves it. Events at the same time are microseconds apart."""
    time_machine.move_to(NOON, tick=False)
    return time_machine


@pytest.fixture
def other_rider(db):
    return UserFactory()


@pytest.fixture
def staff(db):
    return StaffFactory()
