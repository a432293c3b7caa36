"""The sheet of a vehicle that was tapped on the map, and the search for a place."""

from datetime import timedelta

import pytest
from django.core.cache import caches
from django.urls import reverse
from django.utils import timezone

from accounts.tests.factories import UserFactory
from cities.geocoder import GeocoderRefused
from cities.geography import Spot
from cities.registry import registry
from cities.services import add_places
from fleet.tests.calendars import reserve
from fleet.tests.factories import EIFFEL_TOWER, NOTRE_DAME, AllocationFactory, VehicleFactory
from fleet.views import places as place_views
from movr_project.tests.api import api_client
from movr_project.tests.locality import assert_local
from movr_project.tests.pages import page
from rides.tests.factories import OpenRideFactory

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

HERE = {"lat": NOTRE_DAME[0], "lon": NOTRE_DAME[1]}
LOUVRE = Spot("Louvre", 48.8606, 2.3376)


def url_of(vehicle):
    return reverse("fleet:vehicle_sheet", args=[vehicle.city, vehicle.public_id])


def sheet(client, vehicle, **query):
    response = client.get(url_of(vehicle), query, headers={"X-Requested-With": "map"})
    assert response.status_code == 200
    return page(response)


class TestSheet:
    def test_it_says_what_how_far_and_how_charged_and_offers_to_start_and_reserve(self, rider_client):
        vehicle = VehicleFactory(battery_percent=61, range_m=20_000)
        shown = sheet(rider_client, vehicle, lat=NOTRE_DAME[0] + 0.002, lon=NOTRE_DAME[1])
        for text in (f"Scooter {vehicle.plate}", "220 m · 3 min walk", "61% charged · 20.0 km range", "Notre-Dame"):
            assert text in shown.text
        urls = [button["formaction"] for button in shown.all("button")]
        key = ["paris", vehicle.public_id]
        assert urls == [reverse("rides:ride_start", args=key), reverse("fleet:vehicle_reserve", args=key)]
        assert shown.one("a", name="Details")["href"] == vehicle.get_absolute_url()

    def test_beside_the_vehicle_there_is_nowhere_to_walk(self, rider_client):
        shown = sheet(rider_client, VehicleFactory(), lat=NOTRE_DAME[0], lon=NOTRE_DAME[1])
        assert "Right here" in shown.text
        assert "walk" not in shown.text

    @pytest.mark.parametrize("query", [{}, {"lat": "x", "lon": "2"}, {"lat": "nan", "lon": "9" * 5000}])
    def test_without_a_position_it_says_no_distance_and_asks_nothing(self, rider_client, query):
        shown = sheet(rider_client, VehicleFactory(), **query)
        assert "Available" in shown.text
        assert "walk" not in shown.text
        assert shown.all("details") == []

    def test_far_away_it_asks_before_the_start(self, rider_client):
        vehicle = VehicleFactory(latitude=EIFFEL_TOWER[0], longitude=EIFFEL_TOWER[1])
        ask = sheet(rider_client, vehicle, **HERE).one("details")
        assert "You're 4.1 km away. Start anyway?" in ask.text
        assert ask.one("button", name="Start anyway")["formaction"].startswith("/rides/start/")

    def test_for_a_certain_time_it_offers_to_book(self, rider_client):
        until = timezone.now() + timedelta(hours=2)
        shown = sheet(rider_client, VehicleFactory(), until=f"{until:%Y-%m-%dT%H:%MZ}")
        assert "/book/?" in shown.one("a", name="Book")["href"]
        assert shown.all("button") == []

    def test_someone_who_is_riding_is_told_to_end_it_first(self, rider, rider_client):
        OpenRideFactory(rider=rider)
        shown = sheet(rider_client, VehicleFactory())
        assert "You're on a ride." in shown.text
        assert shown.all("button", name="Start") == []

    def test_what_nobody_can_ride_has_no_start(self, rider_client):
        vehicle = VehicleFactory()
        AllocationFactory(vehicle=vehicle, maintenance=True)
        shown = sheet(rider_client, vehicle)
        assert "Out of service" in shown.text
        assert shown.all("button") == []

    def test_ones_own_reservation_shows_the_code_and_starts(self, rider, rider_client):
        vehicle = VehicleFactory()
        reserve(rider, vehicle)
        shown = sheet(rider_client, vehicle, **HERE)
        assert vehicle.code in shown.text
        assert "Reserved for you" in shown.text
        assert [button.text for button in shown.all("button")] == ["Start ride"]

    def test_a_vehicle_of_another_city_has_no_start(self, rider_client):
        assert sheet(rider_client, VehicleFactory(city="rome")).all("button") == []

    def test_without_the_map_it_is_the_vehicles_page(self, rider_client):
        vehicle = VehicleFactory()
        assert rider_client.get(url_of(vehicle)).url == vehicle.get_absolute_url()

    def test_one_that_has_moved_on_is_404(self, rider_client):
        vehicle = VehicleFactory.build()
        response = rider_client.get(url_of(vehicle), headers={"X-Requested-With": "map"})
        assert response.status_code == 404

    def test_it_takes_three_statements_in_one_city(self, rider_client, django_assert_num_queries):
        vehicle = VehicleFactory()
        with django_assert_num_queries(3), assert_local():
            sheet(rider_client, vehicle, **HERE)

    def test_nobody_logged_in_is_sent_to_the_log_in(self, client):
        assert client.get(url_of(VehicleFactory())).status_code == 302


