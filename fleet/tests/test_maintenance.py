"""Maintenance, owners' pauses, and field work."""

import pytest

from accounts.models import User
from accounts.tests.factories import UserFactory
from fleet.models import Vehicle
from fleet.models.choices import EventType
from fleet.services import cancel_allocation, end_maintenance, pause_vehicle, remove_vehicle, resume_vehicle
from fleet.tests.calendars import HOUR, MINUTE, NOON, book, code_of, live, log, maintain, reserve
from fleet.tests.factories import EIFFEL_TOWER, VehicleFactory
from operations.services.field_work import drop_off_vehicle, mark_found, pick_up_vehicle, report_missing, swap_battery
from rides.services import end_ride
from rides.tests.factories import OpenRideFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


@pytest.fixture
def owner():
    return UserFactory()


@pytest.fixture
def vehicle(owner):
    return VehicleFactory(owner=owner, type="e-bike", battery_percent=20, range_m=8000)


def key(vehicle) -> dict:
    return {"city": vehicle.city, "vehicle_id": vehicle.id}


def rideable(vehicle, person) -> bool:
    return Vehicle.objects.in_city(vehicle.city).rideable_by(person).filter(id=vehicle.id).exists()


# --- Maintenance ------------------------------------------------------------------------------------------


def test_maintenance_makes_it_unavailable_to_everyone_until_it_ends(rider, owner, staff, vehicle, clock):
    maintain(vehicle, by=staff)
    assert log(vehicle)[-1] == (["maintenance"], "non_operational")
    assert not rideable(vehicle, rider)
    assert not rideable(vehicle, owner)
    clock.move_to(NOON + HOUR, tick=False)
    end_maintenance(**key(vehicle), by=staff)
    assert log(vehicle)[-1] == (["maintenance"], "available")
    assert rideable(vehicle, rider)


def test_planned_maintenance_begins_and_ends_by_itself(rider, vehicle, clock):
    maintain(vehicle, 1, 2)
    assert rideable(vehicle, rider)
    clock.move_to(NOON + HOUR, tick=False)
    assert not rideable(vehicle, rider)
    clock.move_to(NOON + 2 * HOUR, tick=False)
    assert rideable(vehicle, rider)


def test_it_overrides_riders_allocations_and_notifies_them(
    rider, vehicle, clock, mailoutbox, django_capture_on_commit_callbacks
):
    holder = UserFactory()
    reserve(holder, vehicle)
    book(rider, vehicle, 5, 6)
    clock.move_to(NOON + MINUTE, tick=False)
    with django_capture_on_commit_callbacks(execute=True):
        maintain(vehicle)
    assert log(vehicle)[-1] == (["reservation_cancel", "maintenance"], "non_operational")
    assert User.objects.get(id=holder.id).hold_until is None
    assert [notice.code for notice in holder.notifications.all()] == ["reservation_cancelled"]
    assert [notice.code for notice in rider.notifications.all()] == ["booking_cancelled"]
    assert [mail.to for mail in mailoutbox] == [[rider.email], [vehicle.owner.email]]


def test_someone_who_loses_a_booking_ahead_is_led_to_what_is_free_then(
    rider, vehicle, mailoutbox, django_capture_on_commit_callbacks
):
    book(rider, vehicle, 5, 6)
    with django_capture_on_commit_callbacks(execute=True):
        maintain(vehicle)
    url = rider.notifications.get().url
    assert url == f"/vehicles/?type={vehicle.type}&from=2030-05-01T17%3A00Z&until=2030-05-01T18%3A00Z"
    assert url in mailoutbox[0].body


def test_a_cancelled_current_or_distant_booking_leads_to_the_list(rider, vehicle, clock):
    away = VehicleFactory(city="rome")
    book(rider, vehicle, 0, 6, token="a")
    book(rider, away, 5, 6, token="b")
    clock.move_to(NOON + MINUTE, tick=False)
    maintain(vehicle)
    maintain(away)
    assert {notice.url for notice in rider.notifications.all()} == {"/bookings/"}


def test_bookings_outside_its_time_stay(rider, vehicle):
    book(rider, vehicle, 5, 6)
    maintain(vehicle, 1, 5)
    assert [each.kind for each in live(vehicle)] == ["maintenance", "booking"]


def test_people_are_notified_in_their_language(rider, vehicle):
    User.objects.filter(id=rider.id).update(language="es")
    book(rider, vehicle, 5, 6)
    maintain(vehicle)
    text = rider.notifications.get().text
    assert "Bicicleta eléctrica" in text
    assert "booking" not in text


