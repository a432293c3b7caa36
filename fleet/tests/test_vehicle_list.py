"""The list of a city's vehicles."""

import random
from math import cos, hypot, radians
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.tests.factories import UserFactory
from cities import geohash
from cities.registry import registry
from fleet.models import Vehicle
from fleet.search import PAGE_SIZE
from fleet.tests.factories import EIFFEL_TOWER, NOTRE_DAME, AllocationFactory, VehicleFactory, numbered_code
from movr_project.tests.locality import assert_local
from movr_project.tests.pages import page
from movr_project.web.pagination import LAST_PAGE
from rides.tests.factories import OpenRideFactory

pytestmark = pytest.mark.django_db

LIST = "/vehicles/"


def listed(client, **query):
    response = client.get(LIST, query)
    assert response.status_code == 200
    return list(response.context["page"])


def page_of(client, **query):
    return client.get(LIST, query).content.decode()


def test_riders_see_the_vehicles_of_their_home_city_only(rider_client):
    here = VehicleFactory()
    VehicleFactory(city="rome")
    assert listed(rider_client) == [here]


def test_riders_see_the_vehicles_of_the_city_they_chose(rider_client):
    VehicleFactory()
    there = VehicleFactory(city="rome")
    rider_client.post("/city/", {"city": "rome"})
    assert listed(rider_client) == [there]


def test_removed_vehicles_are_hidden(rider_client):
    VehicleFactory(status="removed")
    assert listed(rider_client) == []


def test_vehicles_that_wait_for_approval_are_hidden_even_from_their_owner(rider_client, rider):
    VehicleFactory(approved_at=None, owner=rider)
    assert listed(rider_client) == []


def test_a_vehicle_that_nobody_else_can_ride_is_not_listed(rider_client):
    OpenRideFactory()
    AllocationFactory(vehicle=VehicleFactory(), maintenance=True)
    assert listed(rider_client) == []


def test_an_owner_sees_their_parked_vehicle_in_maintenance(rider_client, rider):
    vehicle = VehicleFactory(owner=rider)
    AllocationFactory(vehicle=vehicle, maintenance=True)
    page = page_of(rider_client)
    assert vehicle.code in page
    assert "Out of service" in page
    assert "Start ride" not in page


def test_someone_who_is_riding_is_offered_no_other_start(rider_client, rider):
    OpenRideFactory(rider=rider)
    vehicle = VehicleFactory()
    for url in (LIST, vehicle.get_absolute_url(), f"/v/{vehicle.code}/"):
        page = rider_client.get(url).content.decode()
        assert "#" in page
        assert reverse("rides:ride_start", args=["paris", vehicle.public_id]) not in page


def test_with_friends_someone_who_is_riding_can_start_another_one(rider_client, rider, settings):
    settings.MAX_OPEN_RIDES = 2
    OpenRideFactory(rider=rider)
    vehicle = VehicleFactory()
    assert reverse("rides:ride_start", args=["paris", vehicle.public_id]) in page_of(rider_client)


def test_a_start_far_from_the_phone_asks_first(rider_client):
    VehicleFactory()
    near, far = ((NOTRE_DAME[0] + degrees, NOTRE_DAME[1]) for degrees in (0.0026, 0.0028))  # 289 and 311 m
    assert "Start anyway?" not in page_of(rider_client, lat=near[0], lon=near[1])
    assert "310 m away. Start anyway?" in page_of(rider_client, lat=far[0], lon=far[1])
    assert "Start anyway?" not in page_of(rider_client, lat=far[0], lon=far[1], place="Louvre")  # isn't the phone's


def test_around_a_place_the_list_says_which(rider_client):
    VehicleFactory()
    page = page_of(rider_client, lat=NOTRE_DAME[0], lon=NOTRE_DAME[1], place="<b>Louvre</b>")
    assert "Nearest to &lt;b&gt;Louvre&lt;/b&gt; first." in page


def test_a_free_vehicle_can_be_started_from_the_list(rider_client):
    vehicle = VehicleFactory()
    assert reverse("rides:ride_start", args=["paris", vehicle.public_id]) in page_of(rider_client)


def test_the_list_can_be_narrowed_to_a_type(rider_client):
    VehicleFactory()
    bike = VehicleFactory(type="bike")
    assert listed(rider_client, type="bike") == [bike]


