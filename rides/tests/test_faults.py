"""Rides while the database fails: acknowledged changes exist exactly once, and the data is consistent.

Unless a test says otherwise, requests go through a test client to a real database.
"""

import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from itertools import count
from threading import Event

import psycopg2
import pytest
from django.contrib.messages import get_messages
from django.db import DatabaseError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from psycopg2 import sql

from accounts.tests.factories import StaffFactory, UserFactory
from cities.registry import registry
from fleet.models import Allocation
from fleet.tests.factories import VehicleFactory
from movr_project.db.faults import Fault, fault_of
from movr_project.tests.api import api_client
from movr_project.tests.databases import cut_connection, on_postgresql, on_sqlite
from movr_project.tests.threads import PATIENCE_SECONDS, at_once
from operations.integrity.looking import findings
from rides.models import Ride, ride_id
from rides.tests.factories import OpenRideFactory

from .clusters import MAX_CONNECTIONS, cluster, migrated_cluster  # noqa: F401  (fixtures)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("faults")]

STARTED, ENDED = "Ride started.", "Ride ended."


def on_own_server(test):
    """A separate PostgreSQL server, as false conflicts on a busy one would exhaust the retries."""
    return on_postgresql(pytest.mark.usefixtures("cluster")(test))


@pytest.fixture(autouse=True)
def _everything_agrees_afterwards(request, transactional_db):
    if "cluster" in request.fixturenames:
        request.getfixturevalue("cluster")  # so that it still exists afterwards
    yield
    assert_everything_agrees()


def assert_everything_agrees():
    assert list(findings([registry["paris"]])) == []


def browser_of(person):
    browser = Client(raise_request_exception=False)
    browser.force_login(person)
    return browser


class Start:
    """A person submits the form that starts a ride, possibly several times."""

    said = STARTED
    looks_first = False

    def __init__(self, person=None, vehicle=None, token="form"):
        self.person = person or UserFactory()
        self.vehicle = vehicle or VehicleFactory()
        self.token = token
        self.url = reverse("rides:ride_start", args=["paris", self.vehicle.public_id])
        self.form = {"token": token}
        self.kept = token
        self.ride_id = ride_id(self.person.id, token, self.vehicle.pk)

    def is_done(self):
        return Ride.objects.in_city("paris").open().filter(id=self.ride_id).exists()

    def number(self):
        return self.vehicle.rides.count()


class End:
    """A person ends their ride."""

    said = ENDED
    looks_first = False

    def __init__(self, ride=None):
        ride = ride or OpenRideFactory()
        self.person = ride.rider
        self.vehicle = ride.vehicle
        self.url = reverse("rides:ride_end", args=["paris", ride.id])
        self.form = {"end_location": "Louvre"}
        self.kept = "Louvre"
        self.ride_id = ride.id

    def is_done(self):
        return Ride.objects.in_city("paris").ended().filter(id=self.ride_id, end_location="Louvre").exists()

    def number(self):
        return self.vehicle.rides.count()


class OnCalendar:
    """A person creates an allocation. A page that reads the vehicle first may respond with 503 once."""

    looks_first = False
    token = "form"

    def __init__(self):
        self.person = self.make_person()
        self.vehicle = VehicleFactory()
        self.url = reverse(self.page, args=["paris", self.vehicle.public_id])
        self.form = self.make_form()

    def make_person(self):
        return UserFactory()

    def is_done(self):
        return self.live().filter(kind=self.kind).exists()

    def number(self):
        """Return the allocations in the calendar, and their events."""
        acts = self.vehicle.events.exclude(allocation_id=None).count()
        assert acts == self.live().count()
        return acts

    def live(self):
        return Allocation.objects.live().filter(city="paris", vehicle_id=self.vehicle.id)


class Reserve(OnCalendar):
    said, kind, page, kept = "Reserved until", "reservation", "fleet:vehicle_reserve", "form"

    def make_form(self):
        return {"token": self.token}

    def is_done(self):
        self.person.refresh_from_db()
        return super().is_done() and self.person.hold_until == self.live().get().ends_at


class Book(OnCalendar):
    said, kind, page, kept = "Booked.", "booking", "fleet:vehicle_book", "form"
    looks_first = True

    def make_form(self):
        starts = timezone.localtime(timezone.now() + timedelta(days=1), registry["paris"].tzinfo)
        return {"starts": f"{starts:%Y-%m-%d}T12:00", "length": "60", "token": self.token}


class Maintain(OnCalendar):
    """Staff's form has no token: sent again, it conflicts with the first one's result."""

    kind, page, kept = "maintenance", "operations:field_work", "Brakes"
    looks_first = True

    @property
    def said(self):
        return f"{self.vehicle.code} is in maintenance until further notice."

    def make_person(self):
        return StaffFactory()

    def make_form(self):
        return {"act": "maintenance", "description": "Brakes"}