def test_it_ends_a_pause_and_notifies_the_owner(owner, vehicle, clock):
    pause_vehicle(**key(vehicle), owner=owner)
    clock.move_to(NOON + MINUTE, tick=False)
    maintain(vehicle)
    assert log(vehicle)[-1] == (["on_hours", "maintenance"], "non_operational")
    assert {notice.code for notice in owner.notifications.all()} == {"paused_cancelled", "vehicle_taken_off"}


def test_an_owner_is_notified_of_the_latest_that_staff_did_but_not_of_their_own_actions(owner, staff, vehicle, clock):
    pick_up_vehicle(**key(vehicle), by=staff)
    assert "is in maintenance" in owner.notifications.get().text
    clock.move_to(NOON + MINUTE, tick=False)
    remove_vehicle(**key(vehicle), by=staff)
    notification = owner.notifications.get()
    assert notification.code == "vehicle_taken_off"
    assert "have decommissioned" in notification.text
    own = VehicleFactory(owner=owner)
    remove_vehicle(**key(own), by=owner)
    assert owner.notifications.get() == notification


def test_other_maintenance_in_its_way_is_a_conflict(vehicle):
    maintain(vehicle, 1, 3)
    assert code_of(maintain, vehicle, 2, 4) == "conflict"
    assert code_of(maintain, vehicle) == "conflict"
    maintain(vehicle, 3, 4)


@pytest.mark.parametrize("bounds", [(3, 2), (-3, -2), (None, -1), (2, 2)])
def test_an_invalid_interval_is_refused(vehicle, bounds):
    assert code_of(maintain, vehicle, *bounds) == "in_the_past"


def test_a_ride_continues_and_ends_in_maintenance(rider, vehicle, clock):
    ride = OpenRideFactory(vehicle=vehicle, rider=rider, start_time=NOON)
    maintain(vehicle)
    assert log(vehicle)[-1] == (["allocated"], "on_trip")
    clock.move_to(NOON + MINUTE, tick=False)
    end_ride(city="paris", ride_id=ride.id, rider=rider, end_location="Louvre")
    assert log(vehicle)[-1] == (["trip_end", "maintenance"], "non_operational")


def test_what_is_not_in_maintenance_does_not_come_back(vehicle, staff):
    assert code_of(end_maintenance, **key(vehicle), by=staff) == "not_in_maintenance"


def test_planned_maintenance_is_called_off(vehicle, staff):
    planned = maintain(vehicle, 1, 2)
    cancel_allocation(city="paris", allocation_id=planned.id, by=staff)
    assert not live(vehicle)


# --- Pauses -----------------------------------------------------------------------------------------------


def test_an_owner_pauses_and_resumes(rider, owner, vehicle, clock):
    pause_vehicle(**key(vehicle), owner=owner)
    pause_vehicle(**key(vehicle), owner=owner)
    assert log(vehicle)[-1] == (["off_hours"], "non_operational")
    assert not rideable(vehicle, rider)
    clock.move_to(NOON + HOUR, tick=False)
    resume_vehicle(**key(vehicle), owner=owner)
    assert log(vehicle)[-1] == (["on_hours"], "available")
    assert code_of(resume_vehicle, **key(vehicle), owner=owner) == "not_paused"


def test_other_peoples_vehicles_are_not_paused(rider, vehicle):
    assert code_of(pause_vehicle, **key(vehicle), owner=rider) == "not_yours"
    assert code_of(resume_vehicle, **key(vehicle), owner=rider) == "not_yours"


def test_a_pause_breaks_no_booking_but_fits_before_it(rider, owner, vehicle):
    book(rider, vehicle, 5, 6)
    assert code_of(pause_vehicle, **key(vehicle), owner=owner, ends_at=NOON + 6 * HOUR) == "conflict"
    assert pause_vehicle(**key(vehicle), owner=owner).ends_at == NOON + 5 * HOUR
    assert [each.kind for each in live(vehicle)] == ["paused", "booking"]


def test_within_a_booking_there_is_nothing_to_pause(rider, owner, vehicle):
    book(rider, vehicle, 0, 2)
    assert code_of(pause_vehicle, **key(vehicle), owner=owner) == "conflict"


def test_a_vehicle_being_ridden_is_not_paused(owner, vehicle):
    OpenRideFactory(vehicle=vehicle)
    assert code_of(pause_vehicle, **key(vehicle), owner=owner) == "vehicle_in_use"


def test_a_pause_ends_after_now(owner, vehicle):
    assert code_of(pause_vehicle, **key(vehicle), owner=owner, ends_at=NOON) == "in_the_past"


