"""The map's data."""

import random
from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from accounts.tests.factories import UserFactory
from cities import geohash
from cities.registry import registry
from fleet.map import (
    DEEPEST_ZOOM,
    GROUPS_KEPT_SECONDS,
    MAX_PLACES,
    Box,
    MapQuery,
    _build_groups,
    cell_ranges,
    places_on_map,
)
from fleet.models import Vehicle
from fleet.tests.calendars import reserve
from fleet.tests.factories import (
    EIFFEL_TOWER,
    NOTRE_DAME,
    AllocationFactory,
    BookingFactory,
    VehicleFactory,
    numbered_code,
)
from movr_project.db.prepared import Prepared
from movr_project.tests.locality import assert_local
from rides.tests.factories import OpenRideFactory

pytestmark = pytest.mark.django_db

MAP = "/vehicles/map/"


def around(position, reach=0.001):
    latitude, longitude = position
    return f"{latitude - reach},{longitude - reach},{latitude + reach},{longitude + reach}"


def asked(client, **query):
    response = client.get(MAP, query)
    assert response.status_code == 200, response.content
    return response.json()


def ids(client, **query):
    return {UUID(place["id"]) for place in asked(client, **query)["places"]}


def at(position, **fields):
    return VehicleFactory(latitude=position[0], longitude=position[1], **fields)


@pytest.fixture
def crowd(db):
    """Vehicles all over Paris, more than are shown individually."""
    chance = random.Random(7)
    made = []
    for number in range(MAX_PLACES + 60):
        latitude, longitude = chance.uniform(48.81, 48.90), chance.uniform(2.25, 2.42)
        fields = {"latitude": latitude, "longitude": longitude, "code": numbered_code("paris", number)}
        made.append(VehicleFactory.build(**fields))
    return Vehicle.objects.bulk_create(made)


class TestWhatItShows:
    def test_a_vehicle_with_its_place_type_state_and_battery(self, rider_client):
        vehicle = VehicleFactory(battery_percent=61)
        answer = asked(rider_client)
        (place,) = answer["places"]
        assert (place["lat"], place["lon"]) == NOTRE_DAME
        assert (place["count"], place["own"]) == (1, False)
        assert (place["id"], place["type"], place["battery"]) == (str(vehicle.public_id), "scooter", 61)
        assert answer["sentence"] == "1 vehicle on the map"

    def test_a_reserved_vehicle_is_there_for_its_rider_only(self, rider, rider_client, client_of):
        vehicle = VehicleFactory()
        reserve(rider, vehicle)
        assert [ids(client) for client in (rider_client, client_of(UserFactory()))] == [{vehicle.public_id}, set()]

    def test_vehicles_in_use_paused_or_in_maintenance_stay_off_it(self, rider_client):
        OpenRideFactory()
        for kind in ("maintenance", "paused"):
            AllocationFactory(vehicle=VehicleFactory(), **{kind: True})
        assert ids(rider_client) == set()

    def test_an_owner_sees_their_parked_vehicle_whatever_its_calendar_says(self, rider, rider_client, client_of):
        vehicle = VehicleFactory(owner=rider)
        OpenRideFactory(vehicle=VehicleFactory(owner=rider))
        reserve(UserFactory(), vehicle)
        (place,) = asked(rider_client)["places"]
        assert (place["id"], place["own"]) == (str(vehicle.public_id), True)
        assert ids(client_of(UserFactory())) == set()

    def test_an_empty_map_says_so(self, rider_client):
        assert asked(rider_client) == {"places": [], "sentence": "0 vehicles on the map"}

    def test_vehicles_of_the_current_city_only(self, rider_client):
        VehicleFactory(city="rome")
        here = VehicleFactory()
        assert ids(rider_client) == {here.public_id}

    def test_those_in_the_viewport_only(self, rider_client):
        here = at(EIFFEL_TOWER)
        VehicleFactory()
        assert ids(rider_client, bbox=around(EIFFEL_TOWER)) == {here.public_id}

    def test_the_edges_belong_to_it(self, rider_client):
        here = at(EIFFEL_TOWER)
        south, west = EIFFEL_TOWER
        assert ids(rider_client, bbox=f"{south},{west},{south},{west}") == {here.public_id}

    def test_vehicles_of_unknown_position_stay_off_it(self, rider_client):
        VehicleFactory(somewhere=True)
        assert ids(rider_client) == set()
        assert ids(rider_client, bbox="-90,-180,90,180") == set()

    @pytest.mark.parametrize("fields", [{"status": "removed"}, {"approved_at": None}])
    def test_what_riders_do_not_see_in_the_list_stays_off_it(self, rider_client, fields):
        VehicleFactory(**fields)
        assert ids(rider_client) == set()

    def test_one_type(self, rider_client):
        VehicleFactory()
        bike = VehicleFactory(type="bike")
        assert ids(rider_client, type="bike") == {bike.public_id}

    def test_those_with_enough_battery(self, rider_client):
        VehicleFactory(battery_percent=49)
        VehicleFactory(battery_percent=None)
        charged = VehicleFactory(battery_percent=50)
        assert ids(rider_client, battery="50") == {charged.public_id}

    def test_those_that_go_far_enough(self, rider_client):
        VehicleFactory(range_m=4_999)
        far = VehicleFactory(range_m=5_000)
        assert ids(rider_client, range="5") == {far.public_id}

    def test_those_free_at_a_certain_time(self, rider, rider_client):
        vehicle, riding = VehicleFactory(), OpenRideFactory().vehicle
        now = timezone.now()
        hours = [f"{now + timedelta(hours=number):%Y-%m-%dT%H:%MZ}" for number in range(8)]
        BookingFactory(
            rider=UserFactory(), vehicle=vehicle, starts_at=now + timedelta(hours=4), ends_at=now + timedelta(hours=6)
        )
        assert ids(rider_client, **{"from": hours[1], "until": hours[2]}) == {vehicle.public_id, riding.public_id}
        assert ids(rider_client, **{"from": hours[5], "until": hours[7]}) == {riding.public_id}

    def test_nothing_that_lasts_identifies_a_vehicle(self, rider_client):
        vehicle = VehicleFactory(lock_code="70531864")
        text = rider_client.get(MAP).content.decode()
        assert str(vehicle.public_id) in text
        for lasting in (str(vehicle.id), vehicle.code, "70531864"):
            assert lasting not in text


