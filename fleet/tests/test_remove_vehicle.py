"""Owners and staff remove vehicles."""

import uuid

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from accounts.tests.factories import StaffFactory, UserFactory
from fleet.models import Vehicle
from fleet.services import VehicleRefused, remove_vehicle
from fleet.tests.factories import VehicleFactory
from movr_project.tests.locality import assert_local
from movr_project.tests.threads import at_once
from rides.models import Ride
from rides.services import RideRefused, start_ride
from rides.tests.factories import OpenRideFactory, RideFactory

pytestmark = pytest.mark.django_db
at_the_same_moment = pytest.mark.django_db(transaction=True)


@pytest.fixture
def own(rider):
    """A vehicle of the logged-in user."""
    return VehicleFactory(owner=rider)


def url_of(vehicle):
    return reverse("fleet:vehicle_remove", args=[vehicle.city, vehicle.id])


def texts(response):
    return [str(message) for message in response.context["messages"]]


def is_removed(vehicle):
    return Vehicle.objects.get(pk=vehicle.pk).is_removed


def remove(vehicle, by):
    return remove_vehicle(city=vehicle.city, vehicle_id=vehicle.id, by=by)


def test_an_owner_removes_a_vehicle(rider_client, own):
    response = rider_client.post(url_of(own), follow=True)
    assert is_removed(own)
    assert texts(response) == ["You have successfully removed a vehicle."]
    assert response.redirect_chain == [("/profile/", 302)]


def test_a_removed_vehicle_is_on_no_list(rider_client, own):
    rider_client.post(url_of(own))
    assert own.code not in rider_client.get("/vehicles/").content.decode()
    assert own.code not in rider_client.get("/profile/").content.decode()


def test_its_rides_stay_in_the_history(rider_client, rider, own):
    RideFactory(vehicle=own, rider=rider)
    rider_client.post(url_of(own))
    assert own.code in rider_client.get("/rides/").content.decode()


def test_someone_who_removes_the_last_vehicle_is_no_owner_any_more(rider_client, rider):
    first, last = VehicleFactory.create_batch(2, owner=rider)
    rider_client.post(url_of(first))
    rider.refresh_from_db()
    assert rider.is_owner
    rider_client.post(url_of(last))
    rider.refresh_from_db()
    assert not rider.is_owner


def test_removing_twice_is_harmless(rider_client, rider, own):
    VehicleFactory(owner=rider)
    for _time in range(2):
        assert rider_client.post(url_of(own)).status_code == 302
    rider.refresh_from_db()
    assert rider.owned_vehicles == 1


def test_opening_the_page_only_asks_for_confirmation(rider_client, own):
    response = rider_client.get(url_of(own))
    assert "Remove this vehicle?" in response.content.decode()
    assert not is_removed(own)


def test_a_vehicle_waiting_for_approval_can_be_removed(rider_client, rider):
    vehicle = VehicleFactory(owner=rider, approved_at=None)
    rider_client.post(url_of(vehicle))
    assert is_removed(vehicle)


def test_a_vehicle_being_ridden_is_not_removed_and_the_owner_reads_why(rider_client, own):
    OpenRideFactory(vehicle=own)
    response = rider_client.post(url_of(own), follow=True)
    assert texts(response) == ["This vehicle is in use. You can remove it when the ride ends."]
    assert response.redirect_chain == [(own.get_absolute_url(), 302)]
    assert not is_removed(own)


def test_a_refusal_has_a_code(rider, own):
    OpenRideFactory(vehicle=own)
    with pytest.raises(VehicleRefused) as refused:
        remove(own, rider)
    assert refused.value.code == "vehicle_in_use"


def test_other_peoples_vehicles_do_not_exist_here(rider_client):
    for vehicle in (VehicleFactory(owner=UserFactory()), VehicleFactory()):
        assert rider_client.get(url_of(vehicle)).status_code == 404
        assert rider_client.post(url_of(vehicle)).status_code == 404
        assert not is_removed(vehicle)


def test_the_service_refuses_strangers_too(rider):
    with pytest.raises(VehicleRefused) as refused:
        remove(VehicleFactory(owner=UserFactory()), rider)
    assert refused.value.code == "not_yours"


def test_a_vehicle_that_never_was_is_gone(rider):
    with pytest.raises(VehicleRefused) as refused:
        remove_vehicle(city="paris", vehicle_id=uuid.uuid4(), by=rider)
    assert refused.value.code == "vehicle_gone"


