"""A vehicle's page, and the page of its label."""

import uuid

import pytest
from django.urls import reverse

from accounts.tests.factories import StaffFactory, UserFactory
from fleet.tests.factories import EIFFEL_TOWER, VehicleFactory
from movr_project.tests.locality import assert_local
from rides.tests.factories import OpenRideFactory, RideFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def vehicle():
    return VehicleFactory()


def label(vehicle):
    return f"/v/{vehicle.code}/"


def page_of(client, vehicle):
    response = client.get(vehicle.get_absolute_url())
    assert response.status_code == 200
    return response.content.decode()


def start_url(vehicle):
    return reverse("rides:ride_start", args=[vehicle.city, vehicle.public_id])


def test_a_rider_sees_what_it_is_and_can_start_it(rider_client):
    vehicle = VehicleFactory(color="teal", brand="Razor")
    page = page_of(rider_client, vehicle)
    for text in (vehicle.plate, "Scooter", "teal", "Razor", "Notre-Dame, Paris", "Available", start_url(vehicle)):
        assert text in page


@pytest.mark.parametrize(("language", "day"), [("en", "1 Dec"), ("es", "1 dic")])
def test_the_first_of_a_month_is_written_as_the_language_does(
    rider_client, rider, vehicle, time_machine, language, day
):
    time_machine.move_to("2026-11-20T12:00:00Z", tick=False)
    rider_client.force_login(rider)
    url = reverse("fleet:vehicle_calendar", args=["paris", vehicle.public_id])
    page = rider_client.get(url, {"month": "2026-12"}, headers={"accept-language": language}).content.decode()
    assert f'<span class="day-number">{day}</span>' in page


def test_the_page_takes_three_statements(rider_client, vehicle, django_assert_num_queries):
    with django_assert_num_queries(3):  # the user, the vehicle, its calendar
        page_of(rider_client, vehicle)


def test_the_page_queries_one_city_only(rider_client, vehicle):
    with assert_local():
        page_of(rider_client, vehicle)


def test_a_removed_vehicle_is_gone_for_riders_owner_and_staff(client):
    owner = UserFactory()
    vehicle = VehicleFactory(status="removed", owner=owner)
    for user in (UserFactory(), owner, StaffFactory()):
        client.force_login(user)
        assert client.get(vehicle.get_absolute_url()).status_code == 404


def test_a_vehicle_that_waits_for_approval_is_nothing_to_other_riders(rider_client):
    vehicle = VehicleFactory(approved_at=None, owner=UserFactory())
    assert rider_client.get(vehicle.get_absolute_url()).status_code == 404


@pytest.mark.parametrize("who", ["owner", "staff"])
def test_its_owner_and_staff_see_that_it_waits_for_approval(client, who):
    owner = UserFactory()
    vehicle = VehicleFactory(approved_at=None, owner=owner)
    client.force_login(owner if who == "owner" else StaffFactory())
    page = page_of(client, vehicle)
    assert "Waiting for approval" in page
    assert start_url(vehicle) not in page


def test_a_vehicle_of_another_city_offers_the_switch_rather_than_the_start(rider_client):
    vehicle = VehicleFactory(city="rome")
    page = page_of(rider_client, vehicle)
    assert "Switch to Rome" in page
    assert start_url(vehicle) not in page


def test_the_switch_leads_back_to_the_vehicle(rider_client):
    vehicle = VehicleFactory(city="rome")
    response = rider_client.post("/city/", {"city": "rome", "next": vehicle.get_absolute_url()})
    assert response.url == vehicle.get_absolute_url()
    assert start_url(vehicle) in page_of(rider_client, vehicle)


def test_a_vehicle_in_use_can_not_be_started(rider_client):
    page = page_of(rider_client, OpenRideFactory().vehicle)
    assert "Someone else has it right now." in page


