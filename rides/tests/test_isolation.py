"""Rules that hold at every isolation level, by locking before reading, by a WHERE clause, or by a constraint.

At READ COMMITTED, a statement that has waited for a lock continues with other tables' rows from before the wait.
"""

import logging
import re
import uuid
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_otp.oath import totp

from accounts.models import User
from accounts.services import _anonymised_fields, _erase_account, move_home, remove_account
from accounts.tests.factories import PASSWORD, StaffFactory, UserFactory
from accounts.two_factor import services as second_factor
from cities.models import City
from cities.registry import registry
from cities.services import CityRefused, delete_city
from documents.current import Kind
from documents.models import TermsAcceptance
from documents.services import accept_terms, publish_document
from fleet.models import Allocation, Vehicle, VehicleEvent
from fleet.services import add_vehicle, book_vehicle, edit_vehicle, remove_vehicle, reserve_vehicle
from fleet.services.maintenance import insert_maintenance
from fleet.tests.factories import VehicleFactory
from movr_project.db.retry import one_snapshot, run_transaction
from movr_project.errors import Refused
from movr_project.tests.databases import isolation, on_postgresql, on_server
from movr_project.tests.threads import at_once, behind
from notifications.models import Notification
from notifications.services import notify
from operations.integrity.looking import findings
from operations.models import ProblemKind, ProblemReport
from operations.services.reports import close_report, report_problem
from rides.models import Ride
from rides.services import end_ride, start_ride
from rides.tests.factories import OpenRideFactory

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = bytes(range(20))

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _everything_agrees_afterwards(transactional_db):
    yield
    assert list(findings([registry["paris"], registry["rome"]])) == []


@pytest.fixture
def person():
    """Has accepted the terms, and has all permissions."""
    publish_document(kind=Kind.TERMS, text="# New words", must_accept=True)
    return StaffFactory()


def code_of(result):
    """Return an action's outcome: the code of its refusal, or "done". Raise other errors."""
    if isinstance(result, Refused):
        return result.code
    if isinstance(result, Exception):
        raise result
    return "done"


# --- People who leave or move -----------------------------------------------------------------------------


def start(person, vehicle):
    return start_ride, {
        "rider": person,
        "city": vehicle.served_city,
        "vehicle_city": vehicle.city,
        "vehicle_id": vehicle.id,
        "token": "form",
    }


def reserve(person, vehicle):
    return reserve_vehicle, start(person, vehicle)[1]


def book(person, vehicle):
    starts_at = timezone.now() + HOUR
    return book_vehicle, {
        "rider": person,
        "vehicle_city": vehicle.city,
        "vehicle_id": vehicle.id,
        "starts_at": starts_at,
        "ends_at": starts_at + HOUR,
        "token": "form",
    }


def report(person, vehicle):
    return report_problem, {
        "reporter": person,
        "vehicle_city": vehicle.city,
        "vehicle_id": vehicle.id,
        "kind": ProblemKind.DIRTY,
        "token": "form",
    }


def maintain(person, vehicle):
    given = (vehicle.city, vehicle.id, person, None, None, "", vehicle.id)
    return insert_maintenance, dict(zip(insert_maintenance.__wrapped__.__annotations__, given, strict=False))


def end_for_another(person, vehicle):
    ride = OpenRideFactory(vehicle=vehicle)
    return end_ride, {"city": ride.city, "ride_id": ride.id, "rider": None, "by": person, "end_location": "Orsay"}


def edit(person, vehicle):
    vehicle.last_location = "Orsay"
    return in_transaction(edit_vehicle), {"vehicle": vehicle, "fields": ["last_location"], "by": person}


def be_told(person, vehicle):
    return in_transaction(notify), {"user": person, "code": "booking_late", "text": "Late.", "key": "once"}


def in_transaction(part):
    def service(*args, **kwargs):
        return run_transaction(lambda: part(*args, **kwargs))

    service.__wrapped__ = part
    return service


def what_points_at(person):
    return [
        *Allocation.objects.filter(rider_id=person.id),
        *Allocation.objects.filter(made_by_id=person.id),
        *Ride.objects.filter(rider_id=person.id),
        *ProblemReport.objects.filter(reporter_id=person.id),
        *Notification.objects.filter(user_id=person.id),
        *TermsAcceptance.objects.filter(user_id=person.id),
        *Vehicle.objects.filter(owner_id=person.id),
        *person.vehicle_events.all(),
        *person.totpdevice_set.all(),
    ]


acts = pytest.mark.parametrize(
    "act",
    [start, reserve, book, report, maintain, end_for_another, edit, be_told],
    ids=lambda act: act.__name__,
)


