"""The list of a rider's rides, in all cities."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import StaffFactory, UserFactory
from cities.placement.locality import OWN_HISTORY
from fleet.tests.factories import VehicleFactory
from movr_project.tests.locality import assert_local
from movr_project.tests.pages import text_of
from rides.tests.factories import OpenRideFactory, RideFactory
from rides.views import PAGE_SIZE

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

LIST = "/rides/"
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def listed(client, **query):
    response = client.get(LIST, query)
    assert response.status_code == 200
    return list(response.context["page"])


def test_people_see_only_their_own_rides(rider_client, rider):
    own = RideFactory(rider=rider)
    RideFactory()
    assert listed(rider_client) == [own]


def test_the_newest_is_first(rider_client, rider):
    rides = [RideFactory(rider=rider, start_time=NOON - timedelta(days=days)) for days in (2, 0, 1)]
    assert listed(rider_client) == [rides[1], rides[2], rides[0]]


def test_rides_in_other_cities_are_among_them(rider_client, rider):
    abroad = RideFactory(rider=rider, vehicle=VehicleFactory(city="rome"), start_time=NOON)
    at_home = RideFactory(rider=rider, start_time=NOON - timedelta(days=1))
    assert listed(rider_client) == [abroad, at_home]


def test_the_chosen_city_does_not_narrow_them(rider_client, rider):
    own = RideFactory(rider=rider)
    rider_client.post("/city/", {"city": "rome"})
    assert listed(rider_client) == [own]


@pytest.mark.parametrize(
    ("length", "shown"),
    [
        (timedelta(seconds=3, milliseconds=821), "0:03"),
        (timedelta(minutes=12, seconds=34), "12:34"),
        (timedelta(hours=1, minutes=2, seconds=3), "1:02:03"),
        (timedelta(hours=49), "49:00:00"),
    ],
)
def test_each_says_how_long_it_took(rider_client, rider, length, shown):
    RideFactory(rider=rider, start_time=NOON, end_time=NOON + length)
    assert f"Duration {shown} " in text_of(rider_client, LIST)


def test_each_says_from_where_to_where_and_in_which_city(rider_client, rider):
    RideFactory(rider=rider, start_location="Ponte Sisto", end_location="Colosseum", vehicle__city="rome")
    assert re.search(r"Ponte Sisto to Colosseum .*Rome", text_of(rider_client, LIST))


@pytest.mark.parametrize(
    ("city", "shown"), [("paris", "14:00 to 14:30"), ("new york", "8:00 AM to 8:30 AM"), ("seattle", "5:00 AM to")]
)
def test_times_are_those_of_the_rides_city(rider_client, rider, city, shown):
    end = NOON + timedelta(minutes=30)
    RideFactory(rider=rider, vehicle=VehicleFactory(city=city), start_time=NOON, end_time=end)
    assert shown in text_of(rider_client, LIST).replace("\N{EN DASH}", "to")


def test_a_vehicle_that_was_removed_is_still_named(rider_client, rider):
    ride = RideFactory(rider=rider, vehicle=VehicleFactory(status="removed"))
    assert ride.vehicle.code in text_of(rider_client, LIST)


def test_without_rides_the_list_leads_to_the_vehicles(rider_client):
    assert "Your rides will be listed here" in text_of(rider_client, LIST)


def test_an_open_ride_is_on_top_with_its_form_and_not_in_the_list(rider_client, rider):
    past, open_ride = RideFactory(rider=rider), OpenRideFactory(rider=rider)
    response = rider_client.get(LIST)
    assert response.context["open_rides"] == [open_ride]
    assert list(response.context["page"]) == [past]
    assert f"/rides/paris/{open_ride.id}/end/" in response.content.decode()


def test_an_open_ride_shows_its_lock_code_and_how_long_it_takes(rider_client, rider):
    vehicle = VehicleFactory(lock_code="70531864")
    OpenRideFactory(rider=rider, vehicle=vehicle, start_time=datetime.now(UTC) - timedelta(minutes=10))
    text = text_of(rider_client, LIST)
    assert "70531864" in text
    assert "Riding for 10:0" in text


def test_an_open_ride_is_on_top_of_every_page(rider_client, rider):
    open_ride = OpenRideFactory(rider=rider)
    assert rider_client.get(LIST, {"page": 7}).context["open_rides"] == [open_ride]


def test_every_ride_is_on_exactly_one_page(rider_client, rider):
    vehicle = VehicleFactory()
    rides = [
        RideFactory(rider=rider, vehicle=vehicle, start_time=NOON - timedelta(hours=number))
        for number in range(PAGE_SIZE + 2)
    ]
    assert listed(rider_client) + listed(rider_client, page=2) == rides
    assert listed(rider_client, page=3) == []


def test_rides_that_began_at_the_same_moment_keep_their_order(rider_client, rider):
    vehicle = VehicleFactory()
    rides = {RideFactory(rider=rider, vehicle=vehicle, start_time=NOON) for _number in range(PAGE_SIZE + 2)}
    assert {*listed(rider_client), *listed(rider_client, page=2)} == rides


@pytest.mark.parametrize("number", ["0", "-1", "x", "", "\0", "9" * 5000, "🛴"])
def test_a_bad_page_number_shows_the_first_page(rider_client, rider, number):
    ride = RideFactory(rider=rider)
    assert listed(rider_client, page=number) == [ride]


def test_beyond_the_end_a_page_says_so(rider_client, rider):
    RideFactory(rider=rider)
    assert "There is nothing on this page." in text_of(rider_client, LIST, page=9)


def test_many_rides_take_two_statements_and_count_nothing(rider_client, rider):
    RideFactory.create_batch(5, rider=rider)
    with CaptureQueriesContext(connection) as statements:
        rider_client.get(LIST)
    assert len(statements) == 2
    assert not any("COUNT(" in statement["sql"] for statement in statements)


def test_an_open_ride_takes_one_more(rider_client, rider, django_assert_num_queries):
    RideFactory.create_batch(5, rider=rider)
    OpenRideFactory(rider=rider)
    with django_assert_num_queries(3):
        rider_client.get(LIST)


def test_the_history_names_the_riders_city(rider_client, rider):
    RideFactory(rider=rider)
    OpenRideFactory(rider=rider)
    with assert_local(OWN_HISTORY):
        rider_client.get(LIST)


def test_a_rides_own_page_says_what_the_list_says(rider_client, rider):
    ride = RideFactory(rider=rider, start_time=NOON, end_time=NOON + timedelta(minutes=12, seconds=34))
    text = text_of(rider_client, ride.get_absolute_url())
    for words in ("12:34", "Notre-Dame", "Eiffel Tower", "Paris", str(ride.id), ride.vehicle.code):
        assert words in text


def test_the_id_of_a_ride_is_the_last_of_its_summary(rider_client, rider):
    ride = RideFactory(rider=rider)
    text = text_of(rider_client, ride.get_absolute_url())
    assert text.index(str(ride.id)) > text.index("City")


def test_an_open_rides_own_page_can_end_it(rider_client, rider):
    ride = OpenRideFactory(rider=rider)
    assert "Where are you leaving the vehicle?" in text_of(rider_client, ride.get_absolute_url())


def test_a_rides_own_page_takes_three_statements_in_one_city(rider_client, rider, django_assert_num_queries):
    ride = RideFactory(rider=rider)
    with assert_local(), django_assert_num_queries(3):  # the person, the ride, and its photo
        rider_client.get(ride.get_absolute_url())


@pytest.mark.parametrize("asks", [UserFactory, StaffFactory])
def test_someone_elses_ride_does_not_exist(client, asks):
    client.force_login(asks())
    for ride in (RideFactory(), OpenRideFactory()):
        assert client.get(ride.get_absolute_url()).status_code == 404


@pytest.mark.parametrize("path", ["paris/x/", "mars/{id}/", "rome/{id}/", "paris/%00/"])
def test_an_address_that_means_nothing_is_not_found(rider_client, rider, path):
    ride = RideFactory(rider=rider)
    assert rider_client.get(f"/rides/{path.format(id=ride.id)}").status_code == 404


def test_nobody_logged_in_is_sent_to_the_log_in(client):
    for url in (LIST, RideFactory().get_absolute_url()):
        assert client.get(url).url.startswith("/login/?next=/rides/")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_the_pages_are_only_read(rider_client, rider, method):
    for url in (LIST, RideFactory(rider=rider).get_absolute_url()):
        assert getattr(rider_client, method)(url).status_code == 405
