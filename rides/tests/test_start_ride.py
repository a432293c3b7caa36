"""Riders start a ride."""

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.tests.factories import UserFactory
from cities.registry import registry
from fleet.models import Vehicle
from fleet.services import VehicleRefused
from fleet.tests.calendars import reserve
from fleet.tests.factories import VehicleFactory
from movr_project.tests.locality import assert_local
from rides.models import Ride, ride_id
from rides.services import RideRefused, end_ride, start_ride
from rides.tests.factories import OpenRideFactory, RideFactory

pytestmark = pytest.mark.django_db

ALREADY_RIDING = "You are already riding. End your current ride before starting a new one!"


@pytest.fixture
def vehicle():
    return VehicleFactory()


def url_of(vehicle):
    return reverse("rides:ride_start", args=[vehicle.city, vehicle.public_id])


def start(rider, vehicle, *, token="form", city="paris"):
    return start_ride(rider=rider, city=registry[city], vehicle_city=vehicle.city, vehicle_id=vehicle.id, token=token)


def refusal(rider, vehicle, **how):
    """Return the code of a refused start. Assert that nothing has changed."""
    before = Ride.objects.count(), User.objects.get(id=rider.id).open_rides
    with pytest.raises((RideRefused, VehicleRefused)) as refused:
        start(rider, vehicle, **how)
    assert before == (Ride.objects.count(), User.objects.get(id=rider.id).open_rides)
    return refused.value.code


def press(client, vehicle, token="form", **data):
    """Submit, and return the message and the page that the rider sees."""
    response = client.post(url_of(vehicle), {"token": token, **data}, follow=True)
    assert response.status_code == 200
    page, _status = response.redirect_chain[0]
    return [str(message) for message in response.context["messages"]], page


def test_a_ride_begins_where_the_vehicle_is_parked(rider, vehicle):
    ride = start(rider, vehicle)
    ride.refresh_from_db()
    assert (ride.city, ride.vehicle, ride.rider, ride.rider_city) == ("paris", vehicle, rider, "paris")
    assert (ride.start_location, ride.start_latitude, ride.start_longitude) == ("Notre-Dame", *vehicle.position)
    assert ride.is_open


def test_the_vehicle_is_in_use_and_the_rider_is_riding(rider, vehicle):
    start(rider, vehicle)
    vehicle.refresh_from_db()
    rider.refresh_from_db()
    assert vehicle.is_on_trip
    assert rider.open_rides == 1


def test_the_rider_reads_that_it_started_and_sees_the_lock_code(rider_client):
    vehicle = VehicleFactory(lock_code="70531864")
    assert press(rider_client, vehicle) == (["Ride started."], "/rides/")
    assert "70531864" in rider_client.get("/rides/").content.decode()


def test_every_page_shows_the_current_ride(rider_client, vehicle):
    press(rider_client, vehicle)
    assert '<a class="riding"' in rider_client.get("/vehicles/").content.decode()


def test_a_guest_rides_in_the_city_they_chose(client, vehicle):
    guest = UserFactory(city="seattle")
    client.force_login(guest)
    client.post("/city/", {"city": "paris"}, follow=True)
    press(client, vehicle)
    ride = Ride.objects.get()
    assert (ride.city, ride.rider, ride.rider_city) == ("paris", guest, "seattle")


def test_a_vehicle_whose_place_is_known_in_words_only_can_be_ridden(rider):
    ride = start(rider, VehicleFactory(somewhere=True))
    assert (ride.start_latitude, ride.start_longitude) == (None, None)


def test_starting_queries_one_city_only(rider_client, vehicle):
    with assert_local():
        rider_client.post(url_of(vehicle), {"token": "form"})
    assert Ride.objects.exists()


def test_a_guests_start_names_both_cities(client, vehicle):
    client.force_login(UserFactory(city="seattle"))
    client.post("/city/", {"city": "paris"})
    with assert_local():
        client.post(url_of(vehicle), {"token": "form"})
    assert Ride.objects.exists()


def test_a_vehicle_that_never_was_is_gone(rider):
    assert refusal(rider, VehicleFactory.build()) == "vehicle_gone"


def test_a_removed_vehicle_is_gone(rider):
    assert refusal(rider, VehicleFactory(status="removed")) == "vehicle_gone"


def test_a_vehicle_that_waits_for_approval_does_not_exist_for_riders(rider):
    assert refusal(rider, VehicleFactory(approved_at=None)) == "vehicle_gone"


