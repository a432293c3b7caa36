"""Vehicles in the admin, despite their composite key."""

import re
import uuid

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.urls import reverse

from accounts.tests.factories import StaffFactory, UserFactory
from cities.registry import registry
from fleet.admin import VehicleForm
from fleet.models import Vehicle
from fleet.services import VehicleRefused, approve_vehicle, remove_vehicle
from fleet.tests.calendars import log, reserve
from fleet.tests.factories import EIFFEL_TOWER, VehicleFactory
from rides.services import end_ride, start_ride
from rides.tests.factories import OpenRideFactory, RideFactory

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

LIST = "/admin/fleet/vehicle/"
ADD = "/admin/fleet/vehicle/add/"


def change_url(vehicle, page="change"):
    return reverse(f"admin:fleet_vehicle_{page}", args=[str(vehicle.pk)])


def form_of(vehicle, **changes):
    """Return the change form's data: its initial values with the given changes."""
    shown = {name: "" if getattr(vehicle, name) is None else getattr(vehicle, name) for name in VehicleForm.Meta.fields}
    return {f"initial-{name}": value for name, value in shown.items()} | shown | changes


def act(client, action, vehicles, **data):
    keys = [str(vehicle.pk) for vehicle in vehicles]
    return client.post(LIST, {"action": action, "_selected_action": keys, **data}, follow=True)


@pytest.fixture
def staff(client):
    staff = StaffFactory()
    client.force_login(staff)
    return staff


@pytest.fixture
def fleet(staff):
    return [
        VehicleFactory(),
        VehicleFactory(city="rome", type="bike", last_location="Colosseum"),
        VehicleFactory(owner=UserFactory(username="olga")),
    ]


def codes(response):
    return {vehicle.code for vehicle in response.context["cl"].result_list}


def test_the_list_shows_every_vehicle(client, fleet):
    assert codes(client.get(LIST)) == {vehicle.code for vehicle in fleet}


def test_the_list_costs_the_same_for_one_vehicle_and_for_many(client, staff, django_assert_max_num_queries):
    VehicleFactory.create_batch(20, owner=UserFactory())
    with django_assert_max_num_queries(8):
        client.get(LIST)


@pytest.mark.parametrize(("term", "found"), [("olga", {2}), ("Colos", {1}), ("nobody", set())])
def test_staff_find_a_vehicle_by_person_and_place(client, fleet, term, found):
    response = client.get(LIST, {"q": term})
    assert response.status_code == 200
    assert codes(response) == {fleet[number].code for number in found}


@pytest.mark.parametrize("name", ["q", "city", "type__exact", "date_added__year"])
def test_a_null_byte_in_the_address_is_a_bad_request(client, fleet, name):
    assert client.get(LIST, {name: "\0"}).status_code == 400


def test_staff_find_a_vehicle_by_its_code_in_any_case(client, fleet):
    assert codes(client.get(LIST, {"q": fleet[1].code.lower()})) == {fleet[1].code}


def test_staff_find_a_vehicle_by_id_and_by_key(client, fleet):
    assert codes(client.get(LIST, {"q": str(fleet[0].id)})) == {fleet[0].code}
    assert codes(client.get(LIST, {"q": str(fleet[1].pk)})) == {fleet[1].code}


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"city": "rome"}, {1}),
        ({"type__exact": "bike"}, {1}),
        ({"whose": "owner"}, {2}),
        ({"whose": "operator"}, {0, 1}),
        ({"approved": "no"}, set()),
        ({"status__exact": "available"}, {0, 1, 2}),
    ],
)
def test_the_list_can_be_narrowed(client, fleet, filters, found):
    assert codes(client.get(LIST, filters)) == {fleet[number].code for number in found}


@pytest.mark.parametrize(
    ("position", "refused"),
    [({}, True), ({"latitude": EIFFEL_TOWER[0], "longitude": EIFFEL_TOWER[1]}, False)],
)
def test_a_new_vehicle_needs_a_description_or_a_position(client, staff, position, refused):
    data = {"city": "paris", "type": "bike", "color": "red", "last_location": "", "lock_code": "1234"}
    page = client.post(ADD, data | position, follow=True).content.decode()
    assert ("parked: describe it or pin it on the map." in page) == refused
    assert Vehicle.objects.exists() != refused
    assert refused or "Pinned location" in client.get(LIST).content.decode()


