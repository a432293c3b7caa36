"""Vehicles from before there was a log get theirs: ``rides/migrations/0003_events_of_before.py``."""

import uuid
from datetime import UTC, date, datetime, timedelta
from importlib import import_module

import pytest
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from accounts.models import User
from fleet.models import Vehicle, VehicleEvent
from movr_project.tests.databases import connected, empty_database
from movr_project.tests.migrations import migrate_forward
from rides.models import Ride

pytestmark = pytest.mark.django_db

THE_MIGRATION = import_module("rides.migrations.0003_events_of_before")
MAY, TEN_MINUTES = datetime(2026, 5, 1, 12, tzinfo=UTC), timedelta(minutes=10)


@pytest.fixture(scope="module")
def migrated(django_db_setup, django_db_blocker, tmp_path_factory):
    folder = tmp_path_factory.mktemp("before")
    with django_db_blocker.unblock(), empty_database(folder, "before") as settings:
        with connected(settings, "before") as alias:
            migrate_forward(alias)
        yield settings


@pytest.fixture
def before(migrated, django_db_blocker):
    """A database whose vehicles have no log, as they are made here without the services."""
    with django_db_blocker.unblock(), connected(migrated, "before") as alias:
        migrate(alias, "0002_staff_roles")
        yield Before(alias)
        for model in (VehicleEvent, Ride, Vehicle, User):
            model.objects.using(alias).all().delete()


class Before:
    def __init__(self, alias):
        self.alias = alias
        self.rider = User(username="ada", city="rome")
        self.rider.save(using=alias)
        self.number = 0

    def vehicle(self, **fields):
        self.number += 1
        fields = {"date_added": date(2026, 4, 1), "approved_at": MAY - timedelta(days=20), **fields}
        vehicle = Vehicle(city="paris", code=f"PAR2222{self.number}", type="bike", last_location="Louvre", **fields)
        vehicle.save(using=self.alias)
        return vehicle

    def ride(self, vehicle, start, length=TEN_MINUTES, **fields):
        ride = Ride(
            city="paris",
            id=uuid.uuid4(),
            vehicle_id=vehicle.id,
            rider_city=self.rider.city,
            **{"rider_id": self.rider.id, "start_location": "Bastille", "start_time": start, **fields},
        )
        if length is not None:
            ride.finish("Montmartre", (48.8867, 2.3431), at=start + length)
        ride.save(using=self.alias)
        return ride

    def log(self, vehicle):
        return list(VehicleEvent.objects.using(self.alias).filter(vehicle_id=vehicle.id).order_by("occurred_at"))

    def acts(self, vehicle):
        return [(event.event_types, event.state) for event in self.log(vehicle)]

    def last_event_at(self, vehicle):
        return Vehicle.objects.using(self.alias).get(city=vehicle.city, id=vehicle.id).last_event_at

    def forward(self):
        migrate(self.alias, "0003_events_of_before")

    def back(self):
        migrate(self.alias, "0002_staff_roles")


def migrate(alias, name):
    MigrationExecutor(connections[alias]).migrate([("rides", name)])


DROP_OFF = (["provider_drop_off"], "available")
START, END = (["trip_start"], "on_trip"), (["trip_end"], "available")


def test_a_vehicle_that_was_never_ridden_was_put_on_the_street_when_it_was_approved(before):
    vehicle = before.vehicle()
    before.forward()
    (event,) = before.log(vehicle)
    assert (event.event_types, event.state) == DROP_OFF
    assert event.occurred_at == vehicle.approved_at == before.last_event_at(vehicle)
    assert (event.place, event.actor_id, event.ride_id) == ("Louvre", None, None)


def test_one_that_waits_for_approval_is_out_of_service_since_it_was_added(before):
    vehicle = before.vehicle(approved_at=None)
    before.forward()
    assert before.acts(vehicle) == [(["provider_drop_off", "off_hours"], "non_operational")]
    assert before.last_event_at(vehicle) == datetime(2026, 4, 1, tzinfo=UTC)


def test_an_approval_ahead_is_no_event_of_the_future(before):
    vehicle = before.vehicle(approved_at=timezone.now() + timedelta(days=9))
    before.forward()
    assert before.last_event_at(vehicle) <= timezone.now()