def test_both_filters_hold_at_once(rider_client):
    VehicleFactory(battery_percent=90)
    VehicleFactory(type="e-bike", battery_percent=40)
    charged = VehicleFactory(type="e-bike", battery_percent=50)
    assert listed(rider_client, type="e-bike", battery="50") == [charged]
    assert listed(rider_client, type="e-bike", battery="50", lat=NOTRE_DAME[0], lon=NOTRE_DAME[1]) == [charged]


def test_the_list_can_be_narrowed_to_those_that_go_far_enough(rider_client):
    VehicleFactory(range_m=9_999)
    VehicleFactory(range_m=None)
    far = VehicleFactory(range_m=10_000)
    assert listed(rider_client, range="10") == [far]
    assert listed(rider_client, range="10", lat=NOTRE_DAME[0], lon=NOTRE_DAME[1]) == [far]


@pytest.mark.parametrize("range_", ["7", "-5", "x", "\0", "9" * 5000])
def test_a_range_that_is_no_choice_narrows_nothing(rider_client, range_):
    vehicle = VehicleFactory()
    assert listed(rider_client, range=range_) == [vehicle]


@pytest.mark.parametrize("battery", ["7", "-1", "x", "\0", "9" * 5000])
def test_a_battery_that_is_no_choice_narrows_nothing(rider_client, battery):
    vehicle = VehicleFactory()
    assert listed(rider_client, battery=battery) == [vehicle]


def test_the_filters_stay_chosen(rider_client):
    page = page_of(rider_client, type="bike", battery="50", range="20", view="list")
    assert 'value="bike" checked>' in page
    assert '<option value="50" selected>50% or more' in page
    assert '<option value="20" selected>20 km or more' in page
    assert 'name="view" value="list"' in page


@pytest.mark.parametrize("type_", ["tank", "", "\0", "🛴", "x" * 10_000])
def test_a_type_that_does_not_exist_narrows_nothing(rider_client, type_):
    vehicle = VehicleFactory()
    assert listed(rider_client, type=type_) == [vehicle]


def test_each_card_says_where_what_and_since_when(rider_client):
    VehicleFactory(color="teal", brand="Razor", last_location="Notre-Dame")
    page = page_of(rider_client)
    assert "Notre-Dame, Paris" in page
    assert "teal, Razor" in page
    assert "added" in page


def test_no_lock_code_is_on_the_list(rider_client):
    VehicleFactory(lock_code="70531864")
    assert "70531864" not in page_of(rider_client)


def test_without_an_available_vehicle_the_list_says_so_and_invites_to_add_one(rider_client):
    OpenRideFactory()
    results = page(rider_client.get(LIST)).one(id="results")
    assert "No vehicles are available in Paris right now." in results.text
    assert results.one("a", name="Add vehicle")


def test_nobody_logged_in_is_sent_to_the_log_in(client):
    assert client.get(LIST).url == "/login/?next=/vehicles/"


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_the_list_is_only_read(rider_client, method):
    assert getattr(rider_client, method)(LIST).status_code == 405