def press(browser, act):
    """Return what the act says, or the last message if it says something else, or nothing on a 503."""
    browser.cookies.pop("messages", None)
    response = browser.post(act.url, act.form)
    if response.status_code == 503:
        assert int(response["Retry-After"]) > 0
        assert f'value="{act.kept}"' in response.content.decode(), "the form is kept"
        return None
    assert response.status_code == 302, f"{response.status_code}: {response.exc_info}"
    said = [str(message) for message in get_messages(response.wsgi_request)]
    return act.said if any(message.startswith(act.said) for message in said) else said[-1]


def assert_done_once(act):
    assert act.is_done()
    assert act.number() == 1


both_acts = pytest.mark.parametrize("make_act", [Start, End])
all_acts = pytest.mark.parametrize("make_act", [Start, End, Reserve, Book, Maintain])


# --- A connection that is cut ---------------------------------------------------------------------------


class Cut:
    """An execute wrapper that terminates the connection at one statement, once."""

    def __init__(self, number, when):
        self.number = number
        self.when = when
        self.seen = 0

    def __call__(self, execute, sql, params, many, context):
        self.seen += 1
        here = self.seen == self.number
        if here and self.when == "before":
            cut_connection()
        result = execute(sql, params, many, context)
        if here and self.when == "after":
            cut_connection()
        return result


@pytest.mark.postgresql_does
@on_own_server
@all_acts
@pytest.mark.parametrize("when", ["before", "after"])
def test_cut_at_any_statement_it_is_done_once_and_the_person_hardly_notices(make_act, when):
    for number in count(1):
        act = make_act()
        browser = browser_of(act.person)
        cut = Cut(number, when)
        with connection.execute_wrapper(cut):
            said = press(browser, act)
            if said is None and act.looks_first:
                said = press(browser, act)
            assert said == act.said, f"cut {when} statement {number}"
        assert_done_once(act)
        if cut.seen < number:
            break  # all statements have been tested
    assert number > 5


@pytest.fixture
def cut_at_commit(monkeypatch):
    """Terminate the connection at the next COMMIT: before it reaches the server, or after the server has committed."""
    commit = connection._commit
    moments = []

    def failing_commit():
        moment = moments.pop() if moments else None
        if moment == "before":
            cut_connection()
        commit()
        if moment == "after":
            cut_connection()
            with connection.wrap_database_errors:  # so that the response is lost
                connection.connection.cursor().execute("SELECT 1")

    monkeypatch.setattr(connection, "_commit", failing_commit)
    return moments.append


@on_own_server
@all_acts
@pytest.mark.parametrize("moment", ["before", "after"])
def test_cut_at_commit_it_is_done_once_whether_or_not_the_server_had_committed(make_act, moment, cut_at_commit):
    act = make_act()
    browser = browser_of(act.person)
    cut_at_commit(moment)
    assert press(browser, act) == act.said
    assert_done_once(act)


class StartByApi(Start):
    """A person's app starts a ride with an ``Idempotency-Key``, and sends it again after a 503."""

    def __init__(self):
        super().__init__()
        self.app = api_client(self.person)
        self.app.raise_request_exception = False
        self.data = {"city": "paris", "vehicle": str(self.vehicle.public_id)}

    def send(self):
        return self.app.post("/api/v1/rides", self.data, headers={"Idempotency-Key": "once"})

    def insist(self):
        answer = self.send()
        return self.send() if answer.status_code == 503 else answer

    def assert_done_once(self, answer):
        assert answer.status_code == 201, answer.content
        assert self.send().json() == answer.json()
        assert self.vehicle.rides.open().count() == self.number() == 1


@pytest.mark.postgresql_does
@on_own_server
@pytest.mark.parametrize("when", ["before", "after"])
def test_cut_at_any_statement_an_app_that_sends_its_key_again_starts_one_ride(when):
    for number in count(1):
        act = StartByApi()
        cut = Cut(number, when)
        with connection.execute_wrapper(cut):
            answer = act.insist()
        act.assert_done_once(answer)
        if cut.seen < number:
            break
    assert number > 5


@on_own_server
@pytest.mark.parametrize("moment", ["before", "after"])
def test_cut_at_commit_an_app_that_sends_its_key_again_starts_one_ride(moment, cut_at_commit):
    act = StartByApi()
    cut_at_commit(moment)
    act.assert_done_once(act.insist())


@on_own_server
@both_acts
def test_a_connection_cut_between_two_requests_is_reopened(make_act):
    act = make_act()
    browser = browser_of(act.person)
    browser.get("/vehicles/")
    cut_connection()
    assert press(browser, act) == act.said
    assert_done_once(act)


# --- A slow or full server ------------------------------------------------------------------


@contextmanager
def locked(row):
    """Another transaction that keeps the row locked."""
    params = connection.get_connection_params()
    params.pop("cursor_factory", None)
    other = psycopg2.connect(**params)
    try:
        with other.cursor() as cursor:
            table = sql.Identifier(row._meta.db_table)
            cursor.execute(sql.SQL("SELECT 1 FROM {} WHERE id = %s FOR UPDATE").format(table), [str(row.id)])
        yield
    finally:
        other.close()


