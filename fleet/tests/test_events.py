"""The vehicle event log, in the terms of MDS 2.0."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.tests.factories import StaffFactory, UserFactory
from fleet.calendar.events import record_event
from fleet.calendar.locking import lock_vehicle
from fleet.calendar.states import TRANSITIONS, ImpossibleEvent, follow
from fleet.models import Vehicle, VehicleEvent
from fleet.models.choices import OWN_EVENT_TYPES, EventType, VehicleState
from fleet.services import add_vehicle, approve_vehicle, delete_old_events, delete_vehicle, remove_vehicle
from fleet.tests.calendars import HOUR, MINUTE, NOON, log, maintain
from fleet.tests.factories import VehicleFactory
from rides.services import end_ride
from rides.tests.factories import OpenRideFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def add(owner):
    return add_vehicle(owner=owner, type="bike", color="blue", last_location="Home", token="form")


def test_every_type_has_its_transitions():
    assert set(TRANSITIONS) == set(EventType)


def test_own_types_change_nothing():
    for type_ in OWN_EVENT_TYPES:
        assert all(before == after for before, after in TRANSITIONS[type_].items())


@pytest.mark.parametrize(
    ("state", "types", "after"),
    [
        ("available", ["trip_start"], "on_trip"),
        ("reserved", ["trip_start"], "on_trip"),
        ("on_trip", ["trip_end", "reservation_start"], "reserved"),
        ("available", ["maintenance", "battery_charged"], "available"),
    ],
)
def test_types_are_applied_in_order(state, types, after):
    assert follow(VehicleState(state), [EventType(type_) for type_ in types]) == after


@pytest.mark.parametrize(
    ("state", "type_"),
    [
        ("on_trip", "trip_start"),
        ("non_operational", "trip_start"),
        ("removed", "trip_start"),
        ("on_trip", "decommissioned"),
    ],
)
def test_transitions_outside_the_specification_are_impossible(state, type_):
    with pytest.raises(ImpossibleEvent):
        follow(VehicleState(state), [EventType(type_)])


def test_nothing_is_written_of_what_is_impossible():
    vehicle = VehicleFactory()
    before = log(vehicle)
    with pytest.raises(ImpossibleEvent), transaction.atomic():
        record_event(lock_vehicle("paris", vehicle.id), EventType.TRIP_END, actor=None)
    assert log(vehicle) == before


def test_adding_puts_it_on_the_street(rider):
    assert log(add(rider)) == [(["provider_drop_off"], "available")]


def test_waiting_for_approval_it_is_out_of_service(rider, settings):
    settings.VEHICLES_NEED_APPROVAL = True
    vehicle = add(rider)
    assert log(vehicle) == [(["provider_drop_off", "off_hours"], "non_operational")]
    approve_vehicle(city="paris", vehicle_id=vehicle.id, by=StaffFactory())
    assert log(vehicle)[-1] == (["on_hours"], "available")


def test_a_ride_is_two_events_with_its_id_and_its_rider(rider, rider_client):
    vehicle = VehicleFactory()
    rider_client.post(f"/rides/start/paris/{vehicle.public_id}/", {"token": "form"})
    ride = vehicle.rides.get()
    end_ride(city="paris", ride_id=ride.id, rider=rider, end_location="Louvre")
    start, end = VehicleEvent.objects.filter(vehicle_id=vehicle.id, ride_id=ride.id).order_by("occurred_at")
    assert (start.event_types, end.event_types) == (["trip_start"], ["trip_end"])
    assert {start.actor_id, end.actor_id} == {rider.id}
    assert (start.place, end.place) == ("Notre-Dame", "Louvre")
    assert start.occurred_at == ride.start_time


def test_staff_who_end_a_ride_are_its_actor():
    ride, staff = OpenRideFactory(), StaffFactory()
    end_ride(city="paris", ride_id=ride.id, rider=None, end_location="Louvre", by=staff)
    assert VehicleEvent.objects.latest("occurred_at").actor_id == staff.id


def test_times_go_forward_by_a_clock_that_does_not(clock):
    vehicle = VehicleFactory()
    maintain(vehicle, 5, 6)
    clock.move_to(NOON - HOUR, tick=False)
    maintain(vehicle, 7, 8)
    *_earlier, before, after = VehicleEvent.objects.order_by("occurred_at").values_list("occurred_at", flat=True)
    assert after == before + timedelta(microseconds=1)
    assert Vehicle.objects.get(pk=vehicle.pk).last_event_at == after


def test_two_events_at_one_moment_are_refused_by_the_database():
    vehicle = VehicleFactory()
    maintain(vehicle, 5, 6)
    event = VehicleEvent.objects.latest("occurred_at")
    event.pk, event.id = None, StaffFactory().id
    event.city = vehicle.city
    with pytest.raises(IntegrityError), transaction.atomic():
        event.save(force_insert=True)


def test_a_vehicle_added_by_mistake_is_deleted_with_its_log(rider):
    vehicle = add(rider)
    with transaction.atomic():
        delete_vehicle(vehicle)
    assert not VehicleEvent.objects.filter(vehicle_id=vehicle.id).exists()


def test_old_events_are_forgotten_but_the_last_stays(clock):
    vehicle, quiet = VehicleFactory(), VehicleFactory()
    for number in range(3):
        clock.move_to(NOON + number * MINUTE, tick=False)
        maintain(vehicle, 5 + number, 6 + number)
    maintain(quiet, 5, 6)
    forgotten = VehicleEvent.objects.filter(vehicle_id=vehicle.id).count() - 1
    clock.move_to(NOON + 11 * 24 * HOUR, tick=False)
    kept_of_quiet = VehicleEvent.objects.filter(vehicle_id=quiet.id).count()
    assert delete_old_events(days=10) == forgotten + kept_of_quiet - 1
    assert delete_old_events(days=10) == 0
    assert len(log(vehicle)) == len(log(quiet)) == 1


def test_what_is_not_old_stays():
    vehicle = VehicleFactory(logged=False)
    maintain(vehicle, 5, 6)
    maintain(vehicle, 7, 8)
    assert delete_old_events(days=10) == 0


def test_decommissioning_is_the_end(rider):
    vehicle = VehicleFactory(owner=UserFactory())
    remove_vehicle(city="paris", vehicle_id=vehicle.id, by=vehicle.owner)
    assert log(vehicle)[-1] == (["decommissioned"], "removed")
    assert Vehicle.objects.get(pk=vehicle.pk).is_removed
