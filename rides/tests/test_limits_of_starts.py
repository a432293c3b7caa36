"""No one can collect unlock codes, erase positions or keep a vehicle for good by riding."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import StaffFactory, UserFactory
from cities.registry import registry
from fleet.models import Vehicle
from fleet.tests.factories import EIFFEL_TOWER, NOTRE_DAME, VehicleFactory
from movr_project.tests.locality import assert_local
from movr_project.tests.threads import at_once
from rides.long_rides import notify_long_rides
from rides.models import Ride
from rides.services import RideRefused, end_ride, start_ride
from rides.tests.factories import OpenRideFactory, RideFactory

VEHICLES, RIDES = "/admin/fleet/vehicle/", "/admin/rides/ride/"


def start(rider, vehicle, token="form"):
    return start_ride(
        rider=rider, city=registry[vehicle.city], vehicle_city=vehicle.city, vehicle_id=vehicle.id, token=token
    )


def ride_once(rider, vehicle=None):
    ride = start(rider, vehicle or VehicleFactory())
    return end_ride(city=ride.city, ride_id=ride.id, rider=rider, end_location="x")


def code_of(rider, vehicle):
    with pytest.raises(RideRefused) as refused:
        start(rider, vehicle)
    return refused.value.code


@pytest.mark.django_db
class TestStartsPerHour:
    def test_the_last_one_of_the_limit_starts_and_the_next_is_refused(self, rider, settings):
        settings.RIDE_STARTS_PER_HOUR = 2
        ride_once(rider)
        ride_once(rider)
        vehicle = VehicleFactory()
        assert code_of(rider, vehicle) == "too_many_starts"
        assert Vehicle.objects.get(pk=vehicle.pk).is_available
        assert not User.objects.get(id=rider.id).is_riding

    def test_it_counts_in_all_cities(self, rider, settings):
        settings.RIDE_STARTS_PER_HOUR = 1
        ride_once(rider, VehicleFactory(city="rome"))
        assert code_of(rider, VehicleFactory()) == "too_many_starts"

    def test_the_count_restarts_after_an_hour(self, rider, settings, time_machine):
        settings.RIDE_STARTS_PER_HOUR = 2
        now = timezone.now()
        time_machine.move_to(now, tick=False)
        ride_once(rider)
        time_machine.move_to(now + timedelta(minutes=59), tick=False)
        ride_once(rider)
        assert code_of(rider, VehicleFactory()) == "too_many_starts"
        time_machine.move_to(now + timedelta(minutes=60), tick=False)
        ride_once(rider)
        ride_once(rider)
        assert code_of(rider, VehicleFactory()) == "too_many_starts"

    def test_the_same_form_twice_counts_once(self, rider, settings):
        settings.RIDE_STARTS_PER_HOUR = 1
        vehicle = VehicleFactory()
        assert start(rider, vehicle) == start(rider, vehicle)

    def test_a_refused_start_counts_nothing(self, rider, settings):
        settings.RIDE_STARTS_PER_HOUR = 2
        ride = start(rider, VehicleFactory())
        assert code_of(rider, VehicleFactory()) == "already_riding"
        end_ride(city=ride.city, ride_id=ride.id, rider=rider, end_location="x")
        ride_once(rider)

    def test_the_rider_reads_how_long_to_wait(self, rider_client, rider, settings):
        settings.RIDE_STARTS_PER_HOUR = 1
        ride_once(rider)
        vehicle = VehicleFactory()
        url = reverse("rides:ride_start", args=[vehicle.city, vehicle.public_id])
        page = rider_client.post(url, {"token": "form"}, follow=True).content.decode()
        assert "You can start the next one in 60 minutes." in page
        assert vehicle.lock_code not in page

    def test_it_costs_nothing_that_names_no_city(self, rider):
        vehicle = VehicleFactory()
        with assert_local():
            start(rider, vehicle)


@pytest.mark.django_db(transaction=True)
def test_of_ten_starts_at_once_only_the_limit_counts(settings):
    settings.RIDE_STARTS_PER_HOUR, settings.MAX_OPEN_RIDES = 3, 10
    rider, vehicles = UserFactory(), VehicleFactory.create_batch(10)
    results = at_once(*(lambda vehicle=vehicle: start(rider, vehicle) for vehicle in vehicles))
    assert sum(isinstance(result, Ride) for result in results) == 3
    assert {getattr(result, "code", "") for result in results if not isinstance(result, Ride)} == {"too_many_starts"}
    assert User.objects.get(id=rider.id).open_rides == 3


@pytest.mark.django_db
class TestWordsAlone:
    def test_the_last_known_position_is_kept_as_an_old_one(self, rider):
        vehicle = VehicleFactory()
        ride_once(rider, vehicle)
        vehicle.refresh_from_db()
        assert (vehicle.position, vehicle.cell, vehicle.old_position) == (None, "", NOTRE_DAME)

    def test_it_outlives_further_words_and_ends_with_a_position(self, rider):
        vehicle = VehicleFactory()
        ride_once(rider, vehicle)
        ride = start(rider, vehicle, "second")
        end_ride(city="paris", ride_id=ride.id, rider=rider, end_location="y")
        vehicle.refresh_from_db()
        assert vehicle.old_position == NOTRE_DAME
        ride = start(rider, vehicle, "third")
        end_ride(city="paris", ride_id=ride.id, rider=rider, end_location="", position=EIFFEL_TOWER)
        vehicle.refresh_from_db()
        assert (vehicle.position, vehicle.old_position) == (EIFFEL_TOWER, None)

    def test_staff_see_it_and_the_map_does_not(self, rider, rider_client, client_of):
        vehicle = VehicleFactory()
        ride_once(rider, vehicle)
        page = client_of(StaffFactory()).get(f"{VEHICLES}paris:{vehicle.id}/change/").content.decode()
        assert "48.852968, 2.349902" in page
        assert vehicle.code not in rider_client.get("/vehicles/map/?bounds=2,48,3,49").content.decode()
        assert "48.852968" not in rider_client.get(f"/v/{vehicle.code}/").content.decode()


@pytest.mark.django_db
class TestLists:
    @pytest.fixture
    def staff_client(self, client_of):
        return client_of(StaffFactory())

    @staticmethod
    def found(client, url, **query):
        return {row.pk for row in client.get(url, query).context["cl"].result_list}

    def test_staff_find_very_short_rides_and_the_vehicles_whose_code_was_seen(self, staff_client, rider):
        short = ride_once(rider)
        now = timezone.now()
        RideFactory(start_time=now - timedelta(minutes=4), end_time=now - timedelta(minutes=2))
        RideFactory(start_time=now - timedelta(minutes=2), end_time=now)  # exactly at the limit
        OpenRideFactory()
        assert self.found(staff_client, RIDES, attention="short") == {short.pk}
        assert self.found(staff_client, VEHICLES, work="code_seen") == {short.vehicle.pk}

    def test_staff_find_long_rides_and_their_vehicles(self, staff_client):
        limit = timezone.now() - timedelta(hours=12)
        long = OpenRideFactory(start_time=limit)
        OpenRideFactory(start_time=limit + timedelta(minutes=1))
        RideFactory(start_time=limit, end_time=timezone.now())
        assert self.found(staff_client, RIDES, attention="long") == {long.pk}
        assert self.found(staff_client, VEHICLES, work="long") == {long.vehicle.pk}


@pytest.mark.django_db
class TestLongRides:
    def test_the_rider_is_asked_once_on_the_site_and_by_mail(self, mailoutbox, django_capture_on_commit_callbacks):
        ride = OpenRideFactory(start_time=timezone.now() - timedelta(hours=13))
        OpenRideFactory(start_time=timezone.now() - timedelta(hours=11))
        with django_capture_on_commit_callbacks(execute=True):
            call_command("notify_long_rides", verbosity=0)
            call_command("notify_long_rides", verbosity=0)
        [notice] = ride.rider.notifications.all()
        assert notice.code == "ride_long"
        assert ride.vehicle.code in notice.text
        assert [mail.to for mail in mailoutbox] == [[ride.rider.email]]

    @pytest.mark.parametrize(("seconds", "asked"), [(-1, 0), (0, 1)])
    def test_a_ride_is_long_from_the_second_of_the_setting(self, time_machine, settings, seconds, asked):
        settings.RIDE_WARNING_HOURS = 3
        now = timezone.now()
        OpenRideFactory(start_time=now - timedelta(hours=3))
        time_machine.move_to(now + timedelta(seconds=seconds), tick=False)
        assert notify_long_rides() == asked

    def test_the_command_says_how_many(self, capsys):
        OpenRideFactory(start_time=timezone.now() - timedelta(hours=13))
        call_command("notify_long_rides")
        assert capsys.readouterr().out == "Long rides: 1.\n"
