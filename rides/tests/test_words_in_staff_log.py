"""Text by a removed person is erased from the admin's log."""

import pytest
from django.contrib.admin.models import LogEntry

from accounts.services import remove_account
from accounts.tests.factories import StaffFactory, UserFactory
from fleet.tests.factories import BookingFactory, VehicleFactory
from operations.services.reports import report_problem
from rides.tests.factories import OpenRideFactory, RideFactory

pytestmark = pytest.mark.django_db
WORDS = "Moving house with Grace"


@pytest.fixture
def staff_client(client):
    client.force_login(StaffFactory())
    return client


def act(client, path, action, *rows, **data):
    keys = [str(row.pk) for row in rows]
    page = client.post(path, {"action": action, "_selected_action": keys, "confirmed": "yes", **data})
    assert page.status_code == 302


def kept():
    return " ".join(entry.object_repr + entry.change_message for entry in LogEntry.objects.all())


def test_the_note_of_a_booking_that_staff_cancelled(staff_client):
    person = UserFactory()
    mine = BookingFactory(rider=person, description=WORDS)
    other = BookingFactory(description="Somebody else's words")
    act(staff_client, "/admin/fleet/allocation/", "cancel", mine, other)
    assert WORDS in kept()
    remove_account(user=person)
    assert WORDS not in kept()
    assert "Somebody else's words" in kept()
    assert LogEntry.objects.count() == 2, "that something was done stays"


def test_the_places_of_a_ride_that_staff_ended(staff_client):
    person = UserFactory()
    ride = OpenRideFactory(rider=person, start_location="At my sister's")
    act(staff_client, "/admin/rides/ride/", "end_rides", ride, end_location="Louvre")
    assert "At my sister's" in kept()
    person.refresh_from_db()
    remove_account(user=person)
    assert "At my sister's" not in kept()


def test_a_report_that_staff_closed(staff_client):
    person = UserFactory()
    vehicle = VehicleFactory()
    report = report_problem(reporter=person, vehicle_city="paris", vehicle_id=vehicle.id, kind="lights", token="a form")
    act(staff_client, "/admin/operations/problemreport/", "close", report, resolution="Bulb replaced.")
    assert LogEntry.objects.get().object_repr
    remove_account(user=person)
    assert not kept()


def test_a_person_with_many_rides_is_forgotten_in_few_statements(django_assert_max_num_queries):
    person = UserFactory()
    RideFactory.create_batch(20, rider=person)
    with django_assert_max_num_queries(75):
        remove_account(user=person)
