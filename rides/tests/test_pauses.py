"""Pausing a ride."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from accounts.tests.factories import UserFactory
from fleet.models import VehicleEvent
from fleet.models.choices import EventType
from fleet.tests.factories import AllocationFactory, BookingFactory, VehicleFactory
from movr_project.tests.api import api_client
from movr_project.tests.locality import assert_local
from movr_project.tests.pages import text_of
from movr_project.tests.threads import at_once, behind
from notifications.models import Notification
from operations.tests.consistency import contradictions
from rides.models import Ride
from rides.pause_reminders import remind_of_pauses
from rides.pauses import pause_ride, resume_ride
from rides.services import RideRefused, end_ride
from rides.tests.factories import OpenRideFactory, RideFactory

pytestmark = pytest.mark.django_db

PARKED = timedelta(minutes=10)


@pytest.fixture
def ride(rider):
    return OpenRideFactory(rider=rider)


def url_of(ride, act):
    return reverse(f"rides:ride_{act}", args=[ride.city, ride.id])


def pause(ride):
    return pause_ride(city=ride.city, ride_id=ride.id, rider=ride.rider)


def resume(ride):
    return resume_ride(city=ride.city, ride_id=ride.id, rider=ride.rider)


def end(ride):
    return end_ride(city=ride.city, ride_id=ride.id, rider=ride.rider, end_location="Louvre")


def part_of(service, ride, **data):
    """Call a service within the test's own transaction."""
    service.__wrapped__(city=ride.city, ride_id=ride.id, rider=ride.rider, **data)


def refusal(ride):
    with pytest.raises(RideRefused) as refused:
        pause(ride)
    return refused.value.code


def events(ride):
    log = VehicleEvent.objects.filter(city=ride.city, ride_id=ride.id).order_by("occurred_at")
    return [(*event.event_types, event.state) for event in log]


def told(response):
    return [str(message) for message in response.context["messages"]]


class TestParking:
    def test_the_rider_is_told_until_when_and_finds_it_on_the_screen(self, rider_client, ride):
        with assert_local():
            rider_client.post(url_of(ride, "pause"))
        assert "Ride paused. Lock the vehicle. It's yours until" in text_of(rider_client, "/rides/")
        text = text_of(rider_client, ride.get_absolute_url())
        assert "Paused. It's yours until" in text
        assert "Resume ride" in text
        assert "Pause ride" not in text

    def test_it_stays_in_use_for_everyone_else(self, client_of, ride):
        pause(ride)
        ride.vehicle.refresh_from_db()
        assert ride.vehicle.is_on_trip
        response = client_of(UserFactory()).post(f"/rides/start/paris/{ride.vehicle.public_id}/", follow=True)
        assert told(response) == ["This vehicle is in use."]

    def test_the_log_has_both_acts_and_no_rule_is_broken(self, ride):
        pause(ride)
        assert contradictions() == []
        resume(ride)
        end(ride)
        assert events(ride) == [
            (EventType.TRIP_START, "on_trip"),
            (EventType.TRIP_PAUSE, "on_trip"),
            (EventType.TRIP_RESUME, "on_trip"),
            (EventType.TRIP_END, "available"),
        ]
        assert contradictions() == []

    def test_twice_is_one_pause(self, ride):
        assert pause(ride).pause_until == pause(ride).pause_until
        assert len(events(ride)) == 2

    def test_the_time_is_for_the_whole_ride(self, ride, time_machine):
        time_machine.move_to(timezone.now(), tick=False)
        for minutes_left in (30, 20, 10):
            left = pause(ride).pause_until - timezone.now()
            assert round(left / timedelta(minutes=1)) == minutes_left
            time_machine.shift(PARKED)
            resume(ride)
        assert refusal(ride) == "pause_used_up"

    def test_a_booking_ends_it(self, ride):
        booking = BookingFactory(vehicle=ride.vehicle, starts_at=timezone.now() + timedelta(minutes=12))
        assert pause(ride).pause_until == booking.starts_at

    def test_ones_own_booking_does_not(self, ride, rider):
        BookingFactory(vehicle=ride.vehicle, rider=rider, starts_at=timezone.now() + timedelta(minutes=12))
        assert pause(ride).pause_until - timezone.now() > timedelta(minutes=29)

    @pytest.mark.parametrize("what", ["maintenance", "booking"])
    def test_a_vehicle_that_is_needed_now_is_not_parked(self, ride, what):
        AllocationFactory(vehicle=ride.vehicle, starts_at=timezone.now() - timedelta(minutes=1), **{what: True})
        assert refusal(ride) == "vehicle_needed"

    def test_without_time_for_it_there_is_no_button(self, rider_client, ride, settings):
        settings.RIDE_PAUSE_MINUTES = 0
        assert "Pause ride" not in text_of(rider_client, "/rides/")
        response = rider_client.post(url_of(ride, "pause"), follow=True)
        assert told(response) == ["You've used up the pause time for this ride."]

    def test_a_ride_that_has_ended_is_not_parked(self, rider_client, rider):
        response = rider_client.post(url_of(RideFactory(rider=rider), "pause"), follow=True)
        assert told(response) == ["This ride has ended."]

    @pytest.mark.parametrize("act", ["pause", "resume"])
    def test_other_peoples_rides_and_other_methods(self, client, rider_client, ride, act):
        assert rider_client.post(url_of(OpenRideFactory(), act)).status_code == 404
        assert rider_client.get(url_of(ride, act)).status_code == 405
        assert client.post(url_of(OpenRideFactory(), act)).status_code in {302, 404}