@pytest.mark.parametrize("who", ["its rider", "another rider", "its owner", "staff", "nobody"])
def test_the_lock_code_is_shown_only_to_its_rider(client, who):
    owner = UserFactory()
    ride = OpenRideFactory(vehicle=VehicleFactory(lock_code="70531864", owner=owner))
    people = {
        "its rider": ride.rider,
        "another rider": OpenRideFactory().rider,
        "its owner": owner,
        "staff": StaffFactory(),
    }
    if who in people:
        client.force_login(people[who])
    shown = "70531864" in client.get(label(ride.vehicle)).content.decode()
    assert shown == (who == "its rider")


def test_the_lock_code_is_gone_after_the_ride(rider_client, rider):
    ride = RideFactory(rider=rider, vehicle=VehicleFactory(lock_code="70531864"))
    assert "70531864" not in page_of(rider_client, ride.vehicle)
    assert "70531864" not in rider_client.get(ride.get_absolute_url()).content.decode()
    assert "70531864" not in rider_client.get("/rides/").content.decode()


def test_someone_who_rides_something_else_after_it_does_not_see_its_code_any_more(rider_client, rider):
    vehicle = VehicleFactory(lock_code="70531864")
    RideFactory(rider=rider, vehicle=vehicle)
    OpenRideFactory(vehicle=vehicle)
    OpenRideFactory(rider=rider)
    assert "70531864" not in page_of(rider_client, vehicle)


def test_someone_who_looks_at_another_city_while_riding_still_sees_the_lock_code(rider_client, rider):
    ride = OpenRideFactory(rider=rider, vehicle=VehicleFactory(lock_code="70531864"))
    rider_client.post("/city/", {"city": "rome"})
    assert "70531864" in page_of(rider_client, ride.vehicle)


def test_a_link_leads_to_a_map_of_the_place(rider_client, vehicle):
    page = page_of(rider_client, vehicle)
    assert "https://www.google.com/maps/search/?api=1&amp;query=48.852968%2C2.349902" in page


def test_a_place_known_in_words_only_is_looked_up_by_them(rider_client):
    vehicle = VehicleFactory(somewhere=True, last_location="Café & Bar")
    assert "query=Caf%C3%A9+%26+Bar%2C+Paris" in page_of(rider_client, vehicle)


def test_without_a_key_no_map_is_embedded(rider_client, vehicle, settings):
    settings.GOOGLE_MAPS_EMBED_KEY = ""
    assert "<iframe" not in page_of(rider_client, vehicle)


def test_with_a_key_a_map_is_embedded(rider_client, vehicle, settings):
    settings.GOOGLE_MAPS_EMBED_KEY = "key"
    page = page_of(rider_client, vehicle)
    assert 'src="https://www.google.com/maps/embed/v1/place?q=48.852968%2C2.349902&amp;key=key"' in page


def test_owners_input_is_escaped(rider_client):
    vehicle = VehicleFactory(color="<script>alert(1)</script>")
    assert "<script>alert" not in page_of(rider_client, vehicle)


@pytest.mark.parametrize(("owner", "shown"), [(True, True), (False, False)], ids=["the owner", "someone else"])
def test_only_the_owner_is_offered_to_remove_it(rider_client, rider, owner, shown):
    vehicle = VehicleFactory(owner=rider if owner else UserFactory())
    remove = reverse("fleet:vehicle_remove", args=["paris", vehicle.public_id])
    assert (remove in page_of(rider_client, vehicle)) == shown


@pytest.mark.parametrize(
    "url",
    [
        "/vehicles/paris/00000000-0000-0000-0000-000000000000/",
        "/vehicles/mars/00000000-0000-0000-0000-000000000000/",
        "/vehicles/paris/x/",
        "/vehicles/paris/%00/",
        "/vehicles/p%C3%A4ris/00000000-0000-0000-0000-000000000000/",
        f"/vehicles/{'x' * 10_000}/00000000-0000-0000-0000-000000000000/",
    ],
)
def test_an_address_that_means_nothing_is_not_found(rider_client, url):
    assert rider_client.get(url).status_code == 404