def test_staff_add_a_vehicle_of_the_operators(client, staff):
    data = {
        "city": "paris",
        "type": "bike",
        "color": "red",
        "last_location": "Eiffel Tower",
        "latitude": EIFFEL_TOWER[0],
        "longitude": EIFFEL_TOWER[1],
        "lock_code": "1234",
    }
    response = client.post(ADD, data)
    assert response.status_code == 302, response.context["errors"]
    vehicle = Vehicle.objects.get()
    assert vehicle.code.startswith("PAR")
    assert vehicle.owner is None
    assert vehicle.cell
    assert vehicle.is_available


def test_a_position_outside_the_city_is_refused_beside_the_field(client, staff):
    data = {"city": "rome", "type": "bike", "color": "red", "last_location": "Far away"}
    position = {"latitude": EIFFEL_TOWER[0], "longitude": EIFFEL_TOWER[1], "lock_code": "1"}
    response = client.post(ADD, data | position)
    assert "outside Rome" in str(response.context["errors"])


@pytest.mark.parametrize("name", ["battery_percent", "range_m"])
def test_a_vehicle_without_a_motor_has_no_battery_and_no_range(client, fleet, name):
    bike = fleet[1]
    page = client.post(change_url(bike), form_of(bike, **{"battery_percent": "", "range_m": "", name: "50"}))
    assert "has no motor" in str(page.context["adminform"].form.errors[name])


@pytest.mark.parametrize("lock_code", ["", "  "])
def test_a_vehicle_has_a_lock_code(client, fleet, lock_code):
    page = client.post(change_url(fleet[0]), form_of(fleet[0], lock_code=lock_code))
    assert "lock_code" in page.context["adminform"].form.errors


@pytest.mark.parametrize(("role", "shown"), [("Operations", True), ("Support", False), ("Read-only", False)])
def test_lock_codes_are_for_those_who_may_change_vehicles(client, role, shown):
    staff = StaffFactory(is_superuser=False)
    staff.groups.add(Group.objects.get(name=role))
    client.force_login(staff)
    page = client.get(change_url(VehicleFactory(lock_code="L0CK-7"))).content.decode()
    assert ("L0CK-7" in page) == shown


def test_staff_change_a_vehicle_and_its_history_says_so(client, fleet):
    vehicle = fleet[0]
    client.post(change_url(vehicle), form_of(vehicle, color="green"))
    vehicle.refresh_from_db()
    assert vehicle.color == "green"
    history = client.get(change_url(vehicle, "history"))
    assert "Changed Color" in history.content.decode()


def test_concurrent_changes_by_a_ride_are_kept(client, fleet):
    vehicle = fleet[0]
    shown = client.get(change_url(vehicle))
    assert {f"initial-{name}" for name in VehicleForm.Meta.fields} <= set(
        re.findall(r'name="(initial-\w+)"', shown.content.decode())
    )
    sent = {}
    for field in shown.context["adminform"].form:
        sent[field.html_name] = sent[field.html_initial_name] = "" if field.value() is None else field.value()
    rider = UserFactory()
    ride = start_ride(rider=rider, city=registry["paris"], vehicle_city="paris", vehicle_id=vehicle.id, token="t")
    end_ride(city="paris", ride_id=ride.id, rider=rider, end_location="Eiffel Tower", position=EIFFEL_TOWER)
    ridden = Vehicle.objects.get(pk=vehicle.pk)
    assert ridden.position != vehicle.position
    assert client.post(change_url(vehicle), sent | {"color": "green"}).status_code == 302
    fresh = Vehicle.objects.get(pk=vehicle.pk)
    assert fresh.color == "green"
    assert (fresh.last_location, fresh.position, fresh.cell) == ("Eiffel Tower", EIFFEL_TOWER, ridden.cell)


