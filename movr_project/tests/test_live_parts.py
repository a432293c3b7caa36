"""Live lists: only the partial for htmx, and the page for everything else."""

import re

import pytest
from pytest_django.asserts import assertContains, assertNotContains

from fleet.search import PAGE_SIZE
from fleet.tests.factories import VehicleFactory
from movr_project.tests.locality import assert_local
from rides.tests.factories import OpenRideFactory, RideFactory

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
BACK = HTMX | {"HX-History-Restore-Request": "true"}
LISTS = [("/vehicles/", 'id="results"'), ("/rides/", 'id="past-rides"')]


@pytest.fixture(autouse=True)
def _something_to_list(rider):
    RideFactory(rider=rider)


@pytest.mark.parametrize(("url", "part"), LISTS)
def test_htmx_gets_only_the_partial(rider_client, url, part):
    page = rider_client.get(url, headers=HTMX)
    assertContains(page, part, count=1)
    assertNotContains(page, "<html")


@pytest.mark.parametrize("headers", [{}, BACK], ids=["a browser", "going back"])
@pytest.mark.parametrize(("url", "part"), LISTS)
def test_everyone_else_gets_the_page_with_the_part_in_it(rider_client, url, part, headers):
    page = rider_client.get(url, headers=headers)
    assertContains(page, part, count=1)
    assertContains(page, "<html", count=1)


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize(("url", "part"), LISTS)
def test_no_cache_mistakes_one_for_the_other(rider_client, url, part, headers):
    assert "HX-Request" in rider_client.get(url, headers=headers).headers["Vary"]


def test_a_part_says_how_many_it_lists(rider_client):
    assertContains(rider_client.get("/vehicles/", headers=HTMX), "Showing 1 vehicle.")
    assertContains(rider_client.get("/rides/", headers=HTMX), "Showing 1 ride.")


def test_a_vehicle_can_be_started_from_a_part(rider_client):
    assertContains(rider_client.get("/vehicles/", headers=HTMX), "csrfmiddlewaretoken")


def test_a_partial_takes_no_more_queries_than_the_page(rider_client, rider, django_assert_num_queries):
    OpenRideFactory(rider=rider)
    with django_assert_num_queries(3), assert_local():
        rider_client.get("/vehicles/", headers=HTMX)
    with django_assert_num_queries(2):  # without the open ride, which is outside the partial
        rider_client.get("/rides/", headers=HTMX)


def test_a_partial_leaves_messages_for_the_next_page(rider_client):
    """Messages are shown once, so not in a partial without them."""
    rider_client.post("/city/", {"city": "rome"})
    rider_client.get("/vehicles/", headers=HTMX)
    assertContains(rider_client.get("/vehicles/"), "Now using Rome as your current city.")


def test_the_links_of_a_part_are_links_without_scripts_too(rider_client):
    VehicleFactory.create_batch(PAGE_SIZE + 1)
    page = rider_client.get("/vehicles/").content.decode()
    (link,) = re.findall(r'<a[^>]*rel="next"[^>]*>', page)
    assert 'href="?page=2"' in link
    assert 'hx-get="?page=2"' in link
