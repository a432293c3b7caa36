"""The city of a page: the chosen one, else the located one, else home, else the default."""

import pytest
from pytest_django.asserts import assertContains, assertNotContains

from accounts.tests.factories import UserFactory
from cities.models import City
from cities.registry import registry

pytestmark = pytest.mark.django_db

GUESSED = "so we&#x27;re showing New York."
OFFER_ROME = "Switch to Rome"


@pytest.fixture
def in_rome(settings):
    """The headers that a trusted proxy adds for someone in Rome."""
    settings.TRUST_GEO_HEADERS = True
    return {"X-City": "rome"}


def city_of(page):
    return page.wsgi_request.city.name


def choose(client, city, **kwargs):
    return client.post("/city/", {"city": city}, **kwargs)


class TestTheOrder:
    def test_a_chosen_city_comes_before_the_location(self, rider_client, in_rome):
        choose(rider_client, "boston")
        assert city_of(rider_client.get("/vehicles/", headers=in_rome)) == "boston"

    def test_the_location_comes_before_home(self, rider_client, in_rome):
        assert city_of(rider_client.get("/vehicles/", headers=in_rome)) == "rome"

    def test_home_comes_before_the_default(self, rider_client):
        assert city_of(rider_client.get("/vehicles/")) == "paris"

    def test_a_stranger_sees_the_default_city(self, client):
        assert city_of(client.get("/")) == "new york"

    def test_the_operator_sets_the_default_city(self, client, settings):
        settings.DEFAULT_CITY = "seattle"
        assert city_of(client.get("/")) == "seattle"

    def test_an_unserved_default_city_is_replaced_by_a_served_one(self, client, settings):
        settings.DEFAULT_CITY = "atlantis"
        assert city_of(client.get("/")) in registry

    def test_a_chosen_city_that_is_served_no_more_gives_way_to_home(self, rider_client):
        choose(rider_client, "rome")
        City.objects.get(name="rome").delete()
        assert city_of(rider_client.get("/vehicles/")) == "paris"

    def test_logging_in_keeps_the_chosen_city(self, client, rider):
        choose(client, "boston")
        client.force_login(rider)
        assert city_of(client.get("/vehicles/")) == "boston"

    @pytest.mark.parametrize("page", ["/", "/login/", "/register/"])
    def test_any_page_may_be_the_first_one_visited(self, client, page):
        assert city_of(client.get(page)) == "new york"


class TestBeingTold:
    def test_a_visitor_reads_that_the_city_is_a_guess(self, client):
        assertContains(client.get("/"), GUESSED)

    def test_once(self, client):
        client.get("/")
        assertNotContains(client.get("/login/"), GUESSED)

    def test_a_redirect_does_not_use_up_the_notice(self, client):
        client.get("/vehicles/")
        assertContains(client.get("/login/"), GUESSED)

    def test_someone_with_a_home_city_is_not(self, rider_client):
        assertNotContains(rider_client.get("/vehicles/"), "detect your location")

    def test_nor_someone_who_chose(self, client):
        choose(client, "boston")
        assertNotContains(client.get("/"), "detect your location")

    def test_nor_someone_who_was_located(self, client, in_rome):
        assertNotContains(client.get("/", headers=in_rome), "detect your location")


class TestTheOfferToSwitch:
    def test_away_from_home_the_home_city_is_offered(self, rider_client, in_rome):
        page = rider_client.get("/vehicles/", headers=in_rome)
        assertContains(page, "Your home city is Paris.")
        assertContains(page, "Switch to Paris")

    def test_browsing_home_from_elsewhere_offers_the_nearby_city(self, rider_client, in_rome):
        choose(rider_client, "paris")
        page = rider_client.get("/vehicles/", headers=in_rome)
        assertContains(page, "You seem to be in Rome.")
        assertContains(page, OFFER_ROME)

    def test_a_visitor_browsing_another_city_is_offered_the_nearby_one(self, client, in_rome):
        choose(client, "boston")
        assertContains(client.get("/", headers=in_rome), OFFER_ROME)

    def test_once(self, rider_client, in_rome):
        rider_client.get("/vehicles/", headers=in_rome)
        assertNotContains(rider_client.get("/vehicles/", headers=in_rome), "Switch to")

    def test_again_in_another_place(self, rider_client, in_rome):
        rider_client.get("/vehicles/", headers=in_rome)
        page = rider_client.get("/vehicles/", headers={"X-City": "boston"})
        assertContains(page, "Switch to Paris")

    def test_not_at_home(self, client, in_rome):
        client.force_login(UserFactory(city="rome"))
        assertNotContains(client.get("/vehicles/", headers=in_rome), "Switch to")

    def test_not_at_home_looking_elsewhere(self, client, in_rome):
        client.force_login(UserFactory(city="rome"))
        choose(client, "boston")
        assertNotContains(client.get("/vehicles/", headers=in_rome), "Switch to")

    def test_not_without_a_location(self, rider_client):
        choose(rider_client, "boston")
        assertNotContains(rider_client.get("/vehicles/"), "Switch to")
