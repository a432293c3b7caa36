"""A vehicle is addressed and named by what changes with every trip, except for those who have it or are at it."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.tests.factories import StaffFactory, UserFactory
from cities.registry import registry
from fleet.at_the_label import SECONDS
from fleet.models import Allocation, Vehicle
from fleet.services import cancel_own_allocation
from fleet.tests.calendars import reserve
from fleet.tests.factories import NOTRE_DAME, BookingFactory, VehicleFactory
from rides.models import Ride
from rides.services import end_ride, start_ride
from rides.tests.factories import OpenRideFactory, RideFactory

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

PAGES = ["", "calendar/", "book/", "report/"]
MOVED_ON = "This vehicle has moved on"


@pytest.fixture
def vehicle():
    return VehicleFactory(owner=UserFactory())


def permanent(vehicle, page=""):
    return f"{vehicle.lasting_url()}{page}"


def public(vehicle, page=""):
    return f"{vehicle.get_absolute_url()}{page}"


def text_of(client, url, status=200):
    response = client.get(url)
    assert response.status_code == status
    return response.content.decode()


def owner_of(vehicle):
    return vehicle.owner


def rider_of(vehicle):
    return OpenRideFactory(vehicle=vehicle, rider=UserFactory()).rider


def holder_of(vehicle):
    person = UserFactory()
    reserve(person, vehicle)
    return person


def booker_of(vehicle):
    return BookingFactory(vehicle=vehicle).rider


HAVING_IT = [owner_of, rider_of, holder_of, booker_of, lambda vehicle: StaffFactory()]
NAMES = ["its owner", "its rider", "who reserved it", "who booked it", "staff"]


class TestStrangers:
    @pytest.mark.parametrize("url", ["/vehicles/", "/vehicles/?lat=48.85&lon=2.35", "/vehicles/map/"])
    def test_lists_and_maps_name_nothing_that_lasts(self, rider_client, vehicle, url):
        text = text_of(rider_client, url)
        assert str(vehicle.public_id) in text
        assert vehicle.code not in text
        assert str(vehicle.id) not in text

    @pytest.mark.parametrize("page", PAGES)
    def test_pages_name_nothing_that_lasts(self, rider_client, vehicle, page):
        text = text_of(rider_client, public(vehicle, page))
        assert f"#{vehicle.public_id.hex[:4].upper()}" in text
        assert vehicle.code not in text
        assert str(vehicle.id) not in text

    @pytest.mark.parametrize("page", PAGES)
    def test_the_permanent_id_leads_nowhere(self, rider_client, vehicle, page):
        assert MOVED_ON in text_of(rider_client, permanent(vehicle, page), status=404)

    def test_by_the_permanent_id_nothing_can_be_started_or_reserved(self, rider_client, vehicle):
        for name in ("rides:ride_start", "fleet:vehicle_reserve"):
            response = rider_client.post(reverse(name, args=[vehicle.city, vehicle.id]), {"token": "t"})
            assert response.status_code == 404
        assert not Ride.objects.exists()
        assert not Allocation.objects.exists()

    def test_the_order_of_a_list_changes_with_the_public_id(self, rider_client):
        first, second = sorted(VehicleFactory.create_batch(2), key=lambda vehicle: vehicle.public_id.hex)
        Vehicle.objects.filter(id=first.id).update(public_id=uuid.UUID(int=2**128 - 1))
        assert list(rider_client.get("/vehicles/").context["page"]) == [second, first]

    def test_a_report_from_afar_is_answered_without_the_code(self, rider, rider_client, vehicle):
        response = rider_client.post(public(vehicle, "report/"), {"kind": "dirty", "token": "t"}, follow=True)
        assert "Thanks for reporting this." in response.content.decode()
        assert vehicle.code not in response.content.decode()


class TestWhoHasIt:
    @pytest.mark.parametrize("who", HAVING_IT, ids=NAMES)
    @pytest.mark.parametrize("address", [public, permanent])
    def test_reads_its_code_at_both_addresses(self, client, vehicle, who, address):
        client.force_login(who(vehicle))
        for page in PAGES:
            assert vehicle.code in text_of(client, address(vehicle, page))

    def test_staff_without_a_second_factor_are_strangers(self, client, vehicle, settings):
        settings.STAFF_SECOND_FACTOR = True
        client.force_login(StaffFactory())
        text_of(client, permanent(vehicle), status=404)

    def test_not_after_it_is_cancelled(self, client, vehicle):
        person = booker_of(vehicle)
        booking = Allocation.objects.get()
        cancel_own_allocation(rider=person, city=vehicle.city, allocation_id=booking.id)
        client.force_login(person)
        assert MOVED_ON in text_of(client, permanent(vehicle), status=404)
        text = text_of(client, booking.get_absolute_url())
        assert public(vehicle) not in text
        assert vehicle.last_location not in text


class TestAtTheLabel:
    def test_the_code_leads_to_it_and_names_it(self, rider_client, vehicle):
        text = text_of(rider_client, f"/v/{vehicle.code}/")
        assert vehicle.code in text
        assert reverse("rides:ride_start", args=[vehicle.city, vehicle.public_id]) in text
        assert str(vehicle.id) not in text

    def test_for_ten_minutes_its_other_pages_name_it_too(self, rider_client, vehicle, time_machine):
        rider_client.get(f"/v/{vehicle.code}/")
        assert vehicle.code in text_of(rider_client, public(vehicle, "report/"))
        time_machine.move_to(timezone.now() + timedelta(seconds=SECONDS), tick=False)
        assert vehicle.code not in text_of(rider_client, public(vehicle, "report/"))


class TestAfterATrip:
    @pytest.fixture
    def ridden(self, rider, vehicle):
        """The vehicle as it was addressed before a trip of the rider's."""
        ride = start_ride(
            rider=rider, city=registry["paris"], vehicle_city="paris", vehicle_id=vehicle.id, token="trip"
        )
        end_ride(city="paris", ride_id=ride.id, rider=rider, end_location="Bastille", position=NOTRE_DAME)
        return vehicle

    @pytest.mark.parametrize("page", PAGES)
    def test_the_old_address_says_so_and_offers_others(self, client_of, ridden, page):
        other = VehicleFactory()
        text = text_of(client_of(UserFactory()), public(ridden, page), status=404)
        assert MOVED_ON in text
        assert public(other) in text
        assert "Bastille" in text  # where the vehicle is now, under its new address
        assert public(Vehicle.objects.get(id=ridden.id)) in text

    @pytest.mark.parametrize("name", ["rides:ride_start", "fleet:vehicle_reserve", "fleet:vehicle_book"])
    def test_a_form_made_before_it_changes_nothing(self, client_of, ridden, name):
        response = client_of(UserFactory()).post(reverse(name, args=["paris", ridden.public_id]), {"token": "t"})
        assert (response.status_code, MOVED_ON in response.content.decode()) == (404, True)
        assert not Ride.objects.open().exists()
        assert not Allocation.objects.exists()

    def test_its_last_rider_can_not_follow_it(self, rider_client, ridden):
        text_of(rider_client, permanent(ridden), status=404)
        (ride,) = Ride.objects.all()
        for url in ("/rides/", ride.get_absolute_url()):
            assert str(Vehicle.objects.get(id=ridden.id).public_id) not in text_of(rider_client, url)

    def test_its_last_rider_can_report_it_without_learning_where_it_is(self, rider_client, ridden):
        Vehicle.objects.filter(id=ridden.id).update(last_location="Somewhere new")
        (ride,) = Ride.objects.all()
        report = reverse("operations:vehicle_report", args=["paris", ridden.id])
        assert report in text_of(rider_client, ride.get_absolute_url())
        text = text_of(rider_client, report)
        assert ridden.code in text
        assert "Somewhere new" not in text
        assert str(Vehicle.objects.get(id=ridden.id).public_id) not in text
        assert rider_client.post(report, {"kind": "dirty", "token": "t"}).url == "/rides/"

    def test_a_ride_on_another_vehicle_opens_no_report(self, rider, rider_client, vehicle):
        RideFactory(rider=rider)
        text_of(rider_client, permanent(vehicle, "report/"), status=404)


def test_another_citys_vehicle_has_moved_on_as_well(rider_client, vehicle):
    url = reverse("fleet:vehicle_detail", args=[registry["rome"], vehicle.public_id])
    text = text_of(rider_client, url, status=404)
    assert MOVED_ON in text
    assert "/rides/start/" not in text  # that city is not the one they are browsing
