"""What a map of a city is told (issue "For riders: map first, on a phone")."""

import random

import pytest
from django.db import connection

from accounts.tests.factories import UserFactory
from cities.registry import registry
from fleet import geohash
from fleet.map import DEEPEST_ZOOM, MOST, Box, MapQuery, cell_ranges, places_on_map
from fleet.models import Vehicle
from fleet.tests.calendars import reserve
from fleet.tests.factories import EIFFEL_TOWER, NOTRE_DAME, VehicleFactory, numbered_code
from movr_project.tests.locality import assert_local
from rides.tests.factories import OpenRideFactory

pytestmark = pytest.mark.django_db

MAP = "/vehicles/map/"
NUMBER, FREE, LATITUDE, LONGITUDE, CODE, TYPE, BATTERY = range(7)


def around(position, reach=0.001):
    latitude, longitude = position
    return f"{latitude - reach},{longitude - reach},{latitude + reach},{longitude + reach}"


def asked(client, **query):
    response = client.get(MAP, query)
    assert response.status_code == 200, response.content
    return response.json()


def codes(client, **query):
    return {place[CODE] for place in asked(client, **query)["places"]}


def at(position, **fields):
    return VehicleFactory(latitude=position[0], longitude=position[1], **fields)


@pytest.fixture
def crowd(db):
    """More vehicles than are shown one by one, all over Paris."""
    chance = random.Random(7)
    made = []
    for number in range(MOST + 60):
        latitude, longitude = chance.uniform(48.81, 48.90), chance.uniform(2.25, 2.42)
        fields = {"latitude": latitude, "longitude": longitude, "code": numbered_code("paris", number)}
        made.append(VehicleFactory.build(**fields))
    return Vehicle.objects.bulk_create(made)


class TestWhatItShows:
    def test_a_vehicle_with_its_place_type_state_and_battery(self, rider_client):
        vehicle = VehicleFactory(battery_percent=61)
        answer = asked(rider_client)
        assert answer["places"] == [[1, 1, *NOTRE_DAME, vehicle.code, "scooter", 61]]
        assert answer["sentence"] == "1 vehicle on the map"

    def test_what_somebody_holds_is_free_for_them_alone(self, rider, rider_client, client_of):
        reserve(rider, VehicleFactory())
        free = [asked(client)["places"][0][1] for client in (rider_client, client_of(UserFactory()))]
        assert free == [1, 0]

    def test_a_vehicle_in_use_is_not_free(self, rider_client):
        OpenRideFactory()
        ((number, free, *_rest),) = asked(rider_client)["places"]
        assert (number, free) == (1, 0)

    def test_an_empty_map_says_so(self, rider_client):
        assert asked(rider_client) == {"places": [], "sentence": "0 vehicles on the map"}

    def test_vehicles_of_the_current_city_only(self, rider_client):
        VehicleFactory(city="rome")
        here = VehicleFactory()
        assert codes(rider_client) == {here.code}

    def test_those_in_the_viewport_only(self, rider_client):
        here = at(EIFFEL_TOWER)
        VehicleFactory()
        assert codes(rider_client, bbox=around(EIFFEL_TOWER)) == {here.code}

    def test_the_edges_belong_to_it(self, rider_client):
        here = at(EIFFEL_TOWER)
        south, west = EIFFEL_TOWER
        assert codes(rider_client, bbox=f"{south},{west},{south},{west}") == {here.code}

    def test_vehicles_of_unknown_position_stay_off_it(self, rider_client):
        VehicleFactory(somewhere=True)
        assert codes(rider_client) == set()
        assert codes(rider_client, bbox="-90,-180,90,180") == set()

    @pytest.mark.parametrize("fields", [{"status": "removed"}, {"approved_at": None}])
    def test_what_riders_do_not_see_in_the_list_stays_off_it(self, rider_client, fields):
        VehicleFactory(**fields)
        assert codes(rider_client) == set()

    def test_one_type(self, rider_client):
        VehicleFactory()
        bike = VehicleFactory(type="bike")
        assert codes(rider_client, type="bike") == {bike.code}

    def test_free_ones(self, rider_client):
        OpenRideFactory()
        free = VehicleFactory()
        assert codes(rider_client, available="on") == {free.code}

    def test_no_published_id_and_no_lock_code(self, rider_client):
        vehicle = VehicleFactory(lock_code="70531864")
        text = rider_client.get(MAP).content.decode()
        assert str(vehicle.public_id) not in text
        assert "70531864" not in text


