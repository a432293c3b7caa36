"""Riders end their ride."""

import re
import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from accounts.tests.factories import StaffFactory, UserFactory
from cities import geohash
from fleet.services import VehicleRefused
from fleet.tests.factories import EIFFEL_TOWER, VehicleFactory
from movr_project.tests.locality import assert_local
from rides.models import PLACE_LENGTH, Ride
from rides.services import RideRefused, end_ride
from rides.tests.factories import OpenRideFactory, RideFactory

pytestmark = pytest.mark.django_db

AT_THE_TOWER = {"end_location": "Eiffel Tower", "latitude": str(EIFFEL_TOWER[0]), "longitude": str(EIFFEL_TOWER[1])}
IN_WORDS = {"end_location": "Eiffel Tower"}


@pytest.fixture
def ride(rider):
    """The open ride of the logged-in rider."""
    return OpenRideFactory(rider=rider, start_time=timezone.now() - timedelta(minutes=12, seconds=34))


def url_of(ride):
    return reverse("rides:ride_end", args=[ride.city, ride.id])


def fresh(ride):
    return Ride.objects.select_related("vehicle", "rider").get(pk=ride.pk)


def errors(response):
    assert response.status_code == 200
    return response.context["ride"].end_form.errors


def value_of(page, name):
    return re.search(rf'name="{name}" value="([^"]*)"', page)[1]


def test_the_ride_has_ended_there_and_took_its_time(rider_client, ride):
    rider_client.post(url_of(ride), AT_THE_TOWER)
    ended = fresh(ride)
    assert not ended.is_open
    assert (ended.end_location, ended.end_position) == ("Eiffel Tower", EIFFEL_TOWER)
    assert ended.length == ended.end_time - ended.start_time >= timedelta(minutes=12, seconds=34)


def test_the_vehicle_is_there_and_available(rider_client, ride):
    rider_client.post(url_of(ride), AT_THE_TOWER)
    vehicle = fresh(ride).vehicle
    assert vehicle.is_available
    assert (vehicle.last_location, vehicle.position) == ("Eiffel Tower", EIFFEL_TOWER)
    assert vehicle.cell == geohash.encode(*EIFFEL_TOWER)


def test_the_rider_is_not_riding_any_more(rider_client, ride):
    rider_client.post(url_of(ride), AT_THE_TOWER)
    assert fresh(ride).rider.open_rides == 0


def test_the_published_id_is_a_new_one(rider_client, ride):
    rider_client.post(url_of(ride), AT_THE_TOWER)
    assert fresh(ride).vehicle.public_id != ride.vehicle.public_id


def test_the_rider_reads_that_it_ended_above_its_summary(rider_client, ride):
    response = rider_client.post(url_of(ride), AT_THE_TOWER, follow=True)
    assert [str(message) for message in response.context["messages"]] == ["Ride ended."]
    assert response.redirect_chain == [(ride.get_absolute_url(), 302)]
    assert "Ride summary" in response.content.decode()


def test_opened_as_a_page_the_end_leads_to_the_ride(rider_client, ride):
    for _ended in (False, True):
        assert rider_client.get(url_of(ride)).url == ride.get_absolute_url()
        rider_client.post(url_of(ride), IN_WORDS)


def test_someone_elses_end_page_does_not_exist(rider_client):
    assert rider_client.get(url_of(OpenRideFactory())).status_code == 404


def test_two_rides_on_a_page_have_fields_of_their_own(rider_client, ride):
    OpenRideFactory(rider=ride.rider)
    for page in (rider_client.get("/rides/"), rider_client.post(url_of(ride), {})):
        ids = re.findall(r'\sid="([^"]+)"', page.content.decode())
        assert len(ids) == len(set(ids))
        assert f"end-{ride.id}-end_location" in ids


def test_a_description_is_enough_and_the_position_is_unknown_then(rider_client, ride):
    rider_client.post(url_of(ride), IN_WORDS)
    vehicle = fresh(ride).vehicle
    assert (vehicle.last_location, vehicle.position, vehicle.cell) == ("Eiffel Tower", None, "")