def test_new_words_for_a_place_leave_a_position_that_changed_meanwhile(client, fleet):
    vehicle = fleet[0]
    sent = form_of(vehicle, last_location="Behind the tower")
    moved = Vehicle.objects.get(pk=vehicle.pk)
    moved.park("Eiffel Tower", EIFFEL_TOWER)
    moved.save()
    client.post(change_url(vehicle), sent)
    fresh = Vehicle.objects.get(pk=vehicle.pk)
    assert (fresh.last_location, fresh.position, fresh.cell) == ("Behind the tower", EIFFEL_TOWER, moved.cell)


def test_moving_a_vehicle_moves_its_cell(client, fleet):
    vehicle = fleet[0]
    before = vehicle.cell
    position = {"latitude": EIFFEL_TOWER[0], "longitude": EIFFEL_TOWER[1]}
    client.post(change_url(vehicle), form_of(vehicle, **position))
    vehicle.refresh_from_db()
    assert vehicle.cell not in {"", before}


def test_a_form_never_writes_what_services_guard(client, fleet):
    vehicle = fleet[0]
    forged = {"status": "removed", "code": "PAR99999", "city": "rome", "owner_id": uuid.uuid4()}
    client.post(change_url(vehicle), form_of(vehicle, **forged))
    fresh = Vehicle.objects.get(pk=vehicle.pk)
    assert (fresh.status, fresh.code, fresh.city, fresh.owner_id) == (
        "available",
        vehicle.code,
        "paris",
        None,
    )


def test_a_vehicle_on_a_trip_is_not_moved_by_hand(client, staff):
    vehicle = OpenRideFactory().vehicle
    client.post(change_url(vehicle), form_of(vehicle, last_location="Elsewhere"))
    vehicle.refresh_from_db()
    assert vehicle.last_location == "Notre-Dame"


def test_the_change_page_shows_the_last_rides(client, staff):
    ride = RideFactory()
    assert "Eiffel Tower" in client.get(change_url(ride.vehicle)).content.decode()


def test_a_vehicle_without_rides_can_be_deleted(client, fleet):
    owned = fleet[2]
    assert client.get(change_url(owned, "delete")).status_code == 200
    client.post(change_url(owned, "delete"), {"post": "yes"})
    assert not Vehicle.objects.filter(pk=owned.pk).exists()
    owned.owner.refresh_from_db()
    assert owned.owner.owned_vehicles == 0
    assert LogEntry.objects.filter(object_id=str(owned.pk)).exists()


def test_deleting_a_removed_vehicle_does_not_count_it_twice(client, staff):
    owner = UserFactory()
    removed, _kept = VehicleFactory.create_batch(2, owner=owner)
    remove_vehicle(city="paris", vehicle_id=removed.id, by=owner)
    client.post(change_url(removed, "delete"), {"post": "yes"})
    owner.refresh_from_db()
    assert (Vehicle.objects.count(), owner.owned_vehicles) == (1, 1)


def test_correcting_the_place_of_a_reserved_vehicle_logs_no_search(client, fleet, rider):
    reserve(rider, fleet[0])
    client.post(change_url(fleet[0]), form_of(fleet[0], last_location="Louvre"))
    fleet[0].refresh_from_db()
    assert fleet[0].last_location == "Louvre"
    assert log(fleet[0])[-1] == (["reservation_start"], "reserved")


def test_a_vehicle_with_rides_is_not_deleted(client, staff):
    vehicle = RideFactory().vehicle
    page = client.post(change_url(vehicle, "delete"), {"post": "yes"}).content.decode()
    assert "Cannot delete vehicle" in page
    assert Vehicle.objects.filter(pk=vehicle.pk).exists()


def test_many_are_deleted_at_once(client, fleet):
    act(client, "delete_selected", fleet[:2], post="yes")
    assert list(Vehicle.objects.all()) == [fleet[2]]


@pytest.mark.parametrize(
    "key", ["junk", "paris:junk", "paris:", ":", "paris:\0", f"mars:{uuid.UUID(int=7)}", "é" * 500]
)
@pytest.mark.parametrize("page", ["change", "delete", "history"])
def test_an_invalid_key_leads_back_to_the_start(client, staff, key, page):
    response = client.get(reverse(f"admin:fleet_vehicle_{page}", args=[key]))
    assert (response.status_code, response.headers.get("Location")) == (302, "/admin/")