class TestGroups:
    def test_up_to_the_limit_each_vehicle_is_on_its_own(self, rider_client, crowd):
        Vehicle.objects.filter(code__gt=crowd[MAX_PLACES - 1].code).delete()
        places = asked(rider_client, zoom=11)["places"]
        assert len(places) == MAX_PLACES
        assert {place["count"] for place in places} == {1}

    def test_beyond_it_they_come_in_groups_and_none_is_lost(self, rider_client, crowd):
        answer = asked(rider_client, zoom=12)
        assert 1 < len(answer["places"]) <= MAX_PLACES
        assert sum(place["count"] for place in answer["places"]) == len(crowd)
        assert answer["sentence"] == f"{len(crowd)} vehicles on the map"

    def test_a_group_is_in_the_middle_of_its_vehicles(self, rider_client, crowd):
        (place,) = asked(rider_client, zoom=0)["places"]
        assert place["count"] == len(crowd)
        assert place["lat"] == pytest.approx(sum(vehicle.latitude for vehicle in crowd) / len(crowd))
        assert place["lon"] == pytest.approx(sum(vehicle.longitude for vehicle in crowd) / len(crowd))

    def test_a_group_has_no_code_and_no_battery(self, rider_client, crowd):
        (place,) = asked(rider_client, zoom=0)["places"]
        assert set(place) == {"count", "lat", "lon"}

    @pytest.mark.parametrize("zoom", ["0", "9", "12", "16", "22", ""])
    @pytest.mark.parametrize("bbox", ["", "-90,-180,90,180", "48.8,2.2,48.95,2.5", "48.85,2.3,48.86,2.4"])
    def test_there_are_never_more_than_the_limit(self, rider_client, crowd, bbox, zoom):
        assert len(asked(rider_client, bbox=bbox, zoom=zoom)["places"]) <= MAX_PLACES

    def test_vehicles_at_the_same_spot_are_one_group_at_any_zoom(self, rider_client, crowd):
        Vehicle.objects.update(latitude=NOTRE_DAME[0], longitude=NOTRE_DAME[1], cell=geohash.encode(*NOTRE_DAME))
        (place,) = asked(rider_client, bbox=around(NOTRE_DAME), zoom=19)["places"]
        assert place["count"] == len(crowd)

    def test_moving_the_map_a_little_leaves_the_groups_where_they_are(self, rider_client, crowd):
        before, after = (
            {tuple(place.items()) for place in asked(rider_client, bbox=bbox, zoom=12)["places"]}
            for bbox in ("48.80,2.20,48.92,2.45", "48.801,2.205,48.921,2.455")
        )
        assert before == after

    def test_the_whole_world_may_be_the_first_box(self, rider_client, crowd, monkeypatch):
        monkeypatch.setattr("fleet.map._groups", Prepared(_build_groups))
        assert len(asked(rider_client, bbox="-90,-180,90,180")["places"]) <= MAX_PLACES


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
    def test_an_invalid_box(self, rider_client, bbox):
        self.refuses(rider_client, "bad_bbox", bbox=bbox)

    @pytest.mark.parametrize("zoom", ["x", "-1", "23", "1.5", "9" * 5000, "\0", "nan"])
    def test_an_invalid_zoom(self, rider_client, zoom):
        self.refuses(rider_client, "bad_zoom", zoom=zoom)

    @pytest.mark.parametrize(
        "query",
        [
            {"type": "tank"},
            {"type": "\0"},
            {"battery": "x" * 10_000},
            {"battery": "-1"},
            {"range": "1e9"},
            {"until": "🛴"},
        ],
    )
    def test_an_invalid_filter_filters_nothing_as_in_the_list(self, rider_client, query):
        vehicle = VehicleFactory()
        assert ids(rider_client, **query) == {vehicle.public_id}

    def refuses(self, client, code, **query):
        response = client.get(MAP, query)
        assert response.status_code == 400
        assert response.headers["Content-Type"] == "application/json"
        assert response.json()["code"] == code
        assert response.json()["message"]

    def test_nobody_asks_it_without_a_log_in(self, client):
        assert client.get(MAP).headers["Location"] == "/login/?next=/vehicles/map/"


