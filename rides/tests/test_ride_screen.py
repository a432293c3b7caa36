"""The page of a ride: directions, the lock, the next booking, and the summary."""

from datetime import timedelta

import pytest
from django.core.checks import run_checks
from django.urls import reverse
from django.utils import timezone

from fleet.tests.factories import EIFFEL_TOWER, NOTRE_DAME, BookingFactory, VehicleFactory
from movr_project.tests.locality import assert_local
from movr_project.tests.pages import text_of
from rides.locks import Instructions, LockRefused
from rides.tests.factories import OpenRideFactory, RideFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def ride(rider):
    vehicle = VehicleFactory(lock_code="70531864", battery_percent=64, range_m=18_000, type="moped")
    return OpenRideFactory(rider=rider, vehicle=vehicle)


def unlock_url(ride):
    return reverse("rides:ride_unlock", args=[ride.city, ride.id])


def booked(ride, *, after, **for_whom):
    BookingFactory(vehicle=ride.vehicle, starts_at=timezone.now() + after, **for_whom)


class SmartLock:
    """A lock that opens remotely, except one that is unreachable."""

    opened: list = []

    def unlock_instructions(self, ride):
        return Instructions(text="Stand beside it.")

    def unlock(self, ride):
        if ride.vehicle.color == "grey":
            raise LockRefused("The lock does not answer. Try again.", code="lock_unreachable")
        self.opened.append(ride.id)


@pytest.fixture
def smart_locks(settings):
    settings.LOCK_BACKEND = f"{__name__}.SmartLock"
    SmartLock.opened = []
    return SmartLock


class TestTheWayThere:
    @pytest.mark.parametrize("page", ["/vehicles/", "/profile/", "/help/", "/bookings/"])
    def test_every_page_leads_to_the_open_ride(self, rider_client, ride, page):
        content = rider_client.get(page).content.decode()
        assert "You are riding" in content
        assert '<a class="riding" href="/rides/">' in content

    def test_someone_who_rides_nothing_sees_nothing_of_it(self, rider_client):
        assert "You are riding" not in rider_client.get("/help/").content.decode()

    def test_it_takes_no_further_statement(self, rider_client, ride, django_assert_num_queries):
        with django_assert_num_queries(1):  # the user
            rider_client.get("/help/")


class TestTheScreen:
    def test_it_says_what_a_rider_wants_to_know(self, rider_client, ride):
        text = text_of(rider_client, ride.get_absolute_url())
        for words in ("Riding for", "70531864", "Notre-Dame", "64% charged", "18.0 km", "Report a problem", "End ride"):
            assert words in text

    def test_it_takes_two_statements_in_one_city(self, rider_client, ride, django_assert_num_queries):
        with assert_local(), django_assert_num_queries(2):
            rider_client.get(ride.get_absolute_url())

    def test_a_vehicle_without_a_code_has_nothing_to_unlock(self, rider_client, rider):
        ride = OpenRideFactory(rider=rider, vehicle=VehicleFactory(lock_code=""))
        assert "Unlock" not in text_of(rider_client, ride.get_absolute_url())