class TestPlaceSearch:
    URL = "/vehicles/search/"

    @pytest.fixture(autouse=True)
    def _places(self):
        add_places(registry["paris"], [LOUVRE])

    def test_a_place_leads_to_the_vehicles_around_it_and_keeps_the_filters(self, rider_client):
        link = page(rider_client.get(self.URL, {"q": "louv", "type": "bike", "nonsense": "x"})).one("a", name="Louvre")
        assert link["href"] == "/vehicles/?type=bike&lat=48.86060&lon=2.33760&place=Louvre"

    @pytest.mark.parametrize("text", ["", " ", "\0", "x" * 9000, "🛴"])
    def test_other_texts_find_nothing(self, rider_client, text):
        response = rider_client.get(self.URL, {"q": text})
        assert response.status_code == 200
        assert page(response).one("div", id="found").all("a") == []

    def test_addresses_are_searched_on_submit_but_not_while_typing(self, rider_client, monkeypatch):
        asked = []
        monkeypatch.setattr(
            place_views, "search_addresses", lambda city, text, searcher: asked.append(text) or [LOUVRE]
        )
        rider_client.get(self.URL, {"q": "rivoli", "known": "on"}, headers={"HX-Request": "true"})
        assert asked == []
        response = rider_client.get(self.URL, {"q": " rue   de rivoli "}, headers={"HX-Request": "true"})
        assert asked == ["rue de rivoli"]
        assert "<html" not in response.content.decode()
        assert page(response).one("a", name="Louvre")

    def test_a_geocoder_that_fails_leaves_the_known_places(self, rider_client, monkeypatch):
        def fail(*args, **kwargs):
            raise GeocoderRefused("Address search isn't available right now.", code="geocoder_unavailable")

        monkeypatch.setattr(place_views, "search_addresses", fail)
        found = page(rider_client.get(self.URL, {"q": "louvre"})).one("div", id="found")
        assert found.one("a", name="Louvre")
        assert "Address search isn't available right now." in found.text

    def test_nobody_logged_in_is_sent_to_the_log_in(self, client):
        assert client.get(self.URL).status_code == 302

    def test_the_api_lists_and_searches_them(self, client):
        (item,) = client.get("/api/v1/cities/paris/places").json()["items"]
        assert item == {
            "name": "Louvre",
            "position": {"latitude": 48.8606, "longitude": 2.3376},
            "distance_m": None,
        }
        assert client.get("/api/v1/cities/paris/places?q=rome").json()["items"] == []
        assert client.get("/api/v1/cities/atlantis/places").status_code == 404

    def test_the_api_sorts_them_by_distance(self, client):
        add_places(registry["paris"], [Spot("Eiffel Tower", 48.8584, 2.2945)])
        items = client.get("/api/v1/cities/paris/places?near=48.8584,2.2955").json()["items"]
        assert [item["name"] for item in items] == ["Eiffel Tower", "Louvre"]
        assert 50 < items[0]["distance_m"] < 100
        assert client.get("/api/v1/cities/paris/places?near=here").json()["errors"][0]["code"] == "bad_position"