# --- Field work ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("event_type", [EventType.MAINTENANCE_PICK_UP, EventType.REBALANCE_PICK_UP])
def test_picked_up_and_put_elsewhere(rider, vehicle, staff, clock, event_type):
    pick_up_vehicle(**key(vehicle), by=staff, event_type=event_type)
    pick_up_vehicle(**key(vehicle), by=staff, event_type=event_type)
    assert log(vehicle)[-1] == ([str(event_type)], "removed")
    assert not rideable(vehicle, rider)
    before = Vehicle.objects.get(pk=vehicle.pk)
    clock.move_to(NOON + HOUR, tick=False)
    drop_off_vehicle(**key(vehicle), by=staff, place="Eiffel Tower", position=EIFFEL_TOWER)
    after = Vehicle.objects.get(pk=vehicle.pk)
    assert log(vehicle)[-1] == (["provider_drop_off"], "available")
    assert (after.last_location, after.position) == ("Eiffel Tower", EIFFEL_TOWER)
    assert after.public_id != before.public_id
    assert rideable(vehicle, rider)


def test_missing_and_found(rider, vehicle, staff, clock):
    report_missing(**key(vehicle), by=staff, note="Nobody saw it.")
    assert log(vehicle)[-1] == (["not_located"], "missing")
    assert not rideable(vehicle, rider)
    clock.move_to(NOON + HOUR, tick=False)
    mark_found(**key(vehicle), by=staff, place="Canal Saint-Martin")
    assert log(vehicle)[-1] == (["located"], "available")
    assert Vehicle.objects.get(pk=vehicle.pk).position is None


def test_a_missing_one_that_is_picked_up_passes_through_being_found(vehicle, staff, clock):
    report_missing(**key(vehicle), by=staff)
    clock.move_to(NOON + HOUR, tick=False)
    pick_up_vehicle(**key(vehicle), by=staff)
    assert log(vehicle)[-1] == (["located", "maintenance_pick_up"], "removed")


def test_unaccepted_input_is_not_shown_again(vehicle, staff):
    assert code_of(drop_off_vehicle, **key(vehicle), by=staff, place="Louvre") == "not_picked_up"
    assert code_of(mark_found, **key(vehicle), by=staff, place="Louvre") == "not_missing"


def test_a_place_outside_the_city_is_refused(vehicle, staff):
    pick_up_vehicle(**key(vehicle), by=staff)
    refused = code_of(drop_off_vehicle, **key(vehicle), by=staff, place="Rome", position=(41.9, 12.5))
    assert refused == "outside_city"


@pytest.mark.parametrize("act", [pick_up_vehicle, report_missing, swap_battery])
def test_staff_can_not_work_on_a_vehicle_in_use(vehicle, staff, act):
    OpenRideFactory(vehicle=vehicle)
    assert code_of(act, **key(vehicle), by=staff) == "vehicle_in_use"


def test_a_fresh_battery_carries_further(vehicle, staff):
    swap_battery(**key(vehicle), by=staff)
    swapped = Vehicle.objects.get(pk=vehicle.pk)
    assert (swapped.battery_percent, swapped.range_m) == (100, 40_000)
    assert log(vehicle)[-1] == (["maintenance", "battery_charged"], "available")


def test_a_battery_swap_keeps_a_riders_reservation(rider, vehicle, staff, clock):
    reserve(rider, vehicle)
    clock.move_to(NOON + MINUTE, tick=False)
    swap_battery(**key(vehicle), by=staff)
    assert log(vehicle)[-1] == (["serviced"], "reserved")
    assert rideable(vehicle, rider)


def test_an_unknown_battery_level_is_recorded(staff):
    vehicle = VehicleFactory(type="e-bike", battery_percent=None, range_m=None)
    swap_battery(**key(vehicle), by=staff, percent=90)
    assert Vehicle.objects.get(pk=vehicle.pk).battery_percent == 90


def test_vehicles_without_a_battery_get_no_swap(staff):
    assert code_of(swap_battery, **key(VehicleFactory(type="bike")), by=staff) == "no_battery"


def test_a_vehicle_in_the_depot_is_decommissioned(vehicle, staff, clock):
    pick_up_vehicle(**key(vehicle), by=staff)
    clock.move_to(NOON + HOUR, tick=False)
    remove_vehicle(**key(vehicle), by=staff)
    assert log(vehicle)[-1] == (["provider_drop_off", "decommissioned"], "removed")
    assert code_of(pick_up_vehicle, **key(vehicle), by=staff) == "vehicle_gone"
