"""Distances, positions and the locations of the served cities."""

import re

import pytest

from cities.geography import EARTH_RADIUS_KM, great_circle_km, parse_position
from cities.registry import registry

POLE = 90, 0
HALF_WAY_ROUND = EARTH_RADIUS_KM * 3.141592653589793


@pytest.mark.parametrize(
    ("here", "there", "km"),
    [
        ((40.7128, -74.0060), (51.5074, -0.1278), 5570),  # New York, London
        ((37.7749, -122.4194), (34.0522, -118.2437), 559),  # San Francisco, Los Angeles
        ((48.8566, 2.3522), (41.9028, 12.4964), 1106),  # Paris, Rome
        ((52.02, -179.0), (52.02, 179.0), 137),  # across the date line
        ((-33.8688, 151.2093), (-34.6037, -58.3816), 11801),  # Sydney, Buenos Aires
    ],
)
def test_distances_are_those_of_the_atlas(here, there, km):
    assert great_circle_km(*here, *there) == pytest.approx(km, rel=0.005)


def test_a_place_is_at_no_distance_from_itself():
    assert great_circle_km(48.8566, 2.3522, 48.8566, 2.3522) == 0


@pytest.mark.parametrize("place", [(0, 0), (48.8566, 2.3522), (90, 0)])
def test_the_other_side_of_the_globe_is_half_way_round(place):
    latitude, longitude = place
    assert great_circle_km(latitude, longitude, -latitude, longitude - 180) == pytest.approx(HALF_WAY_ROUND)


def test_at_a_pole_every_longitude_is_the_same_place():
    assert great_circle_km(*POLE, 90, 137) == pytest.approx(0, abs=1e-6)


def test_it_is_as_far_there_as_back():
    assert great_circle_km(40.7, -74, 48.9, 2.4) == pytest.approx(great_circle_km(48.9, 2.4, 40.7, -74))


@pytest.mark.parametrize(
    ("texts", "position"),
    [
        (("48.8566", "2.3522"), (48.8566, 2.3522)),
        ((" 48.8566 ", "2.3522\n"), (48.8566, 2.3522)),
        (("-90", "180"), (-90, 180)),
        (("90.0", "-180.0"), (90, -180)),
    ],
)
def test_two_numbers_are_a_position(texts, position):
    assert parse_position(*texts) == position


@pytest.mark.parametrize(
    "junk",
    ["", " ", "nan", "-nan", "inf", "-Infinity", "1e999", "north", "48,85,1", "\x00", "9" * 10_000],
)
def test_anything_else_is_invalid(junk):
    assert parse_position(junk, "2.3522") is None
    assert parse_position("48.8566", junk) is None


@pytest.mark.parametrize("texts", [("90.01", "0"), ("-91", "0"), ("0", "180.01"), ("0", "-181")])
def test_beyond_the_globe_is_invalid(texts):
    assert parse_position(*texts) is None


@pytest.mark.django_db
class TestServedCities:
    def test_a_city_contains_its_centre_and_not_the_next_one(self):
        paris = registry["paris"]
        assert paris.contains(paris.latitude, paris.longitude)
        assert not paris.contains(45.764, 4.8357)

    def test_a_city_ends_at_its_radius(self):
        """A degree of latitude is 111.2 km, and Paris's radius is 25."""
        paris = registry["paris"]
        assert paris.contains(paris.latitude + 24.9 / 111.2, paris.longitude)
        assert not paris.contains(paris.latitude + 25.1 / 111.2, paris.longitude)

    def test_no_two_cities_overlap(self):
        cities = list(registry)
        for city in cities:
            for other in cities:
                apart = city.distance_km(other.latitude, other.longitude)
                assert city is other or apart > city.radius_km + other.radius_km

    def test_every_city_is_nearest_to_its_own_centre(self):
        for city in registry:
            assert registry.nearest(city.latitude, city.longitude) is city

    def test_every_city_keeps_its_own_time(self):
        assert {city.tzinfo.key for city in registry} >= {"America/New_York", "Europe/Rome"}

    def test_every_code_is_three_letters_of_its_own(self):
        codes = [city.code for city in registry]
        assert len(set(codes)) == 9
        assert all(re.fullmatch("[A-Z]{3}", code) for code in codes)
