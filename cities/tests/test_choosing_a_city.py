"""The city menu."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertRedirects

from movr_project.tests.pages import page

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

REGIONS = {
    "Europe": ["amsterdam", "paris", "rome"],
    "US East": ["boston", "new york", "washington dc"],
    "US West": ["los angeles", "san francisco", "seattle"],
}
UNSAFE = [
    "///evil.example/x",
    "/\\evil.example/x",
    "\\\\evil.example/x",
    "http:///evil.example/x",
    "https:evil.example/x",
    "javascript:alert(1)",
]
STRANGE = [
    "//evil.example",
    "https://evil.example/",
    "http://[::1",
    "home",
    "accounts:login",
    "vehicles",
    "\x00",
    "\n/vehicles/",
    "?next=/",
    "😀",
]


def choose(client, **form):
    return client.post("/city/", form)


def city_of(page):
    return page.wsgi_request.city.name


@pytest.mark.parametrize("city", [city for cities in REGIONS.values() for city in cities])
def test_each_city_can_be_chosen(client, city):
    choose(client, city=city)
    assert city_of(client.get("/")) == city


def test_the_choice_is_confirmed(client):
    page = client.post("/city/", {"city": "san francisco"}, follow=True)
    assertContains(page, "Now using San Francisco as your current city.")


def test_a_rider_goes_on_to_the_vehicles_there(rider_client):
    page = rider_client.post("/city/", {"city": "rome"}, follow=True)
    assert page.redirect_chain[-1][0] == reverse("fleet:vehicle_list")
    assert city_of(page) == "rome"


def test_choosing_twice_is_choosing_once(client):
    choose(client, city="rome")
    choose(client, city="rome")
    assert city_of(client.get("/")) == "rome"


def test_the_last_choice_counts(client):
    choose(client, city="rome")
    choose(client, city="boston")
    assert city_of(client.get("/")) == "boston"


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"city": ""},
        {"city": "atlantis"},
        {"city": "Paris"},
        {"city": "gcp-us-east1"},
        {"city": "x" * 10_000},
        {"city": "\x00"},
        {"city": "🚲"},
        {"town": "paris"},
    ],
)
def test_an_unserved_city_is_refused_and_changes_nothing(client, form):
    choose(client, city="rome")
    assertRedirects(choose(client, **form), "/", fetch_redirect_response=False)
    assert city_of(client.get("/")) == "rome"


def test_an_unknown_city_is_refused_with_a_sentence(client):
    page = client.post("/city/", {"city": "<b>atlantis</b>"}, follow=True)
    assert [str(message) for message in page.context["messages"]] == ["We don't serve that city yet."]


def test_the_person_stays_on_the_page(client):
    target = "/vehicles/?type=bike&page=2"
    assertRedirects(choose(client, city="rome", next=target), target, fetch_redirect_response=False)


def test_the_menu_brings_the_page_along(rider_client):
    assertContains(rider_client.get("/vehicles/?type=bike"), 'name="next" value="/vehicles/?type=bike"')


@pytest.mark.parametrize("target", UNSAFE + STRANGE)
def test_no_one_is_led_off_the_site(client, target):
    assertRedirects(choose(client, city="rome", next=target), "/", fetch_redirect_response=False)


def test_opening_the_address_changes_nothing(client):
    assert client.get("/city/", {"city": "rome"}).status_code == 405
    assert city_of(client.get("/")) == "new york"


def test_another_site_can_not_choose_a_city_for_someone():
    client = Client(enforce_csrf_checks=True)
    assert choose(client, city="rome").status_code == 403
    assert city_of(client.get("/")) == "new york"


def test_the_menu_offers_every_city_under_its_region(client):
    menu = page(client.get("/")).one("form", class_="menu-panel")
    groups = menu.all(role="group")
    assert {group.name: [city["value"] for city in group.all("button")] for group in groups} == REGIONS


def test_the_menu_shows_the_current_city_and_its_region(client):
    choose(client, city="rome")
    assertContains(client.get("/"), 'Rome <span class="city-region">Europe</span>')


def test_the_menu_marks_the_current_city(client):
    choose(client, city="rome")
    assertContains(client.get("/"), 'name="city" value="rome" aria-current="true"', count=1)


def test_on_the_landing_page_a_tap_on_a_city_chooses_it(client):
    where = page(client.get("/")).one("section", name="Where you can ride")
    assert where.one("button", name="Rome")["value"] == "rome"
    choose(client, city="rome")
    assert city_of(client.get("/")) == "rome"


def test_a_guessed_city_takes_one_sentence(client):
    first, second = (client.get("/").content.decode() for _visit in range(2))
    assert "detect your location" in first
    assert "You're browsing" not in first
    assert "You're browsing" in second
