"""``check_integrity`` reports every row that contradicts another one, and no other."""

import random
import uuid
from datetime import timedelta
from io import StringIO
from operator import attrgetter
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import CheckConstraint, F
from django.db.models.functions import Upper
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Passkey, User
from accounts.tests.factories import NotificationFactory, PasskeyFactory, PushSubscriptionFactory, UserFactory
from cities import geohash
from cities.registry import registry
from documents.models import TermsAcceptance
from documents.services import record_acceptance
from fleet.calendar.replay import BrokenLog
from fleet.models import Allocation, Vehicle, VehicleEvent
from fleet.services import cancel_own_allocation, put_in_maintenance, remove_vehicle, reserve_vehicle
from fleet.tests.factories import EIFFEL_TOWER, AllocationFactory, ProblemReportFactory, VehicleFactory, first_event
from movr_project.db.constraints import ForeignKeyConstraint
from movr_project.tests.locality import assert_local
from notifications.models import Notification, PushSubscription
from operations.integrity import looking
from operations.integrity.looking import SHOWN, findings
from operations.integrity.rules import RULES
from operations.integrity.unserved import UNSERVED
from operations.models import ProblemReport
from photos.models import Photo
from photos.tests.factories import PhotoFactory
from rides.models import Ride
from rides.tests.factories import OpenRideFactory, RideFactory

pytestmark = pytest.mark.django_db

ATLANTIS = "atlantis"
NOBODY = uuid.UUID(int=0)
SEATTLE_CENTER = 47.6219, -122.3517
LOOK_ACROSS_CITIES = {
    "follow_between_blocked",
    "person_followers",
    "post_in_followers_feed",
    "removed_member",
    "allocation_people",
    "event_vehicle",
    "person_hold",
    "person_open_rides",
    "photo_photographer",
    "removed_account",
    "report_vehicle",
    "ride_rider",
}


@pytest.fixture
def unguarded(db):
    """Turn off the database's constraints until the end of the test."""
    savepoint = transaction.savepoint()
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX rides_one_open_per_vehicle")
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA ignore_check_constraints = ON")  # foreign keys are checked at COMMIT
        else:
            for model in (
                User, Passkey, Notification, PushSubscription, Vehicle, Ride, Allocation, VehicleEvent, ProblemReport,
                Photo,
            ):  # fmt: skip
                for constraint in model._meta.constraints:
                    if isinstance(constraint, (CheckConstraint, ForeignKeyConstraint)):
                        cursor.execute(str(constraint.remove_sql(model, connection.schema_editor())))
    yield
    transaction.savepoint_rollback(savepoint)
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA ignore_check_constraints = OFF")


@pytest.fixture
def data(db, photo_folder):
    """A consistent row of each kind."""
    owner, guest, newcomer, holder = UserFactory(), UserFactory(city="seattle"), UserFactory(), UserFactory()
    record_acceptance(owner, 1)
    NotificationFactory(user=owner)
    booking = AllocationFactory()
    riding = OpenRideFactory(rider=guest)
    ridden = RideFactory(rider=owner, end_latitude=EIFFEL_TOWER[0], end_longitude=EIFFEL_TOWER[1])
    return SimpleNamespace(
        owner=owner,
        holder=holder,
        booking=booking,
        next_booking=AllocationFactory(vehicle=booking.vehicle, starts_at=booking.ends_at),
        held=AllocationFactory(reservation=True, rider=holder),
        maintained=AllocationFactory(maintenance=True, made_by=UserFactory(is_staff=True)),
        report=ProblemReportFactory(),
        trip_start=VehicleEvent.objects.get(ride_id=ridden.id, state="on_trip"),
        guest=guest,
        newcomer=newcomer,
        parked=VehicleFactory(owner=owner),
        lost=VehicleFactory(somewhere=True),
        removed=removed_vehicle(owner),
        riding=riding,
        photo=PhotoFactory(subject_id=ridden.id, photographer=ridden.rider),
        waiting=AllocationFactory(vehicle=riding.vehicle),
        ridden=ridden,
        notice=NotificationFactory(user=owner, read_at=timezone.now()),
        passkey=PasskeyFactory(user=owner),
        device=PushSubscriptionFactory(user=owner),
        anonymous=RideFactory(rider=None, rider_city="paris"),
    )


