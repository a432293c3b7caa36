"""Which reports put a vehicle out of service, and for how long."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.tests.factories import PASSWORD, UserFactory
from fleet.tests.calendars import HOUR, MINUTE, NOON, book, live, maintain
from fleet.tests.factories import VehicleFactory
from operations.models import ProblemReport
from operations.services.reports import close_report, report_problem
from rides.tests.factories import OpenRideFactory, RideFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def vehicle():
    return VehicleFactory()


@pytest.fixture
def clock(time_machine):
    time_machine.move_to(NOON, tick=False)
    return time_machine


def report(person, vehicle, kind="brakes", **how):
    return report_problem(
        reporter=person, vehicle_city=vehicle.city, vehicle_id=vehicle.id, kind=kind, token="form", **how
    )


def press(client, vehicle, token="form", **data):
    url = reverse("operations:vehicle_report", args=[vehicle.city, vehicle.public_id])
    response = client.post(url, {"kind": "brakes", "token": token, **data}, follow=True)
    return " ".join(map(str, response.context["messages"]))


def test_reports_from_afar_only_reach_staff(rider, vehicle):
    assert not report(rider, vehicle).took_off
    assert not live(vehicle)
    assert not ProblemReport.objects.get().is_trusted


def test_the_outcome_of_a_report_from_afar_does_not_name_the_code(rider, vehicle):
    close_report(city="paris", report_id=report(rider, vehicle).id, resolution="")
    assert vehicle.code not in rider.notifications.get().text


@pytest.mark.parametrize(("ago", "took_off"), [(timedelta(hours=23), True), (timedelta(hours=25), False)])
def test_someone_who_rode_it_lately_takes_it_off(rider, vehicle, ago, took_off):
    end = timezone.now() - ago
    RideFactory(vehicle=vehicle, rider=rider, start_time=end - HOUR, end_time=end)
    assert report(rider, vehicle).took_off is took_off


@pytest.mark.parametrize(("more", "took_off"), [(-1, True), (0, False)])
def test_the_hours_of_trust_end_to_the_second(rider, vehicle, clock, settings, more, took_off):
    settings.REPORT_TRUST_HOURS = 5
    end = NOON - 5 * HOUR - timedelta(seconds=more)
    RideFactory(vehicle=vehicle, rider=rider, start_time=end - HOUR, end_time=end)
    assert report(rider, vehicle).took_off is took_off


def test_someone_who_rides_it_takes_it_off_however_long_it_has_been(rider, vehicle):
    OpenRideFactory(vehicle=vehicle, rider=rider, start_time=timezone.now() - timedelta(hours=30))
    assert report(rider, vehicle).took_off


def test_another_persons_ride_and_another_vehicles_are_no_reason(rider, vehicle):
    RideFactory(vehicle=vehicle)
    RideFactory(rider=rider)
    assert not report(rider, vehicle).took_off


def test_reports_of_people_who_were_not_there_are_not_counted(vehicle):
    for person in UserFactory.create_batch(2):
        report(person, vehicle, "dirty")
    assert not report(UserFactory(), vehicle, "dirty", at_label=True).took_off


def test_it_is_off_for_the_hours_of_the_setting_and_then_back(rider, vehicle, clock, settings):
    settings.REPORT_OFF_HOURS = 3
    report(rider, vehicle, at_label=True)
    assert [(one.starts_at, one.ends_at) for one in live(vehicle)] == [(NOON, NOON + 3 * HOUR)]


def test_it_cancels_what_lies_in_those_hours_and_no_more(rider, vehicle, clock):
    within, later = UserFactory(), UserFactory()
    book(within, vehicle, 11, 13)
    book(later, vehicle, 13, 14)
    report(rider, vehicle, at_label=True)
    assert [one.kind for one in live(vehicle)] == ["maintenance", "booking"]
    assert [notice.code for notice in within.notifications.all()] == ["booking_cancelled"]
    assert not later.notifications.exists()


def test_what_staff_have_planned_stays_as_it_is(rider, vehicle, clock):
    planned = maintain(vehicle, 5, 6)
    report(rider, vehicle, at_label=True)
    taken_off, after = live(vehicle)
    assert (taken_off.ends_at, after) == (planned.starts_at, planned)


class TestAtTheLabel:
    def test_someone_who_opened_the_label_takes_it_off(self, rider_client, vehicle):
        rider_client.get(f"/v/{vehicle.code}/")
        assert "is out of service for 12 hours" in press(rider_client, vehicle)

    def test_the_vehicles_page_alone_is_not_enough(self, rider_client, vehicle):
        rider_client.get(vehicle.get_absolute_url())
        assert "it stays available for now" in press(rider_client, vehicle)

    @pytest.mark.parametrize(("minutes", "took_off"), [(9, True), (10, False)])
    def test_for_ten_minutes(self, rider_client, vehicle, time_machine, minutes, took_off):
        now = timezone.now().replace(microsecond=0)
        time_machine.move_to(now, tick=False)
        rider_client.get(f"/v/{vehicle.code}/")
        time_machine.move_to(now + minutes * MINUTE, tick=False)
        press(rider_client, vehicle)
        assert ProblemReport.objects.get().took_off is took_off

    def test_another_vehicles_label_is_not_enough(self, rider_client, vehicle):
        rider_client.get(f"/v/{VehicleFactory().code}/")
        press(rider_client, vehicle)
        assert not ProblemReport.objects.get().took_off

    @pytest.mark.parametrize(("latitude", "took_off"), [("48.8535", True), ("48.8545", False)])
    def test_a_shared_position_must_be_within_100_metres(self, rider_client, vehicle, latitude, took_off):
        rider_client.get(f"/v/{vehicle.code}/")
        press(rider_client, vehicle, latitude=latitude, longitude="2.349902")
        assert ProblemReport.objects.get().took_off is took_off

    def test_a_position_is_compared_with_nothing_if_the_vehicles_is_unknown(self, rider_client):
        vehicle = VehicleFactory(somewhere=True)
        rider_client.get(f"/v/{vehicle.code}/")
        press(rider_client, vehicle, latitude="48.8545", longitude="2.349902")
        assert ProblemReport.objects.get().took_off

    def test_a_label_that_seems_to_be_opened_later_counts_for_nothing(self, rider_client, vehicle, time_machine):
        now = timezone.now()
        time_machine.move_to(now + MINUTE, tick=False)
        rider_client.get(f"/v/{vehicle.code}/")
        time_machine.move_to(now, tick=False)
        press(rider_client, vehicle)
        assert not ProblemReport.objects.get().took_off

    def test_the_session_knows_the_last_three_labels(self, rider_client):
        vehicles = VehicleFactory.create_batch(4)
        for vehicle in vehicles:
            rider_client.get(f"/v/{vehicle.code}/")
        for number, vehicle in enumerate(vehicles):
            press(rider_client, vehicle, token=str(number))
        by_vehicle = {report.vehicle_id: report.took_off for report in ProblemReport.objects.all()}
        assert [by_vehicle[vehicle.id] for vehicle in vehicles] == [False, True, True, True]

    def test_logging_in_after_scanning_counts_as_being_there(self, client, vehicle):
        client.get(f"/v/{vehicle.code}/")
        client.post("/login/", {"username": UserFactory().username, "password": PASSWORD})
        press(client, vehicle)
        assert ProblemReport.objects.get().took_off