def test_a_vehicle_that_someone_is_riding_is_in_use(rider):
    assert refusal(rider, OpenRideFactory().vehicle) == "vehicle_in_use"


def test_a_vehicle_of_another_city_than_the_current_one_is_refused(rider):
    assert refusal(rider, VehicleFactory(city="rome")) == "wrong_city"


def test_a_vehicle_at_home_is_refused_while_browsing_elsewhere(rider, vehicle):
    assert refusal(rider, vehicle, city="rome") == "wrong_city"


def test_someone_who_is_riding_starts_no_second_ride(rider, vehicle):
    OpenRideFactory(rider=rider)
    assert refusal(rider, vehicle) == "already_riding"


def test_someone_who_rides_in_another_city_starts_no_second_ride_here(rider, vehicle):
    OpenRideFactory(rider=rider, vehicle=VehicleFactory(city="rome"))
    assert refusal(rider, vehicle) == "already_riding"


def test_a_closed_account_starts_nothing(rider, vehicle):
    User.objects.filter(id=rider.id).update(is_active=False)
    assert refusal(rider, vehicle) == "account_changed"


def test_after_a_concurrent_move_people_are_asked_to_try_again(rider, vehicle):
    User.objects.filter(id=rider.id).update(city="rome")
    assert refusal(rider, vehicle) == "account_changed"


def test_riding_another_vehicle_keeps_the_reservation_and_its_limit(rider, vehicle):
    reserve(rider, VehicleFactory())
    start(rider, vehicle)
    with pytest.raises(VehicleRefused) as refused:
        reserve(rider, VehicleFactory())
    assert refused.value.code == "already_holding"


def test_after_a_refusal_the_vehicle_is_still_free(rider, vehicle):
    OpenRideFactory(rider=rider)
    refusal(rider, vehicle)
    vehicle.refresh_from_db()
    assert vehicle.is_available


def test_where_two_rides_are_allowed_a_third_is_refused(rider, settings):
    settings.MAX_OPEN_RIDES = 2
    for vehicle in VehicleFactory.create_batch(2):
        start(rider, vehicle)
    assert refusal(rider, VehicleFactory()) == "already_riding"


def test_where_two_rides_are_allowed_both_are_on_the_rides_page(rider_client, rider, settings):
    settings.MAX_OPEN_RIDES = 2
    vehicles = VehicleFactory.create_batch(2)
    for vehicle in vehicles:
        press(rider_client, vehicle)
    page = rider_client.get("/rides/").content.decode()
    assert all(vehicle.code in page for vehicle in vehicles)
    assert page.count("Where are you leaving the vehicle?") == 2


def test_someone_who_is_riding_is_led_to_the_ride(rider_client, rider, vehicle):
    OpenRideFactory(rider=rider)
    assert press(rider_client, vehicle) == ([ALREADY_RIDING], "/rides/")


def test_someone_who_is_late_is_led_back_to_the_list(rider_client):
    taken = OpenRideFactory().vehicle
    assert press(rider_client, taken) == (["This vehicle is in use."], "/vehicles/")


def test_someone_who_looks_at_another_city_is_led_to_the_switch(rider_client):
    vehicle = VehicleFactory(city="rome")
    messages, page = press(rider_client, vehicle)
    assert messages == ["This vehicle is in Rome, and you're browsing Paris."]
    assert page == vehicle.get_absolute_url()


def test_the_rider_reads_that_a_vehicle_is_gone(rider_client):
    removed = VehicleFactory(status="removed")
    assert press(rider_client, removed) == (["Vehicle not found."], "/vehicles/")


def test_the_same_form_sent_again_is_the_same_ride(rider, vehicle):
    assert start(rider, vehicle) == start(rider, vehicle)
    rider.refresh_from_db()
    assert Ride.objects.count() == rider.open_rides == 1


def test_someone_who_presses_twice_reads_the_same_twice(rider_client, vehicle):
    assert press(rider_client, vehicle) == press(rider_client, vehicle) == (["Ride started."], "/rides/")


def test_the_same_form_is_the_same_ride_after_looking_at_another_city(rider, vehicle):
    assert start(rider, vehicle) == start(rider, vehicle, city="rome")


def test_another_form_of_the_same_vehicle_is_refused(rider, vehicle):
    start(rider, vehicle)
    assert refusal(rider, vehicle, token="another") == "vehicle_in_use"


