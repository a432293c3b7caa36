"""X-City and X-PLACE: a person's location according to a trusted proxy."""

import pytest
from pytest_django.asserts import assertContains, assertNotContains

from cities.registry import registry

pytestmark = [pytest.mark.django_db, pytest.mark.any_engine]

LYON = "lyon,45.764,4.8357"
NOT_IN_LYON = "in Lyon yet, so we&#x27;re showing Paris, the nearest city we serve."


@pytest.fixture
def visit(client, settings):
    """Request a page with the given headers from a trusted proxy."""
    settings.TRUST_GEO_HEADERS = True

    def visit(page="/", **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.get(page, headers=headers)

    return visit


def city_of(page):
    return page.wsgi_request.city.name


class TestXCity:
    @pytest.mark.parametrize("name", ["rome", "Rome", "ROME", "  rome  "])
    def test_it_names_the_city(self, visit, name):
        assert city_of(visit(X_City=name)) == "rome"

    @pytest.mark.parametrize("name", ["new york", "New York", "new  york"])
    def test_a_name_may_have_two_words(self, visit, settings, name):
        settings.DEFAULT_CITY = "rome"
        assert city_of(visit(X_City=name)) == "new york"

    @pytest.mark.parametrize("name", ["", "atlantis", "rome,", "paris,rome", "\x00", "é", "<b>rome</b>", "r" * 10_000])
    def test_an_unserved_city_locates_no_one(self, visit, name):
        assert city_of(visit(X_City=name)) == "new york"


class TestXPlace:
    @pytest.mark.parametrize("place", ["rome,41.9,12.5", "Rome,41.9,12.5", "ROME", "rome,", "rome,nan,nan"])
    def test_it_names_the_city(self, visit, place):
        assert city_of(visit(X_PLACE=place)) == "rome"

    def test_it_comes_before_x_city(self, visit):
        assert city_of(visit(X_PLACE="rome,41.9,12.5", X_City="boston")) == "rome"

    def test_an_unserved_place_is_the_nearest_city(self, visit):
        assert city_of(visit(X_PLACE=LYON)) == "paris"

    @pytest.mark.parametrize(
        ("place", "region"),
        [
            ("toronto,43.65,-80", "gcp-us-east1"),
            ("miami,25.77,-80.19", "gcp-us-east1"),
            ("fresno,36.75,-120", "gcp-us-west1"),
            ("vernon,50.27,-120", "gcp-us-west1"),
            ("orleans,47.9,2", "gcp-europe-west1"),
            ("london,51.51,-0.13", "gcp-europe-west1"),
        ],
    )
    def test_the_documented_places_are_served_from_these_regions(self, visit, place, region):
        assert visit(X_PLACE=place).wsgi_request.city.region == region

    def test_the_nearest_is_measured_on_the_globe(self, visit):
        """Across the date line, Petropavlovsk is nearer to Seattle than to any city west of it."""
        assert city_of(visit(X_PLACE="petropavlovsk,53.02,158.65")) == "seattle"

    def test_a_place_within_a_served_city_is_that_city(self, visit):
        page = visit(X_PLACE="montreuil,48.8638,2.4485")
        assert city_of(page) == "paris"
        assertNotContains(page, "the nearest city we serve")

    def test_a_position_is_enough(self, visit):
        assert city_of(visit(X_PLACE=",45.764,4.8357")) == "paris"

    @pytest.mark.parametrize(
        "place",
        [
            "",
            ",",
            ",,",
            "," * 1000,
            "lyon",
            "lyon,",
            "lyon,45.764",
            "lyon,45.764,",
            "lyon,,4.8357",
            "lyon,nan,nan",
            "lyon,nan,4.8357",
            "lyon,inf,4.8357",
            "lyon,45.764,-inf",
            "lyon,1e999,4.8357",
            "lyon,91,4.8357",
            "lyon,45.764,180.1",
            "lyon,45.764,4.8357,7",
            "lyon,0x2d,0x4",
            "lyon," + "4" * 10_000 + ",4.8357",
            "l" * 10_000 + ",45.764,4.8357",
            "\x00,\x00,\x00",
            "lyon,45\x00,4",
            "\udcff,\udcff,\udcff",
            "é,é,é",
        ],
    )
    def test_invalid_headers_locate_no_one(self, visit, place):
        page = visit(X_PLACE=place)
        assert page.status_code == 200
        assert city_of(page) == "new york"

    def test_invalid_headers_leave_a_rider_at_home(self, rider_client, settings):
        settings.TRUST_GEO_HEADERS = True
        assert city_of(rider_client.get("/vehicles/", headers={"X-PLACE": "lyon,nan,nan"})) == "paris"


class TestBeingTold:
    def test_someone_elsewhere_reads_about_the_nearest_city(self, visit):
        assertContains(visit(X_PLACE=LYON), NOT_IN_LYON)

    def test_once(self, visit):
        visit(X_PLACE=LYON)
        assertNotContains(visit("/login/", X_PLACE=LYON), "the nearest city we serve")

    def test_again_in_another_place(self, visit):
        visit(X_PLACE=LYON)
        assertContains(visit("/login/", X_PLACE="nice,43.7,7.25"), "in Nice yet, so")

    def test_not_after_choosing_another_city(self, visit, client):
        client.post("/city/", {"city": "rome"})
        assertNotContains(visit(X_PLACE=LYON), "the nearest city we serve")

    def test_of_a_place_without_a_name_too(self, visit):
        page = visit(X_PLACE=",45.764,4.8357")
        assertContains(page, "in your city yet, so we&#x27;re showing Paris, the nearest city we serve.")

    def test_a_name_beyond_ascii_is_shown_as_it_is_written(self, visit):
        as_wsgi_hands_it_over = "zürich".encode().decode("latin-1")
        page = visit(X_PLACE=f"{as_wsgi_hands_it_over},47.37,8.54")
        assertContains(page, "in Zürich yet, so")

    def test_a_name_never_becomes_part_of_the_page(self, visit):
        page = visit(X_PLACE="<script>alert(1)</script>,45.764,4.8357")
        assertNotContains(page, "<script>alert", html=False)
        assertContains(page, "&lt;Script&gt;")


class TestAnybodyCanSendAHeader:
    @pytest.mark.parametrize("headers", [{"X-City": "rome"}, {"X-PLACE": "rome,41.9,12.5"}])
    def test_so_it_is_not_believed_without_the_setting(self, client, headers):
        assert city_of(client.get("/", headers=headers)) == "new york"

    def test_and_no_one_is_offered_another_city_by_it(self, rider_client):
        page = rider_client.get("/vehicles/", headers={"X-City": "rome"})
        assertNotContains(page, "Switch to")

    def test_an_unserved_place_never_becomes_the_current_city(self, visit):
        assert city_of(visit(X_PLACE=LYON, X_City="lyon")) in registry