class TestAddressesInTheApi:
    URL = "/api/v1/cities/paris/addresses"

    @pytest.fixture(autouse=True)
    def geocoder(self, settings, monkeypatch):
        """A geocoder that finds one address, whatever it is asked."""
        settings.GEOCODER_URL = "https://geocoder.invalid/search"
        rows = [{"display_name": "99 Rue de Rivoli", "lat": "48.8606", "lon": "2.3376"}]
        monkeypatch.setattr("cities.geocoder._ask", lambda parameters: rows)
        caches["memory"].clear()
        yield
        caches["memory"].clear()

    def test_an_address_is_found(self, rider):
        items = api_client(rider).get(self.URL, {"q": " rue  de rivoli "}).json()["items"]
        assert items == [
            {"name": "99 Rue de Rivoli", "position": {"latitude": 48.8606, "longitude": 2.3376}, "distance_m": None}
        ]

    def test_a_person_may_search_as_often_as_on_the_page(self, rider, rider_client, settings):
        settings.ADDRESS_SEARCHES_PER_HOUR = 1
        rider_client.get(TestPlaceSearch.URL, {"q": "one"})
        refused = api_client(rider).get(self.URL, {"q": "two"})
        assert (refused.status_code, refused.json()["code"]) == (429, "too_often")
        assert int(refused["Retry-After"]) > 0

    def test_a_geocoder_that_fails_is_to_be_asked_later(self, rider, monkeypatch):
        def fail(parameters):
            raise GeocoderRefused("Address search isn't available right now.", code="geocoder_unavailable")

        monkeypatch.setattr("cities.geocoder._ask", fail)
        refused = api_client(rider).get(self.URL, {"q": "rivoli"})
        assert (refused.status_code, refused.json()["code"]) == (503, "geocoder_unavailable")
        assert int(refused["Retry-After"]) > 0

    def test_without_a_geocoder_there_are_none(self, rider, settings):
        settings.GEOCODER_URL = ""
        assert api_client(rider).get(self.URL, {"q": "rivoli"}).json()["items"] == []

    @pytest.mark.parametrize("query", [{"q": "x" * 101}, {"q": "\0"}, {"q": "a", "page": "0"}])
    def test_what_it_refuses(self, rider, query):
        assert api_client(rider).get(self.URL, query).status_code == 422

    @pytest.mark.parametrize("city", ["atlantis", "PARIS"])
    def test_only_cities_have_addresses(self, rider, city):
        assert api_client(rider).get(f"/api/v1/cities/{city}/addresses", {"q": "a"}).status_code == 404


def test_a_booking_is_cancelled_after_a_question_and_a_reservation_at_once(rider, rider_client):
    AllocationFactory(rider=rider)
    reserve(rider, VehicleFactory())
    shown = page(rider_client.get("/bookings/"))
    ask = shown.one("details", class_="ask")
    assert "Cancel this booking? Others can book the vehicle then." in ask.text
    assert ask.one("button", name="Cancel booking")
    assert shown.one("button", name="Cancel the reservation")


class TestOutlook:
    def outlook(self, client, vehicle):
        return page(client.get(vehicle.get_absolute_url())).one("a", class_="outlook")

    @pytest.fixture(autouse=True)
    def _in_may(self, rider, rider_client, time_machine):
        time_machine.move_to("2030-05-01T12:00:00Z", tick=False)
        rider_client.force_login(rider)

    def test_a_free_vehicle_says_until_when_and_leads_to_its_calendar(self, rider_client):
        vehicle = VehicleFactory()
        assert self.outlook(rider_client, vehicle).text == "Available for the next 30 days"
        AllocationFactory(vehicle=vehicle, rider=UserFactory())
        line = self.outlook(rider_client, vehicle)
        assert line.text == "Available until Thursday 2 May, 14:00"
        assert line["href"] == reverse("fleet:vehicle_calendar", args=["paris", vehicle.public_id])

    def test_a_taken_vehicle_says_from_when(self, rider_client):
        vehicle = VehicleFactory()
        AllocationFactory(vehicle=vehicle, rider=UserFactory(), reservation=True)
        assert self.outlook(rider_client, vehicle).text == "Available from 14:09"

    def test_one_in_maintenance_until_further_notice_says_so(self, rider_client):
        vehicle = VehicleFactory()
        AllocationFactory(vehicle=vehicle, maintenance=True, ends_at=None)
        assert self.outlook(rider_client, vehicle).text == "Unavailable until further notice"
