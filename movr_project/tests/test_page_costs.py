"""Ceilings on the template nodes and the size of pages: costs that don't depend on the machine."""

import gzip
import re

import pytest
from django.conf import settings

from bench.counting import counted
from fleet.tests.factories import VehicleFactory
from rides.tests.factories import OpenRideFactory, RideFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def nodes(rider_client):
    """Return a function that counts a page's nodes, after a first request that fills what is kept."""

    def count(url):
        rider_client.get(url)
        with counted() as counts:
            assert rider_client.get(url).status_code == 200
        return counts.nodes

    return count


def test_help_renders_few_nodes(nodes):
    assert nodes("/help/") <= 30


def test_a_full_list_renders_few_nodes(nodes):
    VehicleFactory.create_batch(24)
    assert nodes("/vehicles/") <= 165


def test_the_list_costs_one_node_per_vehicle(nodes):
    VehicleFactory.create_batch(2)
    few = nodes("/vehicles/")
    VehicleFactory.create_batch(20)
    assert nodes("/vehicles/") <= few + 20 + 5


def test_a_vehicles_page_renders_few_nodes(nodes):
    assert nodes(VehicleFactory().get_absolute_url()) <= 135


def test_a_ride_page_renders_few_nodes(nodes, rider):
    ride = OpenRideFactory(rider=rider)
    assert nodes(ride.get_absolute_url()) <= 65


def test_past_rides_cost_one_node_each(nodes, rider):
    RideFactory.create_batch(2, rider=rider)
    few = nodes("/rides/")
    RideFactory.create_batch(15, rider=rider)
    assert nodes("/rides/") <= few + 15 + 5


def test_the_map_page_loads_at_most_150_kilobytes_compressed(rider_client):
    """The goal is 150 with the vehicles on the map, and without tiles."""
    VehicleFactory.create_batch(24)
    html = rider_client.get("/vehicles/").content
    linked = set(re.findall(r'(?:href|src|data-vehicles)="/static/([^"#]+)', html.decode()))
    static = settings.BASE_DIR / "static"
    files = {static / name for name in linked} | set((static / "js/vehicle-map").iterdir())
    # What style sheets import is preloaded, so it is among the links.
    assert static / "vendor/bootstrap-5.3.8/bootstrap.min.css" in files
    assert sum(len(gzip.compress(each, 6)) for each in [html, *(path.read_bytes() for path in files)]) < 150_000