def test_a_point_on_the_map_is_enough(rider_client, ride):
    page = rider_client.post(url_of(ride), AT_THE_TOWER | {"end_location": ""}, follow=True).content.decode()
    ended = fresh(ride)
    assert (ended.end_location, ended.vehicle.last_location) == ("", "")
    assert ended.end_position == ended.vehicle.position == EIFFEL_TOWER
    assert "Pinned location" in page
    assert str(ended).endswith(f"{ended.start_location} → Pinned location")
    for path in ("/rides/", ended.vehicle.get_absolute_url()):
        assert "Pinned location" in rider_client.get(path).content.decode()


def test_each_reads_of_a_point_in_their_language(rider_client, ride):
    rider_client.post(url_of(ride), AT_THE_TOWER | {"end_location": ""})
    with translation.override("es"):
        assert fresh(ride).end_spot == "Ubicación marcada en el mapa"
        assert fresh(ride).vehicle.place == "Ubicación marcada en el mapa, París"


def test_the_vehicle_is_listed_by_those_words(rider_client, ride):
    rider_client.post(url_of(ride), IN_WORDS)
    assert "Eiffel Tower, Paris" in rider_client.get("/vehicles/").content.decode()


def test_a_ride_ends_after_the_rider_looked_at_another_city(rider_client, ride):
    rider_client.post("/city/", {"city": "rome"})
    rider_client.post(url_of(ride), AT_THE_TOWER)
    assert not fresh(ride).is_open


def test_a_guests_ride_ends_in_its_own_city(client):
    ride = OpenRideFactory(rider=UserFactory(city="seattle"))
    client.force_login(ride.rider)
    client.post(url_of(ride), AT_THE_TOWER)
    assert fresh(ride).vehicle.is_available
    assert fresh(ride).rider.open_rides == 0


def test_a_clock_that_was_set_back_makes_no_negative_ride(rider_client, rider):
    ride = OpenRideFactory(rider=rider, start_time=timezone.now() + timedelta(hours=1))
    rider_client.post(url_of(ride), IN_WORDS)
    assert timedelta(0) <= fresh(ride).length < timedelta(seconds=1)


def test_ending_queries_one_city_only(rider_client, ride):
    with assert_local():
        rider_client.post(url_of(ride), AT_THE_TOWER)
    assert not fresh(ride).is_open


def test_staff_may_end_a_ride_through_the_service(ride):
    end_ride(city=ride.city, ride_id=ride.id, rider=None, end_location="Depot")
    assert not fresh(ride).is_open


def test_ended_twice_it_keeps_its_first_end(rider_client, ride):
    rider_client.post(url_of(ride), AT_THE_TOWER)
    first = fresh(ride)
    response = rider_client.post(url_of(ride), {"end_location": "Louvre"})
    assert response.status_code == 302
    assert (fresh(ride).end_time, fresh(ride).end_location) == (first.end_time, "Eiffel Tower")


def test_ended_twice_the_vehicle_is_not_taken_from_its_next_rider(rider_client, ride):
    rider_client.post(url_of(ride), AT_THE_TOWER)
    next_ride = OpenRideFactory(vehicle=ride.vehicle)
    rider_client.post(url_of(ride), {"end_location": "Louvre"})
    vehicle = fresh(next_ride).vehicle
    assert vehicle.is_on_trip
    assert vehicle.last_location == "Eiffel Tower"


def test_ended_twice_the_rider_is_counted_once(rider_client, rider, ride):
    rider_client.post(url_of(ride), AT_THE_TOWER)
    OpenRideFactory(rider=rider)
    rider_client.post(url_of(ride), AT_THE_TOWER)
    rider.refresh_from_db()
    assert rider.open_rides == 1


@pytest.mark.parametrize("asks", [UserFactory, StaffFactory])
def test_someone_elses_ride_does_not_exist(client, asks):
    ride = OpenRideFactory()
    client.force_login(asks())
    assert client.post(url_of(ride), IN_WORDS).status_code == 404
    assert fresh(ride).is_open


def test_nor_does_it_with_an_empty_form(rider_client):
    assert rider_client.post(url_of(OpenRideFactory()), {}).status_code == 404


def test_someone_elses_ended_ride_does_not_exist(rider_client):
    assert rider_client.post(url_of(RideFactory()), IN_WORDS).status_code == 404