def test_a_vehicle_is_not_found_under_another_citys_address(rider_client, vehicle):
    assert rider_client.get(f"/vehicles/rome/{vehicle.public_id}/").status_code == 404


def test_nobody_logged_in_is_sent_to_the_log_in(client, vehicle):
    assert client.get(vehicle.get_absolute_url()).url.startswith("/login/?next=/vehicles/paris/")


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_the_page_is_only_read(rider_client, vehicle, method):
    assert getattr(rider_client, method)(vehicle.get_absolute_url()).status_code == 405
    assert getattr(rider_client, method)(label(vehicle)).status_code == 405


def test_someone_who_scans_a_label_sees_the_vehicle_and_may_log_in(client, vehicle):
    page = client.get(label(vehicle)).content.decode()
    assert vehicle.code in page
    assert f"/login/?next=%2Fv%2F{vehicle.code}%2F" in page
    assert start_url(vehicle) not in page
    assert "Switch to" not in page


def test_a_label_is_read_in_any_case(rider_client, vehicle):
    for code in (vehicle.code, vehicle.code.lower(), vehicle.code.title()):
        assert rider_client.get(f"/v/{code}/").context["vehicle"] == vehicle


def test_a_rider_starts_from_the_label(rider_client, vehicle):
    assert start_url(vehicle) in rider_client.get(label(vehicle)).content.decode()


def test_a_label_of_another_city_offers_the_switch_and_the_start_in_one(rider_client):
    vehicle = VehicleFactory(city="rome")
    page = rider_client.get(label(vehicle)).content.decode()
    assert "Switch to Rome and start ride" in page
    assert start_url(vehicle) in page


@pytest.mark.parametrize("code", ["PAR99999", "XXX7K3M2", "P", "PAR", "-", "x" * 10_000, "_" * 8])
def test_a_label_that_no_vehicle_bears_is_not_found(client, vehicle, code):
    assert client.get(f"/v/{code}/").status_code == 404


@pytest.mark.parametrize("code", ["%00", "%F0%9F%9B%B4", "PAR%207K3", "<b>"])
def test_an_invalid_label_is_not_found(client, code):
    assert client.get(f"/v/{code}/").status_code == 404


@pytest.mark.parametrize("hidden", [{"status": "removed"}, {"approved_at": None}])
def test_the_label_of_a_vehicle_that_is_not_listed_is_not_found(client, hidden):
    assert client.get(label(VehicleFactory(**hidden))).status_code == 404


def test_a_label_queries_one_city_only(client, vehicle, django_assert_num_queries):
    with assert_local(), django_assert_num_queries(3):  # wrong codes of this address, vehicle, calendar
        client.get(label(vehicle))


def test_the_vehicle_of_that_id_in_another_city_is_another_vehicle(rider_client):
    id_ = uuid.uuid4()
    here = VehicleFactory(id=id_)
    VehicleFactory(id=id_, city="rome", latitude=EIFFEL_TOWER[0])
    assert rider_client.get(here.get_absolute_url()).context["vehicle"].city == "paris"


def test_someone_who_rides_it_reads_the_lock_code_in_three_statements_too(
    rider_client, rider, django_assert_num_queries
):
    ride = OpenRideFactory(rider=rider, vehicle=VehicleFactory(lock_code="70531864"))
    with django_assert_num_queries(3):
        page = rider_client.get(ride.vehicle.get_absolute_url())
    assert "70531864" in page.content.decode()


def test_someone_who_rides_another_one_does_not_read_its_lock_code(rider_client, rider):
    OpenRideFactory(rider=rider)
    other = OpenRideFactory(vehicle=VehicleFactory(lock_code="70531864"))
    assert "70531864" not in rider_client.get(other.vehicle.get_absolute_url()).content.decode()