@pytest.fixture
def two_cities(monkeypatch):
    """Serve the cities of ``data`` alone: there is nothing in the others, and each takes as long."""
    monkeypatch.setattr(looking, "registry", [registry["paris"], registry["seattle"]])


def removed_vehicle(owner):
    vehicle = VehicleFactory(owner=owner, status="removed")
    User.objects.filter(id=owner.id).update(owned_vehicles=F("owned_vehicles") - 1)
    return vehicle


def found(*cities):
    """Return the findings in these cities, by default in all: rule, city and keys."""
    chosen = [registry[city] for city in cities] or None
    return [(finding.rule.name, finding.city, finding.keys) for finding in findings(chosen)]


def rules_broken(*cities):
    return {rule for rule, _city, _keys in found(*cities)}


def checked(**options):
    """Return the command's output and its error, None if there are no findings."""
    out = StringIO()
    try:
        call_command("check_integrity", stdout=out, **options)
    except CommandError as error:
        return out.getvalue(), error
    return out.getvalue(), None


# --- Each kind of damage --------------------------------------------------------------------------------

# The rule, the city, the name of the row in `data`, the values that overwrite it, and other rules that find it
# too.
HOUR = timedelta(hours=1)
PAUSED = {"paused_at": timezone.now(), "pause_until": timezone.now() + HOUR}
DAMAGES = {
    "a ridden vehicle marked as available": (
        "vehicle_on_trip",
        "paris",
        "riding.vehicle",
        {"status": "available"},
        "vehicle_state",
    ),
    "a booking to be released during a ride": (
        "release_during_ride",
        "paris",
        "waiting",
        {"start_by": F("starts_at") + timedelta(minutes=30)},
    ),
    "a ridden vehicle that is removed": (
        "vehicle_on_trip",
        "paris",
        "riding.vehicle",
        {"status": "removed"},
        "vehicle_state allocation_of_removed",
    ),
    "a trip without a ride": ("vehicle_on_trip", "paris", "lost", {"status": "on_trip"}, "vehicle_state"),
    "an unknown status": ("vehicle_status", "paris", "lost", {"status": "flying"}),
    "a latitude without a longitude": ("vehicle_position", "paris", "parked", {"longitude": None}),
    "a longitude without a latitude": ("vehicle_position", "paris", "parked", {"latitude": None}),
    "a cell without a position": ("vehicle_position", "paris", "lost", {"cell": "u09tvn"}),
    "a cell elsewhere": ("vehicle_cell", "paris", "parked", {"cell": geohash.encode(*EIFFEL_TOWER)}),
    "a position in another city": (
        "vehicle_in_city",
        "paris",
        "parked",
        {"latitude": SEATTLE_CENTER[0], "longitude": SEATTLE_CENTER[1], "cell": geohash.encode(*SEATTLE_CENTER)},
    ),
    "a code of another city": ("vehicle_code", "paris", "parked", {"code": "ROM7K3M2"}),
    "a code in small letters": ("vehicle_code", "paris", "parked", {"code": "par7K3M2"}),
    "an unknown owner": ("vehicle_owner", "paris", "removed", {"owner_id": NOBODY}),
    "a ride of an unknown vehicle": ("ride_vehicle", "paris", "ridden", {"vehicle_id": NOBODY}, "event_subject"),
    "a ride of an unknown person": ("ride_rider", "paris", "ridden", {"rider_id": NOBODY}, "photo_subject"),
    "a ride of a person who lives elsewhere": ("ride_rider", "paris", "ridden", {"rider_city": "rome"}),
    "an end before the start": (
        "ride_end",
        "paris",
        "ridden",
        {"end_time": F("start_time") - HOUR, "length": -HOUR},
        "ride_parked",
    ),
    "a wrong duration": ("ride_end", "paris", "ridden", {"length": HOUR}),
    "an end without a duration": ("ride_end", "paris", "ridden", {"length": None}),
    "a duration without an end": ("ride_end", "paris", "riding", {"length": HOUR}),
    "an open ride with an end location": ("ride_end", "paris", "riding", {"end_location": "Louvre"}),
    "a pause that is not in the log": ("ride_pause", "paris", "riding", PAUSED),
    "a pause without an end": ("ride_parked", "paris", "riding", PAUSED | {"pause_until": None}, "ride_pause"),
    "an ended ride that is paused": ("ride_parked", "paris", "ridden", PAUSED, "ride_pause"),
    "a ride that was parked for longer than it took": ("ride_parked", "paris", "ridden", {"paused_for": HOUR}),
    "a photo of an unknown ride": ("photo_subject", "paris", "photo", {"subject_id": NOBODY}),
    "a photo of a ride as one of a report": ("photo_subject", "paris", "photo", {"subject": "report"}),
    "a photo by a person who lives elsewhere": ("photo_photographer", "paris", "photo", {"photographer_city": "rome"}),
    "a photo of no city": ("photos_city", "", "photo", {"city": ATLANTIS}),
    "a photo by a person of no city": (
        "photos_photographer_city",
        "",
        "photo",
        {"photographer_city": ATLANTIS},
        "photo_photographer",
    ),
    "half a position at the start": ("ride_position", "paris", "riding", {"start_latitude": 48.85}),
    "half a position at the end": ("ride_position", "paris", "ridden", {"end_longitude": None}),
    "a rider with count 0": ("person_open_rides", "seattle", "guest", {"open_rides": 0}),
    "a rider with count 2": ("person_open_rides", "seattle", "guest", {"open_rides": 2}),
    "a count without a ride": ("person_open_rides", "paris", "newcomer", {"open_rides": 1}),
    "an owner with count 0": ("person_owned_vehicles", "paris", "owner", {"owned_vehicles": 0}),
    "an owner with a removed vehicle counted": (
        "person_owned_vehicles",
        "paris",
        "owner",
        {"owned_vehicles": 2},
    ),
    "an uncounted job": ("person_active_jobs", "paris", "owner", {"active_jobs": 1}),
    "an uncounted notification": ("person_unread_notifications", "paris", "owner", {"unread_notifications": 0}),
    "a counted read notification": ("person_unread_notifications", "paris", "owner", {"unread_notifications": 2}),
    "a count without notifications": (
        "person_unread_notifications",
        "paris",
        "newcomer",
        {"unread_notifications": 1},
    ),
    "a number that will be given again": (
        "person_notification_sequence",
        "paris",
        "owner",
        {"notification_sequence": 0},
    ),
    "a suspended account that is active": (
        "person_suspension",
        "paris",
        "newcomer",
        {"suspended_at": timezone.now(), "suspension_reason": "Rude"},
    ),
    "a reason without a suspension": ("person_suspension", "paris", "newcomer", {"suspension_reason": "Rude"}),
    "a username in capitals": ("person_names", "paris", "newcomer", {"username": Upper("username")}),
    "an address in capitals": ("person_names", "paris", "newcomer", {"email": Upper("email")}),
    "terms that were never accepted": ("person_terms", "paris", "newcomer", {"terms_version": 1}),
    "accepted terms missing on the person": ("person_terms", "paris", "owner", {"terms_version": 0}),
    "an account emptied by hand": ("removed_account", "paris", "owner", {"is_active": False, "email": None}),
    "a person of no city": ("users_city", "", "newcomer", {"city": ATLANTIS}),
    "a notification of no city": ("notifications_city", "", "notice", {"city": ATLANTIS}),
    "a passkey of no city": ("passkeys_city", "", "passkey", {"city": ATLANTIS}),
    "a push subscription of no city": ("push_subscriptions_city", "", "device", {"city": ATLANTIS}),
    "a vehicle of no city": ("vehicles_city", "", "lost", {"city": ATLANTIS}, "event_vehicle"),
    "a ride of no city": ("rides_city", "", "ridden", {"city": ATLANTIS}, "event_subject photo_subject"),
    "a ride of a person of no city": ("rides_rider_city", "", "anonymous", {"rider_city": ATLANTIS}),
    "a booking into another one": (
        "allocation_overlap",
        "paris",
        "next_booking",
        {"starts_at": F("starts_at") - HOUR},
    ),
    "a booking of an unknown vehicle": ("allocation_vehicle", "paris", "booking", {"vehicle_id": NOBODY}),
    "a booking of an unknown person": ("allocation_people", "paris", "booking", {"rider_id": NOBODY}),
    "a booking of a person who lives elsewhere": ("allocation_people", "paris", "booking", {"rider_city": "rome"}),
    "maintenance by an unknown person": ("allocation_people", "paris", "maintained", {"made_by_id": NOBODY}),
    "a report of an unknown vehicle": ("report_vehicle", "paris", "report", {"vehicle_id": NOBODY}),
    "a report by an unknown person": ("report_vehicle", "paris", "report", {"reporter_id": NOBODY}),
    "a reservation missing on the person": ("person_hold", "paris", "holder", {"hold_until": None}),
    "a hold with another end": ("person_hold", "paris", "holder", {"hold_until": F("hold_until") + HOUR}),
    "a hold without a reservation": ("person_hold", "paris", "newcomer", {"hold_until": timezone.now() + 99 * HOUR}),
    "an event by an unknown person": ("event_vehicle", "paris", "trip_start", {"actor_id": NOBODY}),
    "an event of an unknown vehicle": (
        "event_vehicle",
        "paris",
        "trip_start",
        {"vehicle_id": NOBODY},
        "event_subject ride_events vehicle_log",
    ),
    "an event of an unknown ride": ("event_subject", "paris", "trip_start", {"ride_id": NOBODY}, "ride_events"),
    "an event of an unknown allocation": ("event_subject", "paris", "trip_start", {"allocation_id": NOBODY}),
    "a wrong last_event_at": (
        "vehicle_last_event",
        "paris",
        "lost",
        {"last_event_at": F("last_event_at") + HOUR},
        "vehicle_state",
    ),
    "a log that contradicts the vehicle": ("vehicle_last_event", "paris", "lost", {"last_event_at": None}),
    "an approval removed by hand": ("vehicle_state", "paris", "lost", {"approved_at": None}),
    "a booking of no city": ("allocations_city", "", "booking", {"city": ATLANTIS}),
    "a booking of a person of no city": (
        "allocations_rider_city",
        "",
        "booking",
        {"rider_city": ATLANTIS},
        "allocation_people",
    ),
    "maintenance by a person of no city": (
        "allocations_made_by_city",
        "",
        "maintained",
        {"made_by_city": ATLANTIS},
        "allocation_people",
    ),
    "an event of no city": ("vehicle_events_city", "", "trip_start", {"city": ATLANTIS}, "ride_events vehicle_log"),
    "an event by a person of no city": (
        "vehicle_events_actor_city",
        "",
        "trip_start",
        {"actor_city": ATLANTIS},
        "event_vehicle",
    ),
    "a report of no city": ("problem_reports_city", "", "report", {"city": ATLANTIS}),
    "a report by a person of no city": (
        "problem_reports_reporter_city",
        "",
        "report",
        {"reporter_city": ATLANTIS},
        "report_vehicle",
    ),
}