@acts
def test_someone_who_has_just_left_does_nothing_any_more(person, act):
    service, options = act(person, VehicleFactory())
    (acted,) = behind(lambda: _erase_account.__wrapped__(person, _anonymised_fields()), lambda: service(**options))
    assert code_of(acted) == ("done" if act is be_told else "account_changed")
    assert what_points_at(person) == []


@acts
def test_recent_actions_do_not_outlive_their_account(person, act):
    service, options = act(person, VehicleFactory())
    (left,) = behind(lambda: service.__wrapped__(**options), lambda: remove_account(user=person))
    assert code_of(left) == ("riding" if act is start else "done")
    if act is not start:
        assert what_points_at(person) == []


@acts
def test_someone_who_has_just_moved_is_refused(person, act):
    service, options = act(person, VehicleFactory())
    (acted,) = behind(lambda: move_home.__wrapped__(user=person, city=registry["rome"]), lambda: service(**options))
    assert code_of(acted) == ("done" if act is be_told else "account_changed")


@acts
def test_recent_actions_move_with_the_person(person, act):
    service, options = act(person, VehicleFactory())
    (moved,) = behind(lambda: service.__wrapped__(**options), lambda: move_home(user=person, city=registry["rome"]))
    assert code_of(moved) == ("riding" if act is start else "done")


def test_someone_who_has_just_left_accepts_no_terms_and_sets_up_no_second_factor(person):
    leave = lambda: _erase_account.__wrapped__(person, _anonymised_fields())  # noqa: E731
    accepted, set_up = behind(
        leave,
        lambda: accept_terms(user=User.objects.get(id=person.id), version=2),
        lambda: second_factor.set_up(user=person, secret=SECRET, code=f"{totp(SECRET):06}"),
    )
    assert (code_of(accepted), code_of(set_up)) == ("done", "account_changed")
    assert what_points_at(person) == []


def test_someone_who_leaves_twice_at_once_leaves_once(person, mailoutbox):
    assert at_once(*[lambda: remove_account(user=person)] * 6) == [None] * 6
    assert len(mailoutbox) == 1


def test_no_booking_or_notification_made_while_someone_leaves_outlives_the_account(person, settings):
    settings.MAX_BOOKINGS = 100
    options = [book(person, vehicle)[1] for vehicle in VehicleFactory.create_batch(15)]
    results = at_once(
        *(lambda each=each: book_vehicle(**each) for each in options),
        *[lambda: run_transaction(lambda: notify(person, code="booking_late", text="Late."))] * 15,
        lambda: remove_account(user=person),
    )
    assert {code_of(result) for result in results} <= {"done", "account_changed"}
    assert what_points_at(person) == []


@on_server
def test_someone_who_leaves_locks_the_vehicles_they_have_ahead_before_their_own_row(person):
    """In lock order: a transaction that has locked such a vehicle may be about to wait for the person."""
    book_vehicle(**book(person, VehicleFactory())[1])
    with CaptureQueriesContext(connection) as captured:
        remove_account(user=person)
    locked = [re.search(r'FROM "(\w+)"', each["sql"])[1] for each in captured if "FOR UPDATE" in each["sql"]]
    assert locked[:2] == ["vehicles", "users"]


def test_a_ride_that_ends_just_after_maintenance_began_leaves_the_vehicle_out_of_service():
    ride = OpenRideFactory()
    maintain = insert_maintenance.__wrapped__
    (ended,) = behind(
        lambda: maintain(
            city="paris",
            vehicle_id=ride.vehicle_id,
            by=None,
            starts_at=None,
            ends_at=None,
            description="Brakes",
            id_=uuid.uuid4(),
        ),
        lambda: end_ride(city="paris", ride_id=ride.id, rider=ride.rider, end_location="Louvre"),
    )
    assert code_of(ended) == "done"
    last = VehicleEvent.objects.order_by("occurred_at").last()
    assert (last.event_types, last.state) == (["trip_end", "maintenance"], "non_operational")


def test_an_owner_whose_last_vehicle_was_just_removed_may_move():
    owner = UserFactory()
    vehicle = VehicleFactory(owner=owner)
    (moved,) = behind(
        lambda: remove_vehicle.__wrapped__(city="paris", vehicle_id=vehicle.id, by=owner),
        lambda: move_home(user=owner, city=registry["rome"]),
    )
    assert code_of(moved) == "done"
    assert User.objects.get(id=owner.id).city == "rome"


