"""The numbers on the admin's front page."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from accounts.tests.factories import StaffFactory, UserFactory
from fleet.tests.calendars import maintain
from fleet.tests.factories import BookingFactory, ProblemReportFactory, VehicleFactory
from movr_project.tests.pages import page
from operations.admin import front_page
from operations.admin.front_page import LINES
from operations.services.field_work import pick_up_vehicle, report_missing
from rides.tests.factories import OpenRideFactory

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

A_DAY = timedelta(days=1)


@pytest.fixture
def staff_client(client):
    client.force_login(StaffFactory())
    return client


@pytest.fixture
def work(db):
    """Something to do on each line, and one thing more on some."""
    by = StaffFactory()
    ride = OpenRideFactory(start_time=timezone.now() - 2 * A_DAY, rider=UserFactory(is_active=False))
    BookingFactory(vehicle=ride.vehicle, starts_at=timezone.now() - timedelta(minutes=5))
    ProblemReportFactory.create_batch(2)
    ProblemReportFactory(closed_at=timezone.now())
    VehicleFactory(somewhere=True)
    VehicleFactory(owner=UserFactory(), approved_at=None)
    VehicleFactory(owner=UserFactory(), approved_at=None, status="removed")
    maintain(VehicleFactory(city="rome"), by=by)
    for take_away in (pick_up_vehicle, report_missing):
        vehicle = VehicleFactory()
        take_away(city=vehicle.city, vehicle_id=vehicle.id, by=by)


def test_each_line_has_as_many_as_its_list(staff_client, work):
    lines = page(staff_client.get("/admin/")).one(class_="work-to-do")
    for line in LINES:
        [link] = [link for link in lines.all("a") if link["href"] == line.url]
        listed = len(staff_client.get(line.url).context["cl"].result_list)
        assert link.text == f"{line.label} {listed}"
        assert listed >= 1


def test_many_are_not_counted_to_the_end(staff_client, monkeypatch):
    monkeypatch.setattr(front_page, "MAX_COUNT", 2)
    ProblemReportFactory.create_batch(3)
    assert page(staff_client.get("/admin/")).one("a", text="Open problem reports").text.endswith(" 2+")


def test_the_front_page_asks_once_per_line(staff_client, work, django_assert_max_num_queries):
    with django_assert_max_num_queries(len(LINES) + 2):  # the user, and their latest acts
        staff_client.get("/admin/")


def test_a_role_sees_the_lines_of_its_lists(client):
    staff = StaffFactory(is_superuser=False)
    client.force_login(staff)
    assert not page(client.get("/admin/")).all(class_="work-to-do")
    staff.groups.add(Group.objects.get(name="Read-only"))
    assert len(page(client.get("/admin/")).one(class_="work-to-do").all("li")) == len(LINES) + 1