@pytest.mark.usefixtures("unguarded", "two_cities")
@pytest.mark.one_engine
def test_damage_is_found(data, subtests):
    """Damage the same data in every way. Each time, a savepoint takes the damage back."""
    assert found() == []
    for kind, damage in DAMAGES.items():
        savepoint = transaction.savepoint()
        with subtests.test(kind):
            assert_found(data, *damage)
        transaction.savepoint_rollback(savepoint)


def assert_found(data, rule, city, name, change, also=""):
    row = attrgetter(name)(data)
    assert type(row).objects.filter(pk=row.pk).update(**change) == 1
    key = type(row).objects.get(id=row.id).pk
    findings = found(city) if city else found()
    assert (rule, city, [str(key)]) in findings
    assert {rule for rule, _city, _keys in findings} == {rule, *also.split()}


@pytest.mark.usefixtures("unguarded")
def test_two_open_rides_of_one_vehicle_are_found(data):
    OpenRideFactory(vehicle=data.riding.vehicle)
    key = [str(data.riding.vehicle.pk)]
    assert found("paris") == [("vehicle_log", "paris", key), ("vehicle_on_trip", "paris", key)]


@pytest.mark.usefixtures("unguarded")
def test_a_position_without_its_cell_is_found_twice_over(data):
    Vehicle.objects.filter(pk=data.parked.pk).update(cell="")
    key = [str(data.parked.pk)]
    assert found("paris") == [("vehicle_position", "paris", key), ("vehicle_cell", "paris", key)]