@pytest.mark.parametrize("page", ["change", "password"])
def test_staff_editing_someone_who_has_just_left_restore_nothing(page):
    rider, staff = UserFactory(), Client()
    staff.force_login(StaffFactory())
    form = {"first_name": "New", "last_name": "Name", "username": rider.username, "email": rider.email}
    form |= {"usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
    url = f"/admin/accounts/user/{rider.id}/{page}/"
    (answer,) = behind(lambda: _erase_account.__wrapped__(rider, _anonymised_fields()), lambda: staff.post(url, form))
    assert answer.status_code == 403
    assert User.objects.get(id=rider.id).is_removed


def test_what_staff_did_not_edit_stays_as_the_person_has_just_made_it(rider):
    staff = Client()
    staff.force_login(StaffFactory())
    form = {"first_name": "New", "last_name": "Name", "username": rider.username, "email": rider.email}
    (answer,) = behind(
        lambda: User.objects.filter(id=rider.id).update(about_me="Hello"),
        lambda: staff.post(f"/admin/accounts/user/{rider.id}/change/", form | {"is_active": "on"}),
    )
    assert answer.status_code == 302
    stored = User.objects.get(id=rider.id)
    assert (stored.first_name, stored.about_me) == ("New", "Hello")


# --- Checks before writes ---------------------------------------------------------------------------------


def test_bookings_in_a_city_are_counted_one_after_the_other(rider, settings):
    settings.MAX_BOOKINGS = 1
    one, other = VehicleFactory.create_batch(2)
    first, second = book(rider, one)[1], book(rider, other)[1]
    (booked,) = behind(lambda: book_vehicle.__wrapped__(**first), lambda: book_vehicle(**second))
    assert code_of(booked) == "too_many_bookings"


def test_a_vehicle_that_is_just_being_added_is_not_added_again(rider):
    form = {"owner": rider, "type": "bike", "color": "red", "last_location": "Louvre", "token": "form"}
    added = at_once(*[lambda: add_vehicle(**form)] * 8)
    assert {vehicle.pk for vehicle in added} == {Vehicle.objects.get().pk}
    rider.refresh_from_db()
    assert rider.owned_vehicles == 1


def test_a_report_that_was_just_closed_is_not_closed_again(rider, mailoutbox):
    made = report_problem(**report(rider, VehicleFactory())[1])
    close = {"city": "paris", "report_id": made.id, "resolution": "Cleaned"}
    (again,) = behind(lambda: close_report.__wrapped__(**close), lambda: close_report(**close | {"resolution": "Lost"}))
    assert again.resolution == "Cleaned"
    assert len(mailoutbox) == 1


def test_a_city_that_someone_just_moved_to_is_in_use():
    city = City.objects.create(
        name="lyon", display_name="Lyon", code="LYO", region="gcp-europe-west1", latitude=45.8, longitude=4.8,
        radius_km=20, time_zone="Europe/Paris", currency="EUR",
    )  # fmt: skip
    (deleted,) = behind(lambda: UserFactory(city="lyon"), lambda: run_transaction(lambda: delete_city(city)))
    assert isinstance(deleted, CityRefused)
    assert "people" in str(deleted)


@on_server
def test_a_snapshot_is_consistent(rider):
    with one_snapshot():
        before = list(Vehicle.objects.in_city("paris"))
        at_once(VehicleFactory)
        assert list(Vehicle.objects.in_city("paris")) == before
    assert Vehicle.objects.in_city("paris").count() == 1


@on_server
def test_a_snapshot_is_for_reading_and_leaves_later_transactions_as_they_were():
    with one_snapshot():
        User.objects.count()
    UserFactory()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SHOW transaction_isolation")
        assert cursor.fetchone() == (isolation(),)


# --- Unrelated riders ---------------------------------------------------------

RIDERS, TRIPS, OTHERS = 8, 6, 1500


@on_postgresql
def test_riders_on_vehicles_of_their_own_meet_no_conflict(caplog):
    """At SERIALIZABLE half of the transactions would be retried, as PostgreSQL locks index pages."""
    if isolation() == "serializable":
        pytest.skip("only at READ COMMITTED")
    VehicleFactory.create_batch(OTHERS)
    pairs = list(zip(UserFactory.create_batch(RIDERS), VehicleFactory.create_batch(RIDERS), strict=True))

    def ride(rider, vehicle):
        browser = Client()
        browser.force_login(rider)
        for trip in range(TRIPS):
            answer = browser.post(f"/rides/start/paris/{vehicle.public_id}/", {"token": f"trip {trip}"})
            assert answer.status_code == 302
            ride = vehicle.rides.open().get()
            ended = browser.post(f"/rides/paris/{ride.id}/end/", {"end_location": "Louvre"})
            assert ended.status_code == 302
            vehicle.refresh_from_db()  # each trip ends with a new public ID

    with caplog.at_level(logging.INFO, logger="movr_project"):
        results = at_once(*(lambda pair=pair: ride(*pair) for pair in pairs))
    assert results == [None] * RIDERS
    assert [record for record in caplog.records if getattr(record, "event", "") == "transaction_retry"] == []
    assert Ride.objects.ended().count() == RIDERS * TRIPS
