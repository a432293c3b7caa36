"""Problem reports. Safety problems put a vehicle out of service at once."""

from datetime import timedelta

import pytest

from accounts.services import remove_account
from accounts.tests.factories import UserFactory
from fleet.models import Vehicle
from fleet.tests.calendars import book, code_of, live, log, maintain
from fleet.tests.factories import VehicleFactory
from operations.models import ProblemReport
from operations.services.reports import close_report, report_problem
from rides.tests.factories import OpenRideFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def vehicle():
    return VehicleFactory(owner=UserFactory())


def report(person, vehicle, kind="dirty", token="one form", text="Look at it."):
    return report_problem(
        reporter=person,
        vehicle_city=vehicle.city,
        vehicle_id=vehicle.id,
        kind=kind,
        text=text,
        token=token,
        at_label=True,
    )


def test_a_safety_problem_takes_it_out_of_service_and_notifies_the_owner(
    rider, vehicle, mailoutbox, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        assert report(rider, vehicle, "brakes").took_off
    assert log(vehicle)[-1] == (["maintenance"], "non_operational")
    [maintenance] = live(vehicle)
    assert maintenance.ends_at - maintenance.starts_at == timedelta(hours=12)
    assert [notice.code for notice in vehicle.owner.notifications.all()] == ["vehicle_taken_off"]
    assert [mail.to for mail in mailoutbox] == [[vehicle.owner.email]]


def test_others_do_so_when_enough_people_say_so(vehicle):
    people = UserFactory.create_batch(3)
    assert [report(person, vehicle).took_off for person in people] == [False, False, True]


def test_one_person_is_one_however_often(rider, vehicle):
    other = UserFactory()
    people = [rider, rider, other, rider, other]
    assert not any(report(person, vehicle, token=f"form {n}").took_off for n, person in enumerate(people))


def test_the_report_of_someone_who_has_left_still_counts(vehicle):
    gone = UserFactory()
    report(gone, vehicle)
    remove_account(user=gone)
    assert [report(person, vehicle).took_off for person in UserFactory.create_batch(2)] == [False, True]


def test_closed_reports_do_not_count(vehicle):
    for person in UserFactory.create_batch(2):
        close_report(city="paris", report_id=report(person, vehicle).id, resolution="Cleaned.")
    assert not report(UserFactory(), vehicle).took_off


def test_the_same_form_twice_is_one_report(rider, vehicle):
    assert report(rider, vehicle).id == report(rider, vehicle).id
    assert ProblemReport.objects.count() == 1


def test_bookings_make_way(rider, vehicle, time_machine):
    from fleet.tests.calendars import NOON

    time_machine.move_to(NOON, tick=False)
    book(rider, vehicle, 5, 6)
    report(UserFactory(), vehicle, "steering")
    assert [notice.code for notice in rider.notifications.all()] == ["booking_cancelled"]


def test_the_current_rider_is_notified(rider, vehicle):
    ride = OpenRideFactory(vehicle=vehicle)
    report(rider, vehicle, "brakes")
    assert [notice.code for notice in ride.rider.notifications.all()] == ["riding_unsafe"]


def test_without_a_confirmed_address_it_is_only_noted(rider, vehicle, settings):
    settings.EMAIL_VERIFICATION = True
    assert not report(rider, vehicle, "brakes").took_off
    assert not live(vehicle)


def test_off_the_road_already_it_is_only_noted(rider, vehicle):
    maintain(vehicle)
    assert not report(rider, vehicle, "brakes").took_off
    assert len(live(vehicle)) == 1


def test_from_the_ride_it_takes_effect_when_the_ride_ends(rider, vehicle):
    OpenRideFactory(vehicle=vehicle, rider=rider)
    assert report(rider, vehicle, "brakes").took_off
    assert log(vehicle)[-1] == (["allocated"], "on_trip")
    assert not rider.notifications.exists()


def test_staff_close_it_once_and_the_reporter_learns_the_outcome(
    rider, vehicle, mailoutbox, django_capture_on_commit_callbacks
):
    id_ = report(rider, vehicle).id
    with django_capture_on_commit_callbacks(execute=True):
        for resolution in ("Cleaned.", "Cleaned again."):
            close_report(city="paris", report_id=id_, resolution=resolution)
    assert ProblemReport.objects.get(id=id_).resolution == "Cleaned."
    assert "Cleaned." in rider.notifications.get().text
    assert len(mailoutbox) == 1


def test_a_missing_one_is_refused(rider, vehicle):
    import uuid

    assert code_of(close_report, city="paris", report_id=uuid.uuid4(), resolution="") == "report_gone"
    Vehicle.objects.filter(pk=vehicle.pk).update(status="removed")
    assert code_of(report, rider, vehicle) == "vehicle_gone"