def test_an_acceptance_that_the_person_does_not_show_is_found(data):
    TermsAcceptance.objects.create(user=data.owner, version=2)
    assert found("paris") == [("person_terms", "paris", [str(data.owner.id)])]


@pytest.mark.parametrize("bounds", [(None, None), (None, 30 * HOUR), (25 * HOUR, None), (25 * HOUR, 25.5 * HOUR)])
def test_whatever_overlaps_is_found(data, bounds):
    starts_at, ends_at = (timezone.now() + bound if bound else None for bound in bounds)
    AllocationFactory(maintenance=True, vehicle=data.booking.vehicle, starts_at=starts_at, ends_at=ends_at)
    assert rules_broken("paris") >= {"allocation_overlap"}


def test_what_was_cancelled_overlaps_nothing(data):
    AllocationFactory(vehicle=data.booking.vehicle, starts_at=data.booking.starts_at, cancelled_at=timezone.now())
    assert found("paris", "seattle") == []


@pytest.mark.parametrize(("minutes", "broken"), [(31, set()), (30, set()), (29, {"allocation_overlap"})])
def test_what_begins_after_a_booking_was_released_overlaps_nothing(data, minutes, broken):
    start = timezone.now() - HOUR
    fields = {"created_at": start, "made_by": None}
    released = AllocationFactory(starts_at=start, start_by=start + timedelta(minutes=30), **fields)
    next_one = {"starts_at": start + timedelta(minutes=minutes), "ends_at": start + HOUR}
    AllocationFactory(vehicle=released.vehicle, **next_one, **fields)
    assert rules_broken("paris") == broken


