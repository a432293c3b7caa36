"""A person's own profile page."""

import pytest
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.tests.factories import UserFactory
from fleet.models.choices import VehicleState
from fleet.tests.factories import VehicleFactory
from rides.tests.factories import OpenRideFactory

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

URL = "/profile/"


def page_of(client):
    return client.get(URL)


def test_it_shows_who_the_user_is(client):
    ada = UserFactory(first_name="Ada", last_name="Byron", city="rome")
    client.force_login(ada)
    page = page_of(client)
    for fact in ("Ada Byron", ada.username, ada.email, "Rome", "(Europe)"):
        assertContains(page, fact)


def test_it_shows_the_users_vehicles(rider_client, rider):
    vehicles = VehicleFactory.create_batch(3, owner=rider)
    page = page_of(rider_client)
    for vehicle in vehicles:
        assertContains(page, vehicle.code)
        assertContains(page, f"{vehicle.lasting_url()}remove/")


def test_it_shows_a_vehicle_that_is_being_ridden_without_a_way_to_remove_it(rider_client, rider):
    vehicle = OpenRideFactory(vehicle=VehicleFactory(owner=rider)).vehicle
    page = page_of(rider_client)
    assertContains(page, vehicle.code)
    assertNotContains(page, f"{vehicle.lasting_url()}remove/")


def test_owners_pause_and_resume_there_and_print_the_label(rider_client, rider):
    vehicle = VehicleFactory(owner=rider)
    address = vehicle.lasting_url()
    assertContains(page_of(rider_client), f'href="{address}label/"')
    for button, other in (("pause", "resume"), ("resume", "pause")):
        page = page_of(rider_client)
        assertContains(page, f'action="{address}{button}/"')
        assertNotContains(page, f'action="{address}{other}/"')
        assertRedirects(rider_client.post(f"{address}{button}/", {"next": URL}), URL)


def test_a_vehicle_that_is_being_ridden_can_not_be_paused_there(rider_client, rider):
    vehicle = OpenRideFactory(vehicle=VehicleFactory(owner=rider)).vehicle
    assertNotContains(page_of(rider_client), f"{vehicle.lasting_url()}pause/")


def test_it_shows_nothing_of_others(rider_client):
    other = VehicleFactory(owner=UserFactory())
    operators = VehicleFactory()
    page = page_of(rider_client)
    for text in (other.code, operators.code, other.owner.username, other.owner.email):
        assertNotContains(page, text)


def test_it_shows_no_removed_vehicle(rider_client, rider):
    removed = VehicleFactory(owner=rider, status=VehicleState.REMOVED)
    assertNotContains(page_of(rider_client), removed.code)


def test_it_reveals_no_lock_code(rider_client, rider):
    VehicleFactory(owner=rider, lock_code="lock4711")
    assertNotContains(page_of(rider_client), "lock4711")


def test_without_vehicles_it_says_how_to_add_one(rider_client):
    assertContains(page_of(rider_client), "You have no vehicles yet.")


@pytest.mark.parametrize("name", ["<b>Ada</b>", '"><img src=x onerror=alert(1)>'])
def test_a_name_never_becomes_part_of_the_page(client, name):
    client.force_login(UserFactory(first_name=name))
    assertNotContains(page_of(client), name)


def test_a_person_without_names_has_a_page(client):
    nameless = UserFactory(first_name="", last_name="", email=None)
    client.force_login(nameless)
    assertContains(page_of(client), nameless.username)


def test_it_costs_the_same_with_many_vehicles(rider_client, rider, django_assert_max_num_queries):
    VehicleFactory.create_batch(20, owner=rider)
    with django_assert_max_num_queries(2):
        page_of(rider_client)


def test_nobody_logged_in_is_asked_to_log_in(client):
    assertRedirects(page_of(client), f"/login/?next={URL}")


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_another_method_is_refused(rider_client, method):
    assert getattr(rider_client, method)(URL).status_code == 405