class TestGroups:
    def test_up_to_the_limit_each_vehicle_is_on_its_own(self, rider_client, crowd):
        Vehicle.objects.filter(code__gt=crowd[MOST - 1].code).delete()
        places = asked(rider_client, zoom=11)["places"]
        assert len(places) == MOST
        assert {place[NUMBER] for place in places} == {1}

    def test_beyond_it_they_come_in_groups_and_none_is_lost(self, rider_client, crowd):
        answer = asked(rider_client, zoom=12)
        assert 1 < len(answer["places"]) <= MOST
        assert sum(place[NUMBER] for place in answer["places"]) == len(crowd)
        assert answer["sentence"] == f"{len(crowd)} vehicles on the map"

    def test_a_group_stands_in_the_middle_of_its_vehicles(self, rider_client, crowd):
        ((number, free, latitude, longitude, *_rest),) = asked(rider_client, zoom=0)["places"]
        assert (number, free) == (len(crowd), len(crowd))
        assert latitude == pytest.approx(sum(vehicle.latitude for vehicle in crowd) / len(crowd))
        assert longitude == pytest.approx(sum(vehicle.longitude for vehicle in crowd) / len(crowd))

    def test_a_group_says_how_many_are_free(self, rider_client, crowd):
        Vehicle.objects.filter(code__in=[vehicle.code for vehicle in crowd[:50]]).update(status="on_trip")
        ((number, free, *_rest),) = asked(rider_client, zoom=0)["places"]
        assert (number, free) == (len(crowd), len(crowd) - 50)

    @pytest.mark.parametrize("zoom", ["0", "9", "12", "16", "22", ""])
    @pytest.mark.parametrize("bbox", ["", "-90,-180,90,180", "48.8,2.2,48.95,2.5", "48.85,2.3,48.86,2.4"])
    def test_there_are_never_more_than_the_limit(self, rider_client, crowd, bbox, zoom):
        assert len(asked(rider_client, bbox=bbox, zoom=zoom)["places"]) <= MOST

    def test_those_at_the_very_same_place_are_one_group_however_close_one_looks(self, rider_client, crowd):
        Vehicle.objects.update(latitude=NOTRE_DAME[0], longitude=NOTRE_DAME[1], cell=geohash.encode(*NOTRE_DAME))
        (place,) = asked(rider_client, bbox=around(NOTRE_DAME), zoom=19)["places"]
        assert place[NUMBER] == len(crowd)

    def test_moving_the_map_a_little_leaves_the_groups_where_they_are(self, rider_client, crowd):
        before, after = (
            {tuple(place[:4]) for place in asked(rider_client, bbox=bbox, zoom=12)["places"]}
            for bbox in ("48.80,2.20,48.92,2.45", "48.801,2.205,48.921,2.455")
        )
        assert before == after


