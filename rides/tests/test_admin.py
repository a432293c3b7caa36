"""Rides in the admin, where staff can end them."""

import uuid

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.urls import reverse

from accounts.tests.factories import StaffFactory
from fleet.tests.factories import VehicleFactory
from rides.models import Ride
from rides.tests.factories import OpenRideFactory, RideFactory

pytestmark = pytest.mark.django_db

LIST = "/admin/rides/ride/"


@pytest.fixture
def staff(client):
    staff = StaffFactory()
    client.force_login(staff)
    return staff


def act(client, rides, **data):
    keys = [str(ride.pk) for ride in rides]
    return client.post(LIST, {"action": "end_rides", "_selected_action": keys, **data}, follow=True).content.decode()


def found(client, **query):
    return set(client.get(LIST, query).context["cl"].result_list)


def test_staff_find_a_ride_by_code_person_place_and_id(client, staff):
    ride, _other = RideFactory(), RideFactory(end_location="Louvre")
    assert found(client, q=ride.vehicle.code) == {ride}
    assert found(client, q=ride.rider.username) == {ride}
    assert found(client, q="Eiffel") == {ride}
    assert found(client, q=str(ride.id)) == {ride}
    assert found(client, q=str(ride.pk)) == {ride}
    assert found(client, q=str(uuid.uuid4())) == set()


def test_the_list_can_be_narrowed_to_open_rides_and_to_a_city(client, staff):
    ended, going_on = RideFactory(), OpenRideFactory()
    in_rome = RideFactory(vehicle=VehicleFactory(city="rome"))
    assert found(client, open="yes") == {going_on}
    assert found(client, open="no") == {ended, in_rome}
    assert found(client, city="rome") == {in_rome}


def test_the_list_costs_the_same_for_one_ride_and_for_many(client, staff, django_assert_max_num_queries):
    RideFactory.create_batch(15)
    with django_assert_max_num_queries(8):
        client.get(LIST)


def test_a_ride_is_shown_but_not_changed_added_or_deleted(client, staff):
    ride = RideFactory()
    url = reverse("admin:rides_ride_change", args=[str(ride.pk)])
    assert "Eiffel Tower" in client.get(url).content.decode()
    assert client.post(url, {"end_location": "Mars"}).status_code == 403
    assert client.get("/admin/rides/ride/add/").status_code == 403
    delete = reverse("admin:rides_ride_delete", args=[str(ride.pk)])
    assert client.post(delete, {"post": "yes"}).status_code == 403


def test_staff_end_a_ride_after_entering_the_location(client, staff):
    ride = OpenRideFactory()
    assert "End this ride?" in act(client, [ride])
    assert "This field is required" in act(client, [ride], confirmed="yes", end_location="")
    assert Ride.objects.open().exists()
    page = act(client, [ride], confirmed="yes", end_location="Found in the Seine")
    assert "Rides ended: 1." in page
    ride = Ride.objects.select_related("vehicle", "rider").get()
    assert ride.end_location == ride.vehicle.last_location == "Found in the Seine"
    assert ride.rider.open_rides == 0


def test_the_history_says_who_ended_a_ride(client, staff):
    ride, ended = OpenRideFactory(), RideFactory()
    act(client, [ride, ended], confirmed="yes", end_location="Louvre")
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id, entry.change_message) == (staff, str(ride.pk), "Ended by staff.")


def test_staff_who_may_only_look_end_nothing(client):
    staff = StaffFactory(is_superuser=False)
    staff.user_permissions.add(Permission.objects.get(codename="view_ride"))
    client.force_login(staff)
    ride = OpenRideFactory()
    act(client, [ride], confirmed="yes", end_location="Here")
    ride.refresh_from_db()
    assert ride.is_open