def set_statement_timeout(milliseconds):
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = %s", [milliseconds])


@on_own_server
@both_acts
@pytest.mark.parametrize("held", ["vehicle", "person"])
def test_a_statement_that_takes_too_long_leaves_nothing_half_done(make_act, held):
    """A vehicle is locked first, a person last."""
    act = make_act()
    browser = browser_of(act.person)
    with locked(getattr(act, held)):
        set_statement_timeout(100)
        assert press(browser, act) is None
    set_statement_timeout(0)
    assert not act.is_done()
    assert_everything_agrees()
    assert press(browser, act) == act.said
    assert_done_once(act)


@on_own_server
@both_acts
def test_while_the_server_takes_no_more_connections_people_are_asked_to_wait(make_act, cluster):  # noqa: F811
    act = make_act()
    browser = browser_of(act.person)
    connection.close()
    with ExitStack() as guests:
        for _number in range(MAX_CONNECTIONS):
            guests.callback(cluster.connect().close)
        with pytest.raises(psycopg2.OperationalError, match="too many clients"):
            cluster.connect()
        assert press(browser, act) is None
    assert press(browser, act) == act.said
    assert_done_once(act)


# --- A server that stops and starts ---------------------------------------------------------------------


class Commuter:
    """Keep riding, and submit again after a 503.

    As staff, who can use a vehicle's permanent ID: its public ID changes with each trip of another commuter.
    """

    def __init__(self, vehicles):
        self.person = StaffFactory()
        self.browser = browser_of(self.person)
        self.vehicles = vehicles
        self.trips = 0
        self.started = set()
        self.ended = set()
        self.busy_pages = 0

    def ride_until(self, over):
        while not over.is_set():
            self.trips += 1
            vehicle = self.vehicles[self.trips % len(self.vehicles)]
            start = Start(self.person, vehicle, token=f"trip {self.trips}")
            start.url = reverse("rides:ride_start", args=["paris", vehicle.id])
            if self.insist(start) == STARTED:
                self.started.add(start.ride_id)
                end = End(Ride(id=start.ride_id, vehicle=vehicle, rider=self.person))
                assert self.insist(end) == ENDED
                self.ended.add(start.ride_id)

    def insist(self, act):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            said = press(self.browser, act)
            if said:
                return said
            self.busy_pages += 1
            time.sleep(0.05)
        raise TimeoutError("The server did not come back.")


def wait_for(condition):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "nothing happens"
        time.sleep(0.01)


@on_own_server
@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_stopped_and_started_loses_no_ride_that_was_acknowledged(mode, cluster, settings):  # noqa: F811
    settings.TRANSACTION_ATTEMPTS = 3
    vehicles = VehicleFactory.create_batch(3)
    commuters = [Commuter(vehicles) for _number in range(4)]
    over = Event()

    def all_ended():
        return [id_ for commuter in commuters for id_ in list(commuter.ended)]

    def busy_pages():
        return sum(commuter.busy_pages for commuter in commuters)

    def wait_for_rides():
        goal = len(all_ended()) + 5
        wait_for(lambda: len(all_ended()) >= goal)

    def stop_and_start():
        wait_for_rides()
        cluster.stop(mode)
        seen = busy_pages()
        wait_for(lambda: busy_pages() > seen)
        cluster.start()
        wait_for_rides()

    def operate():
        try:
            stop_and_start()
            stop_and_start()
        finally:
            over.set()

    assert at_once(operate, *(lambda one=one: one.ride_until(over) for one in commuters)) == [None] * 5

    connection.close()  # this thread's connection was closed with the server
    rides = Ride.objects.filter(city="paris", rider_id__in=[commuter.person.id for commuter in commuters])
    started = [id_ for commuter in commuters for id_ in commuter.started]
    assert sorted(rides.ended().values_list("id", flat=True)) == sorted(started) == sorted(all_ended())
    assert not rides.open().exists()


def test_psycopg2s_error_during_a_shutdown_is_a_lost_connection():
    error = DatabaseError()
    error.__cause__ = psycopg2.DatabaseError("server closed the connection unexpectedly")
    assert fault_of(error) is Fault.CONNECTION_LOST


# --- SQLite, locked by another process ------------------------------------------------------------------

LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""


@contextmanager
def locked_by_another_process():
    command = [sys.executable, "-c", LOCK, connection.settings_dict["NAME"]]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "locked\n"
        yield
        process.stdin.close()


@pytest.fixture
def impatient(settings):
    """Limit the connection's wait for locks."""
    settings.TRANSACTION_ATTEMPTS = 2
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 20")
    yield
    connection.close()


@on_sqlite
@both_acts
@pytest.mark.usefixtures("impatient")
def test_a_locked_file_asks_people_to_wait_and_works_again_afterwards(make_act):
    act = make_act()
    browser = browser_of(act.person)
    with locked_by_another_process():
        assert press(browser, act) is None
    assert not act.is_done()
    assert_everything_agrees()
    assert press(browser, act) == act.said
    assert_done_once(act)