class TestRidingOn:
    def test_the_time_parked_is_in_the_summary(self, rider_client, ride, time_machine):
        time_machine.move_to(timezone.now())
        pause(ride)
        time_machine.shift(PARKED)
        rider_client.post(url_of(ride, "resume"))
        assert "Pause ride" in text_of(rider_client, ride.get_absolute_url())
        end(ride)
        ride.refresh_from_db()
        assert PARKED <= ride.paused_for < 2 * PARKED
        assert "Paused 1" in text_of(rider_client, ride.get_absolute_url())

    def test_a_ride_that_is_not_parked_goes_on(self, rider_client, ride):
        assert rider_client.post(url_of(ride, "resume")).url == "/rides/"
        assert len(events(ride)) == 1

    def test_ended_while_parked_it_is_whole(self, ride, time_machine):
        time_machine.move_to(timezone.now())
        pause(ride)
        time_machine.shift(PARKED)
        end(ride)
        ride.refresh_from_db()
        assert (ride.paused_at, ride.pause_until) == (None, None)
        assert ride.paused_for >= PARKED
        assert contradictions() == []


class TestBeforeTheTimeIsUp:
    @pytest.fixture(autouse=True)
    def _parked(self, ride, time_machine):
        time_machine.move_to("2030-05-01T12:00:00Z", tick=False)
        pause(ride)

    def test_the_rider_is_reminded_once(
        self, ride, time_machine, mailoutbox, django_capture_on_commit_callbacks, capsys
    ):
        time_machine.shift(timedelta(minutes=25))
        with django_capture_on_commit_callbacks(execute=True), assert_local():
            for _twice in range(2):
                call_command("remind_of_pauses")
        notification = Notification.objects.get()
        assert notification.text == (
            f"Your pause of {ride.vehicle.code} ends at 14:30. Resume or end your ride by then."
        )
        assert (notification.code, notification.url) == ("pause_reminder", ride.get_absolute_url())
        assert [mail.to for mail in mailoutbox] == [[ride.rider.email]]
        assert "Pauses that end soon: 1." in capsys.readouterr().out

    @pytest.mark.parametrize("minutes", [0, 24, 30])
    def test_not_too_early_nor_too_late(self, time_machine, minutes):
        time_machine.shift(timedelta(minutes=minutes))
        assert remind_of_pauses() == 0

    def test_not_once_the_rider_goes_on_or_has_ended_the_ride(self, ride, time_machine):
        time_machine.shift(timedelta(minutes=26))
        resume(ride)
        assert remind_of_pauses() == 0
        end(ride)
        assert remind_of_pauses() == 0

    def test_never_where_the_operator_wants_none(self, settings, time_machine):
        settings.RIDE_PAUSE_REMINDER_MINUTES = 0
        time_machine.shift(timedelta(minutes=29))
        assert remind_of_pauses() == 0

    def test_a_pause_that_was_short_from_the_start_needs_none(self, settings, time_machine):
        settings.RIDE_PAUSE_REMINDER_MINUTES = 30
        time_machine.shift(timedelta(minutes=1))
        assert remind_of_pauses() == 0