def test_each_ride_started_and_ended_where_it_says_and_by_its_rider(before):
    vehicle = before.vehicle()
    second = before.ride(vehicle, MAY + timedelta(days=1))
    first = before.ride(vehicle, MAY)
    before.forward()
    log = before.log(vehicle)
    assert before.acts(vehicle) == [DROP_OFF, START, END, START, END]
    assert [event.ride_id for event in log] == [None, first.id, first.id, second.id, second.id]
    assert [event.occurred_at for event in log[1:3]] == [first.start_time, first.end_time]
    assert [event.place for event in log[1:3]] == ["Bastille", "Montmartre"]
    assert [event.latitude for event in log[1:3]] == [None, 48.8867]
    assert {(event.actor_city, event.actor_id) for event in log[1:]} == {("rome", before.rider.id)}
    assert before.last_event_at(vehicle) == second.end_time


def test_a_rider_who_left_is_not_named(before):
    vehicle = before.vehicle()
    before.ride(vehicle, MAY, rider_id=None)
    before.forward()
    assert {(event.actor_city, event.actor_id) for event in before.log(vehicle)} == {(None, None)}


def test_a_ride_that_goes_on_is_the_last_event(before):
    vehicle = before.vehicle(status="on_trip")
    before.ride(vehicle, MAY)
    before.ride(vehicle, MAY + timedelta(days=1), None)
    before.forward()
    assert before.acts(vehicle) == [DROP_OFF, START, END, START]


@pytest.mark.parametrize(
    ("approved_at", "first"),
    [(MAY, DROP_OFF), (None, (["provider_drop_off", "off_hours"], "non_operational"))],
)
def test_a_removed_vehicle_was_decommissioned_after_all_else(before, approved_at, first):
    vehicle = before.vehicle(status="removed", approved_at=approved_at)
    before.forward()
    assert before.acts(vehicle) == [first, (["decommissioned"], "removed")]


def test_it_was_on_the_street_before_its_first_ride(before):
    vehicle = before.vehicle(approved_at=MAY + timedelta(days=3), date_added=date(2026, 5, 4))
    ride = before.ride(vehicle, MAY)
    before.forward()
    assert before.acts(vehicle) == [DROP_OFF, START, END]
    assert before.log(vehicle)[0].occurred_at < ride.start_time


def test_what_happened_at_once_happened_one_after_the_other(before):
    vehicle = before.vehicle()
    before.ride(vehicle, MAY, timedelta(0))
    before.ride(vehicle, MAY, timedelta(0))
    before.forward()
    moments = [event.occurred_at for event in before.log(vehicle)]
    assert moments == sorted(set(moments))
    assert before.acts(vehicle) == [DROP_OFF, START, END, START, END]


def test_a_vehicle_that_has_a_log_keeps_it(before):
    vehicle = before.vehicle(last_event_at=MAY)
    before.ride(vehicle, MAY)
    before.forward()
    assert before.log(vehicle) == []
    assert before.last_event_at(vehicle) == MAY


def test_it_goes_in_batches_through_every_vehicle(before, monkeypatch):
    monkeypatch.setattr(THE_MIGRATION, "BATCH", 2)
    vehicles = [before.vehicle() for _ in range(5)]
    before.forward()
    assert all(before.acts(vehicle) == [DROP_OFF] for vehicle in vehicles)
    before.back()
    assert not any(before.acts(vehicle) for vehicle in vehicles)


@pytest.mark.parametrize("most", [1, 2, 3, 4, 100])
def test_a_batch_ends_where_there_are_many_rides_and_loses_none(before, monkeypatch, most):
    monkeypatch.setattr(THE_MIGRATION, "MOST_RIDES", most)
    ridden = [(before.vehicle(), number) for number in (3, 0, 1, 2, 0, 3)]
    for vehicle, number in ridden:
        for day in range(number):
            before.ride(vehicle, MAY + timedelta(days=day))
    before.forward()
    for vehicle, number in ridden:
        assert before.acts(vehicle) == [DROP_OFF, *[START, END] * number]


def test_taken_back_only_what_has_happened_since_stays(before):
    vehicle, other = before.vehicle(), before.vehicle()
    before.ride(vehicle, MAY)
    before.forward()
    later = MAY + timedelta(days=30)
    event = VehicleEvent(
        city="paris", vehicle_id=other.id, state="on_trip", event_types=["trip_start"], occurred_at=later
    )
    event.save(using=before.alias)
    before.back()
    assert before.log(vehicle) == []
    assert before.last_event_at(vehicle) is None
    assert before.acts(other) == [START]
    assert before.last_event_at(other) == later
    before.forward()
    assert before.acts(vehicle) == [DROP_OFF, START, END]
    assert before.acts(other) == [START]
