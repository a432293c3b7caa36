"""The known places of a city: finding them, and the operator's list in the admin."""

import pytest
from django.urls import reverse

from accounts.tests.factories import StaffFactory
from cities.geography import Spot
from cities.models import Place
from cities.places import nearest_place, search_places
from cities.registry import registry
from cities.services import add_places
from movr_project.tests.locality import assert_local
from movr_project.tests.pages import page

pytestmark = pytest.mark.django_db

LOUVRE, ELYSEE = Spot("Louvre", 48.8606, 2.3376), Spot("Palais de l'Élysée", 48.8704, 2.3167)


@pytest.fixture
def paris():
    add_places(registry["paris"], [ELYSEE, LOUVRE, Spot("Rue du Louvre", 48.8637, 2.3427)])
    add_places(registry["rome"], [Spot("Louvre Caffè", 41.9, 12.5)])
    return registry["paris"]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("louvre", ["Louvre", "Rue du Louvre"]),
        ("  LOUVRE ", ["Louvre", "Rue du Louvre"]),
        ("elysee", ["Palais de l'Élysée"]),
        ("tower", []),
        ("", []),
        ("\0", []),
        ("e" * 100_000, []),
    ],
)
def test_a_place_is_found_by_part_of_its_name_in_its_city_only(paris, typed, found):
    with assert_local():
        assert [spot.name for spot in search_places(paris, typed)] == found


def test_the_nearest_place_is_found_within_a_distance(paris):
    assert nearest_place(paris, (48.8610, 2.3380), within_m=200) == LOUVRE
    assert nearest_place(paris, (48.8610, 2.3380), within_m=10) is None
    assert nearest_place(registry["boston"], (42.36, -71.06), within_m=10**9) is None


def test_adding_places_again_changes_nothing(paris):
    add_places(paris, [LOUVRE._replace(latitude=48.9)])
    assert Place.objects.get(city="paris", name="Louvre").position == LOUVRE.position


class TestInTheAdmin:
    ADD = "/admin/cities/place/add/"

    @pytest.fixture
    def staff_client(self, client):
        client.force_login(StaffFactory())
        return client

    def test_staff_add_a_place_and_rename_it(self, staff_client):
        staff_client.post(self.ADD, {"city": "paris", "name": "Louvre", "latitude": "48,8606", "longitude": "2.3376"})
        place = Place.objects.get()
        assert place.position == LOUVRE.position
        url = reverse("admin:cities_place_change", args=[str(place.pk)]).replace(":", "_3A")
        staff_client.post(url, {"name": "Musée du Louvre", "latitude": "48.8606", "longitude": "2.3376"})
        assert [place.name for place in Place.objects.all()] == ["Musée du Louvre"]

    @pytest.mark.parametrize(
        ("fields", "error"),
        [
            ({"latitude": "41.9", "longitude": "12.5"}, "That position is outside Paris."),
            ({"name": "Rue du Louvre"}, "already exists"),
            ({"name": "\u200b"}, "Enter some visible text."),
            ({"city": "atlantis"}, "We don't serve that city yet."),
        ],
    )
    def test_what_it_refuses(self, staff_client, paris, fields, error):
        data = {"city": "paris", "name": "Here", "latitude": "48.8606", "longitude": "2.3376"} | fields
        assert error in page(staff_client.post(self.ADD, data)).text
        assert not Place.objects.filter(name="Here").exists()

    def test_two_places_of_a_city_never_get_the_same_name(self, staff_client, paris):
        place = Place.objects.get(city="paris", name="Louvre")
        url = reverse("admin:cities_place_change", args=[str(place.pk)]).replace(":", "_3A")
        data = {"name": "Rue du Louvre", "latitude": "48.8606", "longitude": "2.3376"}
        assert "already exists" in page(staff_client.post(url, data)).text

    def test_staff_name_a_region_and_riders_read_it(self, staff_client, client):
        staff_client.post("/admin/cities/region/gcp-europe-west1/change/", {"display_name": "Old World"})
        assert "Old World" in client.get("/").content.decode() or "Old World" in client.get("/help/").content.decode()