def test_invalid_keys_in_a_selection_are_ignored(client, fleet):
    keys = ["junk", f"rome:{uuid.uuid4()}", str(fleet[0].pk)]
    client.post(LIST, {"action": "delete_selected", "_selected_action": keys, "post": "yes"})
    assert Vehicle.objects.count() == 2


def test_staff_decommission_vehicles_after_confirming(client, fleet):
    page = act(client, "decommission", fleet)
    assert "for good?" in page.content.decode()
    assert not Vehicle.objects.filter(status="removed").exists()
    page = act(client, "decommission", fleet, confirmed="yes")
    assert "Vehicles decommissioned: 3." in page.content.decode()
    assert Vehicle.objects.filter(status="removed").count() == 3
    fleet[2].owner.refresh_from_db()
    assert not fleet[2].owner.is_owner


def test_a_vehicle_being_ridden_is_not_decommissioned(client, staff):
    ride = OpenRideFactory()
    page = act(client, "decommission", [ride.vehicle], confirmed="yes")
    assert "is in use" in page.content.decode()
    ride.vehicle.refresh_from_db()
    assert ride.vehicle.is_on_trip


@pytest.mark.parametrize("confirmed", [{}, {"confirmed": "yes"}])
@pytest.mark.parametrize("action", ["decommission", "approve"])
def test_an_action_takes_at_most_500_vehicles(client, staff, action, confirmed):
    Vehicle.objects.bulk_create([VehicleFactory.build(approved_at=None) for _number in range(501)])
    chosen = {"action": action, "_selected_action": [str(Vehicle.objects.first().pk)], **confirmed}
    page = client.post(LIST, chosen | {"select_across": "1"}, follow=True)
    assert "at most 500" in page.content.decode()
    assert Vehicle.objects.filter(approved_at=None, status="available").count() == 501


def test_staff_approve_what_owners_added_after_confirming(client, staff):
    vehicle = VehicleFactory(approved_at=None, owner=UserFactory())
    page = act(client, "approve", [vehicle])
    assert "Approve this vehicle?" in page.content.decode()
    vehicle.refresh_from_db()
    assert not vehicle.is_available
    act(client, "approve", [vehicle], confirmed="yes")
    vehicle.refresh_from_db()
    assert vehicle.is_available


def test_a_removed_vehicle_is_not_approved(client, staff):
    vehicle = VehicleFactory(approved_at=None, owner=UserFactory(), status="removed")
    page = act(client, "approve", [vehicle], confirmed="yes")
    assert "has been removed" in page.content.decode()
    vehicle.refresh_from_db()
    assert vehicle.approved_at is None
    assert not LogEntry.objects.exists()
    with pytest.raises(VehicleRefused) as refused:
        approve_vehicle(city=vehicle.city, vehicle_id=vehicle.id)
    assert refused.value.code == "vehicle_gone"


@pytest.mark.parametrize(("action", "said"), [("decommission", "Decommissioned."), ("approve", "Approved.")])
def test_the_history_says_who_did_what(client, staff, action, said):
    vehicles = [VehicleFactory(approved_at=None), VehicleFactory(approved_at=None)]
    act(client, action, vehicles, confirmed="yes")
    entries = LogEntry.objects.filter(user=staff, change_message=said)
    assert {entry.object_id for entry in entries} == {str(vehicle.pk) for vehicle in vehicles}
    assert said in client.get(change_url(vehicles[0], "history")).content.decode()


def test_what_was_refused_leaves_no_trace(client, staff):
    act(client, "decommission", [OpenRideFactory().vehicle], confirmed="yes")
    assert not LogEntry.objects.exists()


def test_a_rider_is_sent_to_the_log_in(rider_client):
    assert rider_client.get(LIST).status_code == 302


def test_staff_who_may_only_look_get_no_actions(client):
    staff = StaffFactory(is_superuser=False)
    staff.user_permissions.add(Permission.objects.get(codename="view_vehicle"))
    client.force_login(staff)
    vehicle = VehicleFactory()
    assert client.get(LIST).status_code == 200
    act(client, "decommission", [vehicle], confirmed="yes")
    vehicle.refresh_from_db()
    assert vehicle.is_available
    assert client.post(change_url(vehicle), form_of(vehicle)).status_code == 403