def test_what_may_still_be_released_overlaps_with_all_of_its_time(data):
    start = timezone.now() - timedelta(minutes=10)
    booking = AllocationFactory(starts_at=start, start_by=start + timedelta(minutes=30))
    AllocationFactory(vehicle=booking.vehicle, starts_at=start + HOUR)
    assert rules_broken("paris") == {"allocation_overlap"}


def test_a_vehicle_may_be_removed_after_a_booking_was_released(data):
    start = timezone.now() - HOUR
    booking = AllocationFactory(starts_at=start, start_by=start + timedelta(minutes=30))
    remove_vehicle(city="paris", vehicle_id=booking.vehicle_id, by=UserFactory(is_staff=True, is_superuser=True))
    assert found("paris") == []


@pytest.mark.parametrize("fields", [{}, {"maintenance": True}], ids=["booking", "until further notice"])
def test_allocations_of_a_removed_vehicle_are_found(data, fields):
    allocation = AllocationFactory(vehicle=data.removed, **fields)
    assert found("paris") == [("allocation_of_removed", "paris", [str(allocation.pk)])]


def test_one_that_ended_as_the_clock_was_set_back_is_over(data, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    vehicle = VehicleFactory()
    where = {"vehicle_city": "paris", "vehicle_id": vehicle.id}
    reservation = reserve_vehicle(rider=data.newcomer, city=registry["paris"], **where, token="form")
    cancel_own_allocation(rider=data.newcomer, city="paris", allocation_id=reservation.id)
    put_in_maintenance(city="paris", vehicle_id=vehicle.id, by=None)
    remove_vehicle(city="paris", vehicle_id=vehicle.id, by=UserFactory(is_staff=True, is_superuser=True))
    assert found("paris", "seattle") == []


class TestARideWithinAnAllocation:
    def begun(self, ride, **fields):
        """Create an allocation that started before the ride."""
        before = ride.start_time - HOUR
        return AllocationFactory(
            **{"vehicle": ride.vehicle, "starts_at": before, "created_at": before, "ends_at": None, **fields}
        )

    def test_of_someone_else_is_found(self, data):
        self.begun(data.riding, ends_at=data.riding.start_time + HOUR)
        assert found("paris") == [("ride_within_allocation", "paris", [str(data.riding.pk)])]

    def test_of_no_one_is_found(self, data):
        self.begun(data.ridden, maintenance=True, ends_at=data.ridden.end_time)
        assert rules_broken("paris") == {"ride_within_allocation", "vehicle_log"}

    def test_of_your_own_is_consistent(self, data):
        self.begun(data.riding, rider=data.guest, ends_at=data.riding.start_time + HOUR)
        assert found("paris", "seattle") == []

    def test_that_was_made_later_is_as_it_should_be(self, data):
        self.begun(data.riding, maintenance=True, created_at=timezone.now())
        assert "ride_within_allocation" not in rules_broken("paris")

    def test_whose_person_has_left_is_as_it_should_be(self, data):
        self.begun(data.anonymous, ends_at=data.anonymous.end_time)
        assert found("paris", "seattle") == []


def test_a_person_with_two_reservations_is_found(data):
    AllocationFactory(reservation=True, rider=data.holder, ends_at=data.held.ends_at)
    assert found("paris") == [("person_hold", "paris", [str(data.holder.id)])]


@pytest.mark.parametrize("event", ["trip_start", "trip_end"])
def test_a_ride_without_its_events_is_found(data, event):
    RideFactory(vehicle=data.ridden.vehicle, start_time=data.ridden.start_time - HOUR)
    earlier = VehicleEvent.objects.filter(ride_id=data.ridden.vehicle.rides.earliest("start_time").id)
    earlier.filter(state="on_trip" if event == "trip_start" else "available").delete()
    assert rules_broken("paris") == {"ride_events", "vehicle_log"}


def test_a_ride_whose_events_were_forgotten_is_as_it_should_be(data):
    RideFactory(vehicle=data.ridden.vehicle, start_time=data.ridden.start_time - HOUR)
    log = VehicleEvent.objects.filter(vehicle_id=data.ridden.vehicle_id)
    log.exclude(occurred_at=log.latest("occurred_at").occurred_at).delete()
    assert found("paris", "seattle") == []


def test_an_event_of_another_vehicles_ride_is_found(data):
    events = VehicleEvent.objects.filter(vehicle_id=data.lost.id)
    events.update(ride_id=data.ridden.id)
    assert found("paris") == [("event_subject", "paris", [str(events.get().pk)])]


def test_a_vehicle_without_a_log_is_found(data):
    VehicleEvent.objects.filter(vehicle_id=data.lost.id).delete()
    assert rules_broken("paris") == {"vehicle_last_event", "vehicle_state", "vehicle_log"}


def test_a_state_that_does_not_follow_is_found(data):
    VehicleEvent.objects.filter(vehicle_id=data.lost.id).update(state="reserved")
    assert rules_broken("paris") == {"vehicle_state", "vehicle_log"}


def test_a_vehicle_that_its_calendar_holds_is_found_free(data):
    """Since before its last event, which doesn't mention it."""
    vehicle = data.lost
    moment = vehicle.last_event_at
    AllocationFactory(maintenance=True, vehicle=vehicle, starts_at=moment - HOUR)
    assert rules_broken("paris") == {"vehicle_state", "vehicle_log"}


def test_logs_that_look_broken_are_checked_again(data, monkeypatch):
    """An event between two queries of the replay: in one transaction, the log is consistent."""
    from operations.integrity import logs

    times = []
    real = logs.present_state

    def at_first_broken(*args):
        times.append(args)
        if len(times) == 1:
            raise BrokenLog("half read")
        return real(*args)

    monkeypatch.setattr(logs, "present_state", at_first_broken)
    assert found("paris", "seattle") == []
    assert len(times) == Vehicle.objects.count() + 1


@pytest.mark.usefixtures("two_cities")
def test_logs_are_replayed_in_batches(data, monkeypatch):
    from operations.integrity import logs

    monkeypatch.setattr(logs, "BATCH", 2)
    assert found("paris", "seattle") == []
    VehicleEvent.objects.filter(vehicle_id=data.lost.id).update(state="reserved")
    assert "vehicle_log" in rules_broken()


def test_every_rule_is_seen_to_find_something():
    tried = {rule for rule, *_where in DAMAGES.values()} | {
        "allocation_of_removed",
        "ride_within_allocation",
        "ride_events",
        "vehicle_log",
    }
    # Later apps try theirs.
    own = [rule for rule in RULES if rule.offenders.__module__.startswith("operations.")]
    assert {rule.name for rule in (*own, *UNSERVED)} <= tried


# --- Nothing else is found ------------------------------------------------------------------------------


def test_an_empty_database_agrees_with_itself():
    assert found("paris", "seattle") == []


def test_demo_data_agrees_with_itself():
    call_command("seed_demo", vehicles=45, riders=27, rides=90, verbosity=0)
    assert Ride.objects.open().exists()
    assert found("paris", "seattle") == []


def test_positions_anywhere_have_the_cell_that_python_gives_them():
    rng = random.Random(4)
    vehicles = []
    for city in registry:
        for _number in range(40):
            latitude = city.latitude + rng.uniform(-0.05, 0.05)
            longitude = city.longitude + rng.uniform(-0.05, 0.05)
            vehicles.append(VehicleFactory.build(city=city.name, latitude=latitude, longitude=longitude))
    Vehicle.objects.bulk_create(vehicles)
    VehicleEvent.objects.bulk_create(
        VehicleEvent(city=vehicle.city, vehicle_id=vehicle.id, **first_event(vehicle)) for vehicle in vehicles
    )
    assert found("paris", "seattle") == []


def test_on_the_edge_of_its_city_a_vehicle_is_within():
    paris = registry["paris"]
    north = paris.latitude + paris.radius_km / 111.195
    while not paris.contains(north, paris.longitude):
        north -= 1e-9
    VehicleFactory(latitude=north, longitude=paris.longitude)
    assert found("paris") == []
    VehicleFactory(latitude=north + 0.0001, longitude=paris.longitude)
    assert [rule for rule, _city, _keys in found("paris")] == ["vehicle_in_city"]


def test_a_city_that_has_shrunk_does_not_make_its_removed_vehicles_wrong(data):
    Vehicle.objects.filter(pk=data.removed.pk).update(
        latitude=SEATTLE_CENTER[0], longitude=SEATTLE_CENTER[1], cell=geohash.encode(*SEATTLE_CENTER)
    )
    assert found("paris") == []


# --- The statements -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("data", "two_cities")
def test_there_is_one_statement_for_each_rule_and_city_however_many_rows(django_assert_num_queries):
    with CaptureQueriesContext(connection) as few:
        found()
    cities, with_vehicles = 2, 1
    replaying = 2 * cities + 3 * with_vehicles
    assert len(few) == len(UNSERVED) + (len(RULES) - 1) * cities + replaying
    RideFactory.create_batch(30)
    OpenRideFactory.create_batch(30)
    with django_assert_num_queries(len(few)):
        assert found() == []


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.name not in LOOK_ACROSS_CITIES], ids=lambda r: r.name)
def test_it_queries_the_city_only(rule):
    with assert_local():
        list(rule.offenders(registry["paris"]))