@pytest.mark.parametrize("city", ["paris", "rome"])
def test_a_ride_that_never_was_does_not_exist(rider_client, city):
    assert rider_client.post(f"/rides/{city}/{uuid.uuid4()}/end/", IN_WORDS).status_code == 404


def test_a_ride_does_not_exist_under_another_citys_address(rider_client, ride):
    assert rider_client.post(f"/rides/rome/{ride.id}/end/", IN_WORDS).status_code == 404
    assert fresh(ride).is_open


def test_a_refusal_has_a_code():
    ride = OpenRideFactory()
    with pytest.raises(RideRefused) as refused:
        end_ride(city=ride.city, ride_id=ride.id, rider=UserFactory(), end_location="Here")
    assert refused.value.code == "ride_gone"


def test_nobody_logged_in_ends_nothing(client):
    ride = OpenRideFactory()
    assert client.post(url_of(ride), IN_WORDS).url.startswith("/login/")
    assert fresh(ride).is_open


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_a_ride_ends_by_post_only(rider_client, ride, method):
    assert getattr(rider_client, method)(url_of(ride)).status_code == 405
    assert fresh(ride).is_open


@pytest.mark.parametrize("place", [None, "", "   ", "\0", "x" * 10_000, "x" * (PLACE_LENGTH + 1)])
def test_without_a_usable_place_the_ride_stays_open_and_the_form_says_why(rider_client, ride, place):
    response = rider_client.post(url_of(ride), {} if place is None else {"end_location": place})
    assert set(errors(response)) == {"end_location"}
    assert fresh(ride).is_open


def test_emoji_are_words_like_others(rider_client, ride):
    rider_client.post(url_of(ride), {"end_location": "🗼" * PLACE_LENGTH})
    assert fresh(ride).end_location == "🗼" * PLACE_LENGTH


@pytest.mark.parametrize("position", [("41.890210", "12.492231"), ("0", "0"), ("90", "180")])
def test_a_position_outside_the_city_is_refused_beside_the_field(rider_client, ride, position):
    latitude, longitude = position
    response = rider_client.post(url_of(ride), IN_WORDS | {"latitude": latitude, "longitude": longitude})
    assert errors(response) == {"latitude": ["That position is outside Paris."]}
    assert fresh(ride).is_open


def test_the_service_refuses_it_too(ride):
    with pytest.raises(VehicleRefused) as refused:
        end_ride(city="paris", ride_id=ride.id, rider=ride.rider, end_location="Rome", position=(41.89, 12.49))
    assert refused.value.code == "outside_city"


@pytest.mark.parametrize(
    ("given", "missing"), [({"latitude": "48.85"}, "longitude"), ({"longitude": "2.35"}, "latitude")]
)
def test_half_a_position_is_refused_beside_the_missing_half(rider_client, ride, given, missing):
    assert set(errors(rider_client.post(url_of(ride), IN_WORDS | given))) == {missing}
    assert fresh(ride).is_open


@pytest.mark.parametrize("number", ["NaN", "inf", "x", "\0", "-91", "48,85,1", "🛴", "9" * 10_000])
def test_an_invalid_latitude_is_an_error_at_the_field(rider_client, ride, number):
    response = rider_client.post(url_of(ride), IN_WORDS | {"latitude": number, "longitude": "2.35"})
    assert "latitude" in errors(response)
    assert fresh(ride).is_open


def test_a_form_with_errors_keeps_its_input(rider_client, ride):
    typed = {"end_location": "Behind the café", "latitude": "48.85", "longitude": "x"}
    page = rider_client.post(url_of(ride), typed).content.decode()
    assert {name: value_of(page, name) for name in typed} == typed


def test_a_form_with_errors_can_be_corrected(rider_client, ride):
    rider_client.post(url_of(ride), {})
    rider_client.post(url_of(ride), IN_WORDS)
    assert not fresh(ride).is_open


def test_a_vehicle_of_the_operator_in_another_city_is_not_touched(rider_client, ride):
    namesake = VehicleFactory(id=ride.vehicle_id, city="rome", last_location="Colosseum")
    rider_client.post(url_of(ride), IN_WORDS)
    namesake.refresh_from_db()
    assert namesake.last_location == "Colosseum"