def test_every_vehicle_is_on_exactly_one_page(rider_client):
    VehicleFactory.create_batch(2 * PAGE_SIZE + 3)
    pages = [listed(rider_client, page=number) for number in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [PAGE_SIZE, PAGE_SIZE, 3, 0]
    ids = [vehicle.public_id.hex for page in pages for vehicle in page]
    assert ids == sorted(set(ids))


def test_a_full_last_page_leads_no_further(rider_client):
    VehicleFactory.create_batch(PAGE_SIZE)
    assert 'rel="next"' not in page_of(rider_client)


def test_pages_keep_the_filters(rider_client):
    VehicleFactory.create_batch(PAGE_SIZE + 1)
    assert "?type=scooter&amp;page=2" in page_of(rider_client, type="scooter")


@pytest.mark.parametrize("number", ["0", "-1", "x", "", "1.5", "NaN", "\0", 10**30, "9" * 5000, "²", "🛴"])
def test_a_bad_page_number_shows_the_first_page(rider_client, number):
    vehicle = VehicleFactory()
    assert listed(rider_client, page=number) == [vehicle]


@pytest.mark.parametrize("number", [2, LAST_PAGE, LAST_PAGE + 1, 10**19])
def test_beyond_the_end_a_page_says_so(rider_client, number):
    VehicleFactory()
    assert "There is nothing on this page." in page_of(rider_client, page=number)


def metres_between(one, other):
    """Return a distance on a flat earth, computed independently."""
    (lat1, lon1), (lat2, lon2) = one, other
    return 111_195 * hypot(lat1 - lat2, (lon1 - lon2) * cos(radians(lat2)))


def scatter(seed, count, around=NOTRE_DAME, degrees=0.1):
    """Vehicles at random positions."""
    chance = random.Random(seed)
    vehicles = []
    for number in range(count):
        latitude = around[0] + chance.uniform(-degrees, degrees)
        longitude = around[1] + chance.uniform(-degrees, degrees)
        vehicles.append(VehicleFactory.build(number=number, latitude=latitude, longitude=longitude))
    return Vehicle.objects.bulk_create(vehicles)


def nearest(client, position, **query):
    return listed(client, lat=position[0], lon=position[1], **query)


@pytest.mark.parametrize(
    ("count", "degrees"),
    [(1, 0.1), (PAGE_SIZE, 0.1), (PAGE_SIZE + 1, 0.001), (200, 0.1), (200, 0.02), (200, 0.004)],
)
@pytest.mark.parametrize("seed", range(3))
def test_nearest_first_is_what_measuring_every_distance_gives(rider_client, seed, count, degrees):
    vehicles = scatter(seed, count, degrees=degrees)
    chance = random.Random(seed)
    for _try in range(3):
        here = NOTRE_DAME[0] + chance.uniform(-degrees, degrees), NOTRE_DAME[1] + chance.uniform(-degrees, degrees)
        expected = sorted(vehicles, key=lambda vehicle: metres_between(vehicle.position, here))
        for number in (1, 2, 3):
            page = nearest(rider_client, here, page=number)
            assert page == expected[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]


def test_vehicles_beyond_the_edge_of_a_cell_are_found(rider_client):
    row = int((NOTRE_DAME[0] + 90) / geohash.CELL_HEIGHT)
    edge = row * geohash.CELL_HEIGHT - 90
    here = edge + 0.00001, NOTRE_DAME[1]
    beyond = VehicleFactory(latitude=edge - 0.00001, cell=geohash.encode(edge - 0.00001, NOTRE_DAME[1]))
    farther = edge + 0.001
    VehicleFactory.create_batch(PAGE_SIZE + 1, latitude=farther, cell=geohash.encode(farther, NOTRE_DAME[1]))
    assert nearest(rider_client, here)[0] == beyond


def test_the_distance_is_shown(rider_client):
    VehicleFactory()
    metres = metres_between(NOTRE_DAME, EIFFEL_TOWER)
    page = page_of(rider_client, lat=EIFFEL_TOWER[0], lon=EIFFEL_TOWER[1])
    assert f"{metres / 1000:.1f} km away" in page


def test_someone_far_away_reads_so_and_sees_the_usual_order(rider_client):
    first, second = (VehicleFactory(public_id=UUID(int=number)) for number in (1, 2))
    Vehicle.objects.filter(pk=second.pk).update(latitude=NOTRE_DAME[0] + 0.01)
    response = rider_client.get(LIST, {"lat": 59.9, "lon": 10.7})
    page = response.content.decode()
    assert list(response.context["page"]) == [first, second]
    assert "No vehicles near you, so here are all in Paris." in page
    assert "Nearest first." not in page
    assert "km away" not in page


def test_vehicles_of_unknown_place_come_last(rider_client):
    unknown = VehicleFactory(somewhere=True, code=numbered_code("paris", 0))
    far, near = VehicleFactory(), VehicleFactory(latitude=EIFFEL_TOWER[0], longitude=EIFFEL_TOWER[1])
    assert nearest(rider_client, EIFFEL_TOWER) == [near, far, unknown]


def test_nearest_first_obeys_the_filters(rider_client):
    VehicleFactory.create_batch(PAGE_SIZE + 1)
    bike = VehicleFactory(type="bike", battery_percent=25)
    VehicleFactory(type="bike", status="removed", battery_percent=25)
    assert nearest(rider_client, NOTRE_DAME, type="bike", battery="25") == [bike]


def test_the_position_is_kept_from_page_to_page(rider_client):
    VehicleFactory.create_batch(PAGE_SIZE + 1)
    assert "?lat=48.85&amp;lon=2.35&amp;page=2" in page_of(rider_client, lat=48.85, lon=2.35)


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [
        ("x", "2"), ("48", ""), ("", "2"), ("nan", "2"), ("48", "inf"), ("91", "2"), ("48", "181"), ("-1e400", "2"),
        ("\0", "2"), ("9" * 10_000, "2"), ("48", "🛴"), ("48,8,1", "2,3"),
    ],
)  # fmt: skip
def test_an_invalid_position_is_ignored(rider_client, latitude, longitude):
    vehicle = VehicleFactory()
    response = rider_client.get(LIST, {"lat": latitude, "lon": longitude})
    assert list(response.context["page"]) == [vehicle]
    assert "Nearest first" not in response.content.decode()