# --- The command ----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("data")
def test_all_is_well():
    said, error = checked()
    assert error is None
    assert said == f"Everything is consistent: {len(RULES)} rules, 9 cities.\n"


@pytest.mark.usefixtures("two_cities")
def test_cron_gets_no_output_without_findings(data):
    assert checked(verbosity=0) == ("", None)


@pytest.mark.usefixtures("two_cities")
def test_findings_are_listed_and_set_the_status(data):
    User.objects.filter(id=data.guest.id).update(open_rides=2)
    said, error = checked(verbosity=0)
    assert said.splitlines() == [
        "person_open_rides, seattle: A person's open_rides is the number of their open rides, in any city.",
        f"  {data.guest.id}",
    ]
    assert str(error) == "1 inconsistency."
    assert error.returncode == 1


@pytest.mark.usefixtures("two_cities")
def test_of_very_many_rows_some_are_named_and_all_are_counted():
    people = UserFactory.create_batch(SHOWN + 5)
    User.objects.update(open_rides=1)
    said, error = checked()
    assert said.splitlines()[1:] == [
        *(f"  {key}" for key in sorted(str(user.id) for user in people) if key in said),
        f"  … {SHOWN + 5} in all",
    ]
    assert len(said.splitlines()) == SHOWN + 2
    assert str(error) == f"{SHOWN + 5} inconsistencies."


@pytest.mark.parametrize("name", ["new york", "new-york", " New York "])
def test_one_city_alone(data, name):
    User.objects.filter(id=data.guest.id).update(open_rides=2)  # in Seattle
    said, error = checked(city=name)
    assert error is None
    assert said == f"Everything is consistent: {len(RULES)} rules, 1 city.\n"


def test_of_one_city_its_own_damage_is_found(data):
    User.objects.filter(id=data.guest.id).update(open_rides=2)
    assert checked(city="seattle")[1]


def test_a_city_that_is_not_served_is_no_city_to_check():
    _said, error = checked(city=ATLANTIS)
    assert str(error).startswith("“atlantis” is not served. There are: amsterdam, boston,")