class TestWhatItRefuses:
    @pytest.mark.parametrize(
        "bbox",
        [
            "x",
            "1,2,3",
            "1,2,3,4,5",
            "1,2,3,\0",
            "nan,nan,nan,nan",
            "2,1,1,2",
            "1,3,2,2",
            "-91,0,0,0",
            "0,0,0,181",
            "inf,0,inf,0",
            "," * 5000,
        ],
    )
    def test_a_box_that_is_none(self, rider_client, bbox):
        self.refuses(rider_client, "bad_bbox", bbox=bbox)

    @pytest.mark.parametrize("zoom", ["x", "-1", "23", "1.5", "9" * 5000, "\0", "nan"])
    def test_a_zoom_that_is_none(self, rider_client, zoom):
        self.refuses(rider_client, "bad_zoom", zoom=zoom)

    @pytest.mark.parametrize("type_", ["tank", "\0", "🛴", "x" * 10_000])
    def test_a_type_that_is_none(self, rider_client, type_):
        self.refuses(rider_client, "bad_type", type=type_)

    def test_a_switch_that_is_none(self, rider_client):
        self.refuses(rider_client, "bad_available", available="perhaps")

    def refuses(self, client, code, **query):
        response = client.get(MAP, query)
        assert response.status_code == 400
        assert response.headers["Content-Type"] == "application/json"
        assert response.json()["code"] == code
        assert response.json()["message"]

    def test_nobody_asks_it_without_a_log_in(self, client):
        assert client.get(MAP).headers["Location"] == "/login/?next=/vehicles/map/"


class TestHowItAsks:
    @pytest.mark.parametrize("query", [{}, {"bbox": "48.85,2.34,48.86,2.36", "zoom": "16", "available": "on"}])
    def test_two_statements_with_the_person_however_many_there_are(
        self, rider_client, crowd, django_assert_num_queries, query
    ):
        with django_assert_num_queries(2), assert_local():
            asked(rider_client, **query)

    @pytest.mark.parametrize("reach", [0.0005, 0.002])
    def test_a_small_part_of_a_big_city_is_found_by_its_cells(self, crowd, reach):
        if connection.vendor == "sqlite":
            plan = self.plan(reach, "EXPLAIN QUERY PLAN")
        else:
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE vehicles")  # else the plan hangs on what other tests left behind
                cursor.execute("SET LOCAL enable_seqscan = off")  # as if there were many more
            plan = self.plan(reach, "EXPLAIN")
        assert "vehicles_city_cell" in plan

    def plan(self, reach, explain):
        box = Box.read(around(NOTRE_DAME, reach))
        asked_for = []

        def keep(execute, sql, params, many, context):
            asked_for.append((sql, params))
            return execute(sql, params, many, context)

        with connection.execute_wrapper(keep):
            places_on_map(registry["paris"], MapQuery(box=box))
        ((sql, params),) = asked_for
        with connection.cursor() as cursor:
            cursor.execute(f"{explain} {sql}", params)
            return "\n".join(str(row) for row in cursor.fetchall())

    @pytest.mark.parametrize("reach", [0.0001, 0.003, 0.01, 0.03, 0.06])
    def test_looking_by_cells_finds_what_looking_at_all_finds(self, crowd, reach):
        for vehicle in crowd[:10]:
            box = Box.read(around(vehicle.position, reach))
            expected = {
                other.code
                for other in crowd
                if box.south <= other.latitude <= box.north and box.west <= other.longitude <= box.east
            }
            found = places_on_map(registry["paris"], MapQuery(box=box, zoom=DEEPEST_ZOOM))
            assert {place[CODE] for place in found} == expected


class TestRanges:
    @pytest.mark.parametrize("seed", range(20))
    def test_each_point_of_a_box_is_in_one_of_them(self, seed):
        chance = random.Random(seed)
        south, west = chance.uniform(-90, 89), chance.uniform(-180, 179)
        box = Box(south, west, south + chance.uniform(0, 1), west + chance.uniform(0, 1))
        ranges = cell_ranges(box)
        assert len(ranges) <= 100
        for _try in range(50):
            cell = geohash.encode(chance.uniform(box.south, box.north), chance.uniform(box.west, box.east))
            assert any(first <= cell <= last for first, last in ranges)

    def test_at_the_end_of_the_world(self):
        assert cell_ranges(Box(90, 180, 90, 180)) == [("zzzzzz", "zzzzzz")]
        assert cell_ranges(Box(-90, -180, 90, 180)) == [("000000", "zzzzzz")]