class TestHowItAsks:
    def test_single_vehicles_take_one_statement_besides_the_persons(self, rider_client, django_assert_num_queries):
        VehicleFactory()
        with django_assert_num_queries(2), assert_local():
            asked(rider_client, bbox="48.85,2.28,48.87,2.36", zoom="16", battery="0")

    def test_groups_are_counted_once_for_similar_views_of_everyone(
        self, rider_client, crowd, client_of, django_assert_num_queries
    ):
        with django_assert_num_queries(3), assert_local():
            before = asked(rider_client, bbox="48.80,2.20,48.92,2.45", zoom=12)
        other = client_of(UserFactory())
        with django_assert_num_queries(1):
            assert asked(other, bbox="48.801,2.205,48.921,2.455", zoom=12) == before

    def test_groups_are_counted_again_later(self, rider_client, crowd):
        before = asked(rider_client, zoom=0)
        Vehicle.objects.filter(code=crowd[0].code).delete()
        assert asked(rider_client, zoom=0) == before
        with time_machine.travel(timezone.now() + timedelta(seconds=GROUPS_KEPT_SECONDS + 1)):
            assert asked(rider_client, zoom=0)["places"][0]["count"] == len(crowd) - 1

    @pytest.mark.parametrize("seed", range(20))
    def test_a_wider_box_contains_the_box_and_is_at_most_twice_as_wide(self, seed):
        chance = random.Random(seed)
        south, west = chance.uniform(-90, 80), chance.uniform(-180, 170)
        box = Box(south, west, south + chance.uniform(0, 10) ** 2 / 10, west + chance.uniform(0, 10) ** 2 / 10)
        wide = box.widened()
        assert -90 <= wide.south <= box.south <= box.north <= wide.north <= 90
        assert -180 <= wide.west <= box.west <= box.east <= wide.east <= 180
        assert wide.north - wide.south <= 2 * (box.north - box.south) + 0.001
        assert wide.east - wide.west <= 2 * (box.east - box.west) + 0.001

    @pytest.mark.parametrize("reach", [0.0005, 0.002])
    def test_a_small_part_of_a_big_city_is_found_by_its_cells(self, crowd, reach):
        if connection.vendor == "sqlite":
            plan = self.plan(reach, "EXPLAIN QUERY PLAN")
        else:
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE vehicles")  # so that the plan doesn't depend on other tests
                cursor.execute("SET LOCAL enable_seqscan = off")  # as if there were many more rows
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
                str(other.public_id)
                for other in crowd
                if box.south <= other.latitude <= box.north and box.west <= other.longitude <= box.east
            }
            found = places_on_map(registry["paris"], MapQuery(box=box, zoom=DEEPEST_ZOOM))
            assert {place["id"] for place in found} == expected


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