class TestWhenTheTimeIsUp:
    @pytest.fixture
    def over(self, ride, time_machine):
        time_machine.move_to(timezone.now(), tick=False)
        pause(ride)
        time_machine.shift(timedelta(minutes=31))
        return ride

    def test_the_ride_goes_on_and_the_screen_says_so(self, rider_client, over):
        text = text_of(rider_client, over.get_absolute_url())
        assert "Your pause ended at" in text
        assert "Resume ride" not in text
        assert "Pause ride" not in text
        assert refusal(over) == "pause_used_up"
        assert contradictions() == []

    def test_the_rider_is_notified_once(self, over, capsys):
        for _twice in range(2):
            call_command("notify_ended_pauses")
        notification = Notification.objects.get()
        assert notification.code == "pause_over"
        assert notification.url == over.get_absolute_url()
        assert "Pauses that are over: 1." in capsys.readouterr().out

    def test_no_more_than_the_time_allowed_counts(self, over):
        resume(over)
        end(over)
        over.refresh_from_db()
        assert over.paused_for == timedelta(minutes=30)
        assert [types for types, _state in events(over)] == ["trip_start", "trip_pause", "trip_end"]


def test_in_the_api(rider, ride):
    app = api_client(rider, "rides")
    path = f"/api/v1/cities/paris/rides/{ride.id}"
    links = app.get(path).json()["_links"]
    paused = app.post(links["pause"]).json()
    assert paused["paused"]["since"] < paused["paused"]["until"]
    assert app.post(links["pause"]).json()["paused"] == paused["paused"]
    assert app.post(links["resume"]).json()["paused"] is None
    app.post(links["end"], {"location": "Louvre"})
    response = app.post(links["pause"])
    assert (response.status_code, response.json()["code"]) == (409, "ride_ended")


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_parked_five_times_at_once_is_one_pause(self, ride):
        rides = at_once(*[lambda: pause(ride)] * 5)
        assert len({ride.pause_until for ride in rides}) == 1
        assert len(events(ride)) == 2

    def test_parked_just_before_the_end_it_counts_as_parked(self, ride):
        (ended,) = behind(lambda: part_of(pause_ride, ride), lambda: end(ride))
        ride.refresh_from_db()
        assert (ride.is_open, ride.paused_at) == (False, None)
        assert ended.paused_for == ride.paused_for > timedelta()
        assert contradictions() == []

    def test_ended_just_before_it_is_parked_it_is_not(self, ride):
        (parked,) = behind(lambda: part_of(end_ride, ride, end_location="Louvre"), lambda: pause(ride))
        assert parked.code == "ride_ended"
        assert contradictions() == []

    def test_ridden_on_just_before_the_end_the_time_parked_counts_once(self, ride):
        pause(ride)
        Ride.objects.update(paused_at=timezone.now() - PARKED, start_time=timezone.now() - 2 * PARKED)
        behind(lambda: part_of(resume_ride, ride), lambda: end(ride))
        ride.refresh_from_db()
        assert PARKED <= ride.paused_for < 2 * PARKED


def test_two_rides_have_two_codes_and_two_ends_on_every_page(rider_client, rider, settings):
    settings.MAX_OPEN_RIDES = 2
    first, second = OpenRideFactory(rider=rider), OpenRideFactory(rider=rider)
    pause(second)
    page = rider_client.get("/rides/").content.decode()
    for ride in (first, second):
        assert ride.vehicle.lock_code in page
        assert f'action="{url_of(ride, "end")}"' in page
        assert "You have 2 rides" in rider_client.get(ride.get_absolute_url()).content.decode()
    third = VehicleFactory()
    response = rider_client.post(f"/rides/start/paris/{third.public_id}/", follow=True)
    assert told(response) == ["You already have 2 rides. End one before starting a new one!"]
    response = rider_client.post(url_of(first, "end"), {"end_location": "Louvre"}, follow=True)
    assert "You are riding" in response.content.decode()