def test_staff_who_may_change_vehicles_remove_any(client):
    staff = UserFactory(is_staff=True)
    staff.user_permissions.add(Permission.objects.get(codename="change_vehicle"))
    owner = UserFactory()
    vehicle = VehicleFactory(owner=owner)
    client.force_login(staff)
    client.post(url_of(vehicle))
    assert is_removed(vehicle)
    owner.refresh_from_db()
    assert not owner.is_owner


@pytest.mark.parametrize("who", ["staff without the permission", "the permission without being staff"])
def test_one_of_the_two_is_not_enough(client, who):
    user = UserFactory(is_staff=who.startswith("staff"))
    if not user.is_staff:
        user.user_permissions.add(Permission.objects.get(codename="change_vehicle"))
    vehicle = VehicleFactory()
    client.force_login(user)
    assert client.post(url_of(vehicle)).status_code == 404


def test_nobody_logged_in_removes_nothing(client):
    vehicle = VehicleFactory()
    assert client.post(url_of(vehicle)).url.startswith("/login/")
    assert not is_removed(vehicle)


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_methods_are_refused(rider_client, own, method):
    assert getattr(rider_client, method)(url_of(own)).status_code == 405


@pytest.mark.parametrize("path", ["paris/x", "mars/{id}", "rome/{id}", "paris/00000000-0000-0000-0000-000000000000"])
def test_an_address_that_means_nothing_is_not_found(rider_client, own, path):
    assert rider_client.post(f"/vehicles/{path.format(id=own.id)}/remove/").status_code == 404


def test_removing_queries_one_city_only(rider_client, own):
    with assert_local():
        rider_client.get(url_of(own))
        rider_client.post(url_of(own))
    assert is_removed(own)


@at_the_same_moment
def test_removed_ten_times_at_once_it_is_counted_once(rider, own):
    VehicleFactory(owner=rider)
    assert {vehicle.pk for vehicle in at_once(*[lambda: remove(own, rider)] * 10)} == {own.pk}
    rider.refresh_from_db()
    assert rider.owned_vehicles == 1


@at_the_same_moment
def test_ten_vehicles_removed_at_once_are_all_counted(rider):
    vehicles = VehicleFactory.create_batch(10, owner=rider)
    removed = at_once(*(lambda vehicle=vehicle: remove(vehicle, rider) for vehicle in vehicles))
    assert removed == vehicles
    rider.refresh_from_db()
    assert Vehicle.objects.filter(status="removed").count() == 10
    assert rider.owned_vehicles == 0


@at_the_same_moment
def test_removed_and_started_at_once_it_is_never_both(rider, own):
    guest = UserFactory()
    results = at_once(
        lambda: remove(own, rider),
        lambda: start_ride(rider=guest, city=own.served_city, vehicle_city="paris", vehicle_id=own.id, token="form"),
    )
    refusals = [result for result in results if isinstance(result, (VehicleRefused, RideRefused))]
    assert [refusal.code for refusal in refusals] in (["vehicle_in_use"], ["vehicle_gone"])
    assert is_removed(own) != Ride.objects.open().exists()


@at_the_same_moment
def test_staff_and_owner_at_once_remove_it_once(rider, own):
    assert at_once(*(lambda by=by: remove(own, by) for by in (rider, StaffFactory()))) == [own] * 2
    rider.refresh_from_db()
    assert rider.owned_vehicles == 0


def test_staff_without_their_second_factor_are_no_staff_here(client, settings):
    settings.STAFF_SECOND_FACTOR = True
    client.force_login(StaffFactory())
    vehicle, waiting = VehicleFactory(), VehicleFactory(approved_at=None)
    assert client.post(reverse("fleet:vehicle_remove", args=["paris", vehicle.id])).status_code == 404
    assert client.get(waiting.get_absolute_url()).status_code == 404
    vehicle.refresh_from_db()
    assert not vehicle.is_removed


def test_staff_who_own_a_vehicle_remove_it_without_a_second_factor(client, settings):
    settings.STAFF_SECOND_FACTOR = True
    staff = StaffFactory()
    client.force_login(staff)
    vehicle = VehicleFactory(owner=staff)
    client.post(reverse("fleet:vehicle_remove", args=["paris", vehicle.id]))
    vehicle.refresh_from_db()
    assert vehicle.is_removed