@pytest.mark.parametrize("position", [(90, 180), (-90, -180), (0, 0), (48.85, 180), (-33.9, 151.2)])
def test_a_position_anywhere_on_earth_is_accepted(rider_client, position):
    vehicle = VehicleFactory()
    assert nearest(rider_client, position) == [vehicle]


def test_a_plain_page_takes_three_statements_and_counts_nothing(rider_client):
    VehicleFactory.create_batch(PAGE_SIZE + 1)
    with CaptureQueriesContext(connection) as statements:
        rider_client.get(LIST)
    assert len(statements) == 3  # who asks, what they see, and what is in its calendar
    assert not any("COUNT(" in statement["sql"] for statement in statements)


def test_nearest_first_takes_three_statements_where_there_are_enough(rider_client, django_assert_num_queries):
    VehicleFactory.create_batch(PAGE_SIZE + 1)
    with django_assert_num_queries(3):
        nearest(rider_client, NOTRE_DAME)


def test_nearest_first_takes_four_statements_where_there_are_few(rider_client, django_assert_num_queries):
    VehicleFactory.create_batch(3)
    with django_assert_num_queries(4):
        nearest(rider_client, NOTRE_DAME)


@pytest.mark.parametrize(
    ("query", "order"),
    [
        ({}, ["type", "battery", "range"]),
        ({"battery": "50"}, ["battery", "type", "range"]),
        ({"battery": "50", "range": "5"}, ["battery", "range", "type"]),
    ],
)
def test_chosen_filters_come_first_as_a_phone_shows_no_others(rider_client, query, order):
    page = rider_client.get(LIST, query).content.decode()
    assert sorted(order, key=lambda name: page.index(f'name="{name}"')) == order


def test_a_full_page_is_below_105_kilobytes(rider_client):
    VehicleFactory.create_batch(
        PAGE_SIZE + 1,
        last_location="&" * 200,
        brand="&" * 64,
        color="&" * 32,
        type="skateboard",
        battery_percent=50,
        range_m=12_345,
    )
    response = rider_client.get(LIST, {"lat": NOTRE_DAME[0], "lon": NOTRE_DAME[1], "page": 1})
    assert len(response.content) < 105_000


@pytest.mark.parametrize(
    "query", [{}, {"type": "bike"}, {"battery": "50"}, {"range": "5"}, {"lat": "48.85", "lon": "2.35"}, {"page": "2"}]
)
def test_the_list_queries_one_city_only(rider_client, query):
    VehicleFactory.create_batch(3)
    with assert_local():
        rider_client.get(LIST, query)


def test_a_rider_from_elsewhere_costs_the_same(client, django_assert_num_queries):
    client.force_login(UserFactory(city="seattle"))
    client.post("/city/", {"city": "paris"})
    vehicle = VehicleFactory()
    with django_assert_num_queries(3):
        assert listed(client) == [vehicle]


def test_every_city_has_a_list(rider_client):
    for city in registry:
        rider_client.post("/city/", {"city": city.name})
        assert f"Vehicles in {city}" in page_of(rider_client)


def test_someone_in_another_served_city_is_offered_to_switch(rider_client):
    page = page_of(rider_client, lat="41.89", lon="12.49")
    assert "You seem to be in Rome." in page
    assert '<button class="btn btn-sm btn-primary" name="city" value="rome">' in page
    assert 'name="next" value="/vehicles/?lat=41.89&amp;lon=12.49"' in page


@pytest.mark.parametrize("position", [NOTRE_DAME, (0, 0), (48.0, 2.35)], ids=["here", "at sea", "outside"])
def test_nobody_else_is(rider_client, position):
    assert "You seem to be in" not in page_of(rider_client, lat=position[0], lon=position[1])