def test_after_the_end_the_same_form_says_so(rider, vehicle):
    ride = start(rider, vehicle)
    end_ride(city=ride.city, ride_id=ride.id, rider=rider, end_location="Louvre")
    assert refusal(rider, vehicle) == "already_ended"


def test_a_form_sent_again_after_its_ride_has_ended_leads_to_the_ride(rider_client, rider, vehicle):
    ride = start(rider, vehicle)
    end_ride(city=ride.city, ride_id=ride.id, rider=rider, end_location="Louvre")
    assert press(rider_client, vehicle) == (["The ride started with this form has ended."], ride.get_absolute_url())
    vehicle.refresh_from_db()
    message = "The ride started with this form has ended. You can start a new one now."
    assert press(rider_client, vehicle) == ([message], vehicle.get_absolute_url())
    assert press(rider_client, vehicle, "another form") == (["Ride started."], "/rides/")


def test_one_form_on_two_vehicles_is_two_different_rides(rider, vehicle):
    start(rider, vehicle)
    assert refusal(rider, VehicleFactory()) == "already_riding"


def test_another_persons_token_leads_to_a_ride_of_your_own(rider, vehicle):
    stranger = UserFactory()
    ride = start(rider, vehicle)
    assert refusal(stranger, vehicle) == "vehicle_in_use"
    end_ride(city=ride.city, ride_id=ride.id, rider=rider, end_location="Louvre")
    assert start(stranger, vehicle) != ride


def test_a_ride_of_another_vehicle_has_another_id(rider):
    one, other = VehicleFactory.build_batch(2)
    assert ride_id(rider.id, "form", one.pk) != ride_id(rider.id, "form", other.pk)


@pytest.mark.parametrize("token", [{}, {"token": ""}, {"token": "\0"}, {"token": "x" * 10_000}, {"token": "🛴"}])
def test_a_form_without_a_usable_token_still_starts_a_ride(rider_client, vehicle, token):
    rider_client.post(url_of(vehicle), token)
    assert Ride.objects.count() == 1


def test_nobody_logged_in_starts_nothing(client, vehicle):
    assert client.post(url_of(vehicle)).url.startswith("/login/")
    assert not Ride.objects.exists()


def test_someone_who_is_locked_out_meanwhile_starts_nothing(rider_client, rider, vehicle):
    User.objects.filter(id=rider.id).update(is_active=False)
    assert rider_client.post(url_of(vehicle)).url.startswith("/login/")


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete"])
def test_a_ride_starts_by_post_only(rider_client, vehicle, method):
    assert getattr(rider_client, method)(url_of(vehicle)).status_code == 405
    assert not Ride.objects.exists()


def test_a_form_from_another_site_starts_nothing(rider, vehicle):
    client = Client(enforce_csrf_checks=True)
    client.force_login(rider)
    assert client.post(url_of(vehicle)).status_code == 403


@pytest.mark.parametrize("path", ["paris/x", "mars/{id}", "Paris/{id}", "paris/%00", "paris/" + "9" * 5_000])
def test_an_address_that_means_nothing_is_not_found(rider_client, path):
    assert rider_client.post(f"/rides/start/{path.format(id=uuid.uuid4())}/").status_code == 404


def test_additional_form_data_is_ignored(rider_client, rider, vehicle):
    stranger = UserFactory()
    press(rider_client, vehicle, rider_id=str(stranger.id), rider=str(stranger.id), start_location="Elsewhere")
    ride = Ride.objects.get()
    assert (ride.rider, ride.start_location) == (rider, "Notre-Dame")


def test_a_password_saved_from_an_old_copy_does_not_end_the_ride(rider, vehicle):
    old_copy = User.objects.get(id=rider.id)
    start(rider, vehicle)
    old_copy.set_password("a-new-and-strange-word")
    old_copy.save()
    assert refusal(rider, VehicleFactory()) == "already_riding"


def test_past_rides_of_a_vehicle_do_not_matter(rider, vehicle):
    RideFactory.create_batch(3, vehicle=vehicle, rider=rider)
    assert start(rider, vehicle).is_open


def test_a_row_of_the_vehicle_that_changes_meanwhile_is_not_written_over(rider, vehicle):
    Vehicle.objects.filter(pk=vehicle.pk).update(color="green")
    start(rider, vehicle)
    vehicle.refresh_from_db()
    assert vehicle.color == "green"
