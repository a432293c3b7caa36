"""What the feeds say: valid in every city, true, and nothing that identifies a vehicle after its trip."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from accounts.tests.factories import UserFactory
from cities.registry import registry
from feeds.gbfs.files import FILES, MANIFEST
from feeds.gbfs.published import memory
from feeds.gbfs.texts import language_tag
from feeds.models import System
from feeds.tests.factories import AlertFactory
from feeds.tests.reading import Served, complaints_about, feed, validator_of, vehicles
from fleet.models import Vehicle
from fleet.models.choices import VehicleState, VehicleType
from fleet.tests.calendars import maintain
from fleet.tests.factories import AllocationFactory, BookingFactory, VehicleFactory
from movr_project.tests.locality import assert_local
from rides.services import end_ride, start_ride
from rides.tests.factories import OpenRideFactory

pytestmark = pytest.mark.django_db
NINE = ["amsterdam", "boston", "los-angeles", "new-york", "paris", "rome", "san-francisco", "seattle", "washington-dc"]


@pytest.fixture
def full_city():
    """Vehicles of every type and in every situation, and alerts."""
    for type_ in VehicleType:
        VehicleFactory(type=type_, battery_percent=55 if type_.has_battery else None)
    AllocationFactory(reservation=True)
    AllocationFactory(paused=True, vehicle=VehicleFactory(owner=UserFactory()))
    maintain(VehicleFactory())
    OpenRideFactory()
    AlertFactory(
        type="system_closure",
        ends_at=timezone.now() + timedelta(hours=2),
        description={"en": "Back soon.", "es": "Volvemos pronto."},
        url="https://news.example/storm",
    )


class TestItIsValid:
    @pytest.mark.any_engine
    @pytest.mark.parametrize("city", NINE)
    def test_in_each_city(self, city):
        assert complaints_about(city) == []

    def test_with_vehicles_and_alerts(self, full_city):
        assert complaints_about("paris") == []
        assert len(vehicles()) == len(VehicleType) + 3

    def test_in_a_city_whose_operator_has_said_nothing(self):
        System.objects.filter(city="paris").delete()
        assert complaints_about("paris") == []

    def test_to_a_second_validator(self, full_city):
        for name in FILES:
            assert [str(error) for error in validator_of(name).iter_errors(feed(name))] == []
        manifest = Served().get_json("/gbfs/v3/manifest.json")
        assert [str(error) for error in validator_of("manifest").iter_errors(manifest)] == []

    def test_the_validators_find_mistakes(self, full_city, monkeypatch):
        monkeypatch.setattr("feeds.gbfs.files.language_tag", str.upper)
        assert complaints_about("paris")
        assert list(validator_of("system_information").iter_errors(feed("system_information")))

    @pytest.mark.any_engine
    def test_every_text_is_in_every_language(self, full_city):
        languages = feed("system_information")["data"]["languages"]
        assert languages == ["en", "es"]
        for name in FILES:
            for texts in texts_in(feed(name)["data"]):
                assert [text["language"] for text in texts] == languages

    @pytest.mark.any_engine
    @pytest.mark.parametrize(
        ("code", "tag"), [("es", "es"), ("pt-br", "pt-BR"), ("zh-hans", "zh-CN"), ("sr-latn", "sr")]
    )
    def test_languages_have_gbfs_tags(self, code, tag):
        assert language_tag(code) == tag


def texts_in(data):
    """Yield the texts in several languages, wherever they are."""
    if isinstance(data, list) and data and isinstance(data[0], dict) and "language" in data[0]:
        yield data
    elif isinstance(data, (list, dict)):
        for item in data.values() if isinstance(data, dict) else data:
            yield from texts_in(item)


class TestWhereItIs:
    def test_the_manifest_names_every_city_and_each_feed_its_files(self):
        manifest = Served().get_json("/gbfs/v3/manifest.json")
        assert manifest["ttl"] == MANIFEST.ttl
        found = {dataset["system_id"]: dataset["versions"][0]["url"] for dataset in manifest["data"]["datasets"]}
        assert set(found) == {f"movr_{city.replace('-', '_')}" for city in NINE}
        assert found["movr_paris"] == "https://movr.example/gbfs/v3/paris/gbfs.json"
        listed = Served().get_json(found["movr_paris"])["data"]["feeds"]
        assert [one["name"] for one in listed] == list(FILES)
        assert all(Served().get_json(one["url"])["version"] == "3.0" for one in listed)

    @pytest.mark.parametrize("path", ["/gbfs/v3/paris/station_status.json", "/gbfs/v3/lyon/gbfs.json", "/gbfs/v3/"])
    def test_other_urls_are_not_found(self, client, path):
        assert client.get(path).status_code == 404

    def test_pages_link_to_the_feed_of_their_city(self, rider_client):
        link = '<link rel="gbfs" type="application/json" href="/gbfs/v3/paris/gbfs.json">'
        assert link in rider_client.get("/vehicles/").content.decode()


class TestVehicles:
    def test_a_free_one(self):
        vehicle = VehicleFactory(battery_percent=60, range_m=21_000, latitude=48.12345678)
        assert vehicles() == [
            {
                "vehicle_id": str(vehicle.public_id),
                "lat": 48.123457,
                "lon": vehicle.longitude,
                "is_reserved": False,
                "is_disabled": False,
                "vehicle_type_id": "scooter",
                "rental_uris": {"web": f"https://movr.example/rent/paris/{vehicle.public_id}/"},
                "current_range_meters": 21_000,
                "current_fuel_percent": 0.6,
            }
        ]

    @pytest.mark.parametrize(("battery", "range_m"), [(50, 20_000), (None, 40_000)])
    def test_an_unknown_range_is_estimated(self, battery, range_m):
        VehicleFactory(battery_percent=battery, range_m=None)
        assert vehicles()[0]["current_range_meters"] == range_m

    def test_a_bicycle_has_no_range(self):
        VehicleFactory(type="bike")
        assert "current_range_meters" not in vehicles()[0]

    @pytest.mark.parametrize(
        "hidden",
        [
            {"status": VehicleState.ON_TRIP},
            {"status": VehicleState.REMOVED},
            {"approved_at": None},
            {"somewhere": True},
            {"city": "rome"},
        ],
    )
    def test_what_no_one_can_ride_is_left_out(self, hidden):
        VehicleFactory(**hidden)
        assert vehicles() == []

    @pytest.mark.parametrize("state", [VehicleState.MISSING, VehicleState.REMOVED])
    def test_missing_and_picked_up_ones_are_left_out(self, state):
        AllocationFactory(maintenance=True, state=state)
        assert vehicles() == []

    @pytest.mark.parametrize(
        ("entry", "reserved", "disabled"),
        [
            ({"reservation": True}, True, False),
            ({"starts_at": timezone.now() - timedelta(minutes=1)}, True, False),
            ({"maintenance": True}, False, True),
            ({"paused": True, "made_by": None}, False, True),
            ({}, False, False),
            ({"reservation": True, "cancelled_at": timezone.now()}, False, False),
        ],
    )
    def test_its_calendar_decides(self, entry, reserved, disabled):
        AllocationFactory(**entry)
        (vehicle,) = vehicles()
        assert (vehicle["is_reserved"], vehicle["is_disabled"]) == (reserved, disabled)

    def test_a_booking_reserves_it_as_soon_as_others_can_not_start(self, settings):
        settings.BOOKING_BUFFER_MINUTES = 15
        BookingFactory(starts_at=timezone.now() + timedelta(minutes=14))
        BookingFactory(starts_at=timezone.now() + timedelta(minutes=16))
        assert sorted(vehicle["is_reserved"] for vehicle in vehicles()) == [False, True]

    @pytest.mark.parametrize("start", [timezone.now() - timedelta(minutes=1), None])
    def test_of_two_entries_in_its_calendar_the_first_counts(self, start):
        first = AllocationFactory(maintenance=True, starts_at=start, ends_at=timezone.now() + timedelta(minutes=2))
        BookingFactory(vehicle=first.vehicle, starts_at=first.ends_at)
        (vehicle,) = vehicles()
        assert (vehicle["is_reserved"], vehicle["is_disabled"]) == (False, True)

    def test_it_costs_one_local_statement(self, full_city, django_assert_num_queries):
        memory.clear()
        with django_assert_num_queries(1), assert_local():
            feed("vehicle_status")
        with django_assert_num_queries(0):
            feed("vehicle_status")


def ride(vehicle, rider, number):
    city = registry[vehicle.city]
    started = start_ride(rider=rider, city=city, vehicle_city=city.name, vehicle_id=vehicle.id, token=f"ride {number}")
    end_ride(city=city.name, ride_id=started.id, rider=rider, end_location="", position=(48.86, 2.35))


@pytest.mark.django_db(transaction=True)
@pytest.mark.one_engine
def test_whoever_polls_through_a_hundred_trips_can_not_link_the_stays_of_a_vehicle(settings):
    settings.RIDE_STARTS_PER_HOUR = 1000
    owner, rider = UserFactory(first_name="Odile", username="odile"), UserFactory(first_name="Rita", username="rita")
    others = {str(VehicleFactory().public_id) for _number in range(5)}
    vehicle = VehicleFactory(owner=owner, brand="Unicorn", last_location="Behind the church", lock_code="LOCKCODE")
    ids, places, bodies = [], set(), ""
    for number in range(100):
        memory.clear()
        found = vehicles()
        (index,) = (index for index, one in enumerate(found) if one["vehicle_id"] not in others)
        ids.append(found[index]["vehicle_id"])
        places.add(index)
        bodies += str(found)
        ride(vehicle, rider, number)
    assert len(set(ids)) == 100
    assert len(places) > 1  # nor by its place in the list
    permanent = [vehicle.id, vehicle.code, owner.id, rider.id, "odile", "rita", "Unicorn", "church", "LOCKCODE"]
    assert [word for word in map(str, permanent) if word.lower() in bodies.lower()] == []


class TestRentalLinks:
    def test_it_shows_the_vehicle_and_asks_to_log_in(self, client):
        vehicle = VehicleFactory()
        path = urlsplit(vehicles()[0]["rental_uris"]["web"]).path
        page = client.get(path).content.decode()
        assert f'href="/login/?next={path.replace("/", "%2F")}"' in page
        assert vehicle.code not in page

    def test_whoever_is_logged_in_can_start_or_reserve(self, rider_client):
        vehicle = VehicleFactory()
        response = rider_client.get(urlsplit(vehicles()[0]["rental_uris"]["web"]).path, follow=True)
        page = response.content.decode()
        assert f"/rides/start/paris/{vehicle.public_id}/" in page
        assert f"/vehicles/paris/{vehicle.public_id}/reserve/" in page

    def test_it_ends_with_the_trip(self, client, rider_client):
        vehicle = VehicleFactory()
        path = urlsplit(vehicles()[0]["rental_uris"]["web"]).path
        Vehicle.objects.filter(city="paris", id=vehicle.id).update(public_id="3f2e6f0a-0000-4000-8000-000000000000")
        for one in (client, rider_client):
            response = one.get(path)
            assert response.status_code == 404
            assert "This vehicle has moved on" in response.content.decode()

    def test_the_permanent_id_finds_nothing(self, client, client_of):
        owner = UserFactory(city="paris")
        vehicle = VehicleFactory(owner=owner)
        for one in (client, client_of(owner)):
            assert one.get(f"/rent/paris/{vehicle.id}/").status_code == 404