class TestWhoWaits:
    @pytest.mark.parametrize("page", ["/rides/", None])
    def test_a_booking_soon_is_mentioned(self, rider_client, ride, page):
        booked(ride, after=timedelta(minutes=45))
        assert "please end your ride within 44" in text_of(rider_client, page or ride.get_absolute_url())

    def test_a_waiting_person_is_mentioned(self, rider_client, ride):
        booked(ride, after=-timedelta(minutes=5))
        assert "is waiting. Please end your ride now." in text_of(rider_client, ride.get_absolute_url())

    @pytest.mark.parametrize(("seconds", "overdue"), [(-1, False), (0, True)])
    def test_a_vehicle_is_overdue_from_the_moment_its_booking_begins(
        self, rider_client, ride, time_machine, seconds, overdue
    ):
        now = timezone.now()
        booked(ride, after=timedelta(hours=1))
        starts_at = ride.vehicle.allocations.get().starts_at
        assert starts_at > now
        time_machine.move_to(starts_at + timedelta(seconds=seconds), tick=False)
        assert ("is waiting" in text_of(rider_client, ride.get_absolute_url())) is overdue

    def test_a_cancelled_booking_is_not_mentioned(self, rider_client, ride):
        booked(ride, after=timedelta(hours=1))
        ride.vehicle.allocations.update(cancelled_at=timezone.now())
        assert rider_client.get(ride.get_absolute_url()).context["ride"].due_at is None

    def test_the_riders_own_booking_causes_no_warning(self, rider_client, rider, ride):
        booked(ride, after=timedelta(minutes=45), rider=rider)
        assert "Someone has booked" not in text_of(rider_client, ride.get_absolute_url())

    def test_nor_is_a_booking_tomorrow(self, rider_client, ride):
        booked(ride, after=timedelta(days=1))
        assert "Someone has booked" not in text_of(rider_client, ride.get_absolute_url())

    def test_the_list_still_takes_three_statements(self, rider_client, ride, django_assert_num_queries):
        booked(ride, after=timedelta(minutes=45))
        with django_assert_num_queries(3):
            rider_client.get("/rides/")


class TestLocks:
    def test_a_lock_with_a_code_takes_no_command(self, rider_client, ride):
        assert rider_client.post(unlock_url(ride)).status_code == 404
        assert unlock_url(ride) not in rider_client.get(ride.get_absolute_url()).content.decode()

    def test_a_smart_lock_has_a_button_that_opens_it(self, rider_client, ride, smart_locks):
        page = rider_client.get(ride.get_absolute_url()).content.decode()
        assert unlock_url(ride) in page
        assert "Stand beside it." in page
        assert "70531864" not in page
        response = rider_client.post(unlock_url(ride), follow=True)
        assert response.redirect_chain == [(ride.get_absolute_url(), 302)]
        assert [str(message) for message in response.context["messages"]] == ["The lock is open."]
        assert smart_locks.opened == [ride.id]

    def test_a_connection_without_a_response_says_so(self, rider_client, rider, smart_locks):
        ride = OpenRideFactory(rider=rider, vehicle=VehicleFactory(color="grey"))
        response = rider_client.post(unlock_url(ride), follow=True)
        assert [str(message) for message in response.context["messages"]] == ["The lock does not answer. Try again."]

    def test_it_stays_shut_once_the_ride_has_ended(self, rider_client, rider, smart_locks):
        assert rider_client.post(unlock_url(RideFactory(rider=rider))).status_code == 302
        assert smart_locks.opened == []

    def test_someone_elses_ride_is_not_found(self, rider_client, smart_locks):
        assert rider_client.post(unlock_url(OpenRideFactory())).status_code == 404
        assert smart_locks.opened == []

    @pytest.mark.parametrize("backend", ["rides.locks.NoSuchLock", "nowhere.Lock", "rides.locks.Instructions"])
    def test_an_invalid_backend_is_reported_at_start_up(self, settings, backend):
        settings.LOCK_BACKEND = backend
        assert [error.id for error in run_checks()] == ["rides.E001"]


class TestTheSummary:
    def test_it_says_how_far_it_was_at_least(self, rider_client, rider):
        ends = {"end_latitude": EIFFEL_TOWER[0], "end_longitude": EIFFEL_TOWER[1]}
        ride = RideFactory(rider=rider, start_latitude=NOTRE_DAME[0], start_longitude=NOTRE_DAME[1], **ends)
        text = text_of(rider_client, ride.get_absolute_url())
        assert "Duration 10:00 Straight-line distance 4.1 km" in text

    def test_where_an_end_is_not_known_it_says_nothing_of_distance(self, rider_client, rider):
        ride = RideFactory(rider=rider, start_latitude=NOTRE_DAME[0], start_longitude=NOTRE_DAME[1])
        assert "crow" not in text_of(rider_client, ride.get_absolute_url())

    def test_a_removed_vehicle_is_not_reported(self, rider_client, rider):
        ride = RideFactory(rider=rider, vehicle=VehicleFactory(status="removed"), end_time=timezone.now())
        assert "Report a problem" not in text_of(rider_client, ride.get_absolute_url())
