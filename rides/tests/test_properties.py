"""Property-based tests of rides: any actions, in any order and concurrently. The data stays consistent.

Hypothesis generates the actions and minimises failing examples. In CI (if the environment variable ``CI`` is set)
they are the same in each run, elsewhere random.
"""

from functools import partial

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from accounts.models import User
from accounts.services import move_home, remove_account
from accounts.tests.factories import StaffFactory, UserFactory
from cities.registry import registry
from fleet.models import Vehicle
from fleet.services import add_vehicle, remove_vehicle
from fleet.tests.factories import VehicleFactory
from movr_project.tests.threads import at_once
from operations.integrity.looking import findings
from rides.models import Ride
from rides.services import end_ride, start_ride
from rides.tests.factories import OpenRideFactory
from rides.tests.stories import accept, outcome, shortened, some

CITIES = ["paris", "rome"]
CODES = {
    "start": {"vehicle_gone", "vehicle_in_use", "wrong_city", "already_riding", "already_ended", "account_changed"},
    "end": {"ride_gone"},
    "staff_end": {"ride_gone"},
    "add": {"account_changed", "already_removed"},
    "remove": {"vehicle_gone", "not_yours", "vehicle_in_use", "account_changed"},
    "move": {"riding", "owns_vehicles", "account_changed"},
    "erase": {"riding", "owns_vehicles", "account_changed"},
}

cities = st.sampled_from(CITIES)
tokens = st.sampled_from(["one form", "another form"])
places = st.sampled_from(["Louvre", "Colosseum"])

SLOW = {"deadline": None, "print_blob": True, "suppress_health_check": list(HealthCheck)}
ONE_BY_ONE = settings(max_examples=shortened(60), stateful_step_count=30, **SLOW)
AT_ONCE = settings(max_examples=shortened(40), **SLOW)


# --- What people do -------------------------------------------------------------------------------------
# Arguments are as on a person's page, which may be outdated.


def start(person: User, vehicle: Vehicle, city: str, token: str) -> Ride:
    return start_ride(rider=person, city=registry[city], vehicle_city=vehicle.city, vehicle_id=vehicle.id, token=token)


def end(person: User, ride: Ride, place: str) -> Ride:
    return end_ride(city=ride.city, ride_id=ride.id, rider=person, end_location=place)


def staff_end(ride: Ride, place: str) -> Ride:
    return end_ride(city=ride.city, ride_id=ride.id, rider=None, end_location=place)


def add(person: User, token: str) -> Vehicle:
    return add_vehicle(owner=person, type="bike", color="blue", last_location="Home", token=token)


def remove(person: User, vehicle: Vehicle) -> Vehicle:
    return remove_vehicle(city=vehicle.city, vehicle_id=vehicle.id, by=person)


def move(person: User, city: str) -> None:
    move_home(user=person, city=registry[city])


def erase(person: User) -> None:
    remove_account(user=person)


def tried(action, *args):
    return accepted(action, outcome(action, *args))


def accepted(action, result):
    return accept(CODES, action, result)


def assert_nobody_rides_twice(people):
    open_rides = Ride.objects.open().filter(rider_id__in=[person.id for person in people])
    ridden = list(open_rides.values_list("rider_id", "vehicle_id"))
    assert len(ridden) == len({rider for rider, _vehicle in ridden}) == len({vehicle for _rider, vehicle in ridden})


def assert_everything_agrees():
    assert list(findings([registry[city] for city in CITIES])) == []


# --- Sequentially --------------------------------------------------------------------------------


class City(RuleBasedStateMachine):
    """Several people and a few vehicles. Each example is rolled back."""

    people = Bundle("people")
    vehicles = Bundle("vehicles")
    rides = Bundle("rides")

    def __init__(self):
        super().__init__()
        self.savepoint = transaction.savepoint()
        self.everyone = []

    def teardown(self):
        try:
            assert_everything_agrees()
        finally:
            transaction.savepoint_rollback(self.savepoint)

    @initialize(target=people)
    def open_accounts(self):
        people = [*(UserFactory(city=city) for city in CITIES), StaffFactory(city="paris")]
        self.everyone += people
        return multiple(*people)

    @initialize(target=vehicles)
    def open_business(self):
        return multiple(*(VehicleFactory(city=city, somewhere=True) for city in CITIES))

    @rule(target=people, city=cities)
    def register(self, city):
        self.everyone.append(UserFactory(city=city))
        return self.everyone[-1]

    @rule(target=people, person=people)
    def reload_the_page(self, person):
        return User.objects.get(id=person.id)

    @rule(target=rides, person=people, vehicle=vehicles, city=cities, token=tokens)
    def start(self, person, vehicle, city, token):
        return some(tried(start, person, vehicle, city, token))

    @rule(target=rides, person=people, vehicle=vehicles, token=tokens)
    def start_where_it_is(self, person, vehicle, token):
        return some(tried(start, person, vehicle, vehicle.city, token))

    @rule(person=people, ride=rides, place=places)
    def end(self, person, ride, place):
        tried(end, person, ride, place)

    @rule(ride=rides, place=places)
    def end_as_its_rider(self, ride, place):
        rider = User.objects.filter(rides__id=ride.id).first()
        if rider:
            assert not tried(end, rider, ride, place).is_open

    @rule(ride=rides, place=places)
    def end_as_staff(self, ride, place):
        assert not tried(staff_end, ride, place).is_open

    @rule(target=vehicles, person=people, token=tokens)
    def add(self, person, token):
        return some(tried(add, person, token))

    @rule(person=people, vehicle=vehicles)
    def remove(self, person, vehicle):
        tried(remove, person, vehicle)

    @rule(person=people, city=cities)
    def move(self, person, city):
        tried(move, person, city)

    @rule(person=people)
    def erase(self, person):
        tried(erase, person)

    @invariant()
    def nobody_rides_twice(self):
        assert_nobody_rides_twice(self.everyone)


@pytest.mark.long
@pytest.mark.django_db
def test_one_after_the_other():
    run_state_machine_as_test(City, settings=ONE_BY_ONE)


# --- Concurrently ---------------------------------------------------------------------------------
# The order of events depends on the machine, so a failing example may pass when it is repeated. Hypothesis then reports
# it as flaky; look at the first error.

SLOTS = 4
slots = st.integers(0, SLOTS - 1)
acts = st.tuples(
    st.sampled_from([start, start, end, staff_end, add, remove, move, erase]), slots, slots, cities, tokens
)
stories = st.lists(st.tuples(acts, acts, st.booleans()), min_size=6, max_size=10)


class Crowd:
    """A few people, and what they see: the latest vehicles and rides."""

    def __init__(self):
        ride = OpenRideFactory(vehicle__somewhere=True)
        self.people = [UserFactory(city="paris"), UserFactory(city="rome"), StaffFactory(city="paris"), ride.rider]
        self.vehicles = [VehicleFactory(city=city, somewhere=True) for city in ["paris", "paris", "rome"]]
        self.vehicles.append(ride.vehicle)
        self.rides = [ride] * SLOTS

    def call(self, action, one, other, city, token):
        person, vehicle, ride = self.people[one], self.vehicles[other], self.rides[other]
        arguments = {
            start: (person, vehicle, vehicle.city, token),
            end: (person, ride, "Louvre"),
            staff_end: (ride, "Colosseum"),
            add: (person, token),
            remove: (person, vehicle),
            move: (person, city),
            erase: (person,),
        }
        return partial(action, *arguments[action])

    def do_at_once(self, one, other):
        results = at_once(self.call(*one), self.call(*other))
        for (action, *_drawn), result in zip([one, other], results, strict=True):
            done = accepted(action, result)
            if isinstance(done, Ride):
                self.rides = [done, *self.rides][:SLOTS]
            elif isinstance(done, Vehicle):
                self.vehicles = [done, *self.vehicles][:SLOTS]

    def reload_the_page(self):
        """A person who has left is replaced by a new one."""
        people = [User.objects.get(id=person.id) for person in self.people]
        self.people = [person if person.is_active else UserFactory() for person in people]


@pytest.mark.long
@pytest.mark.postgresql_does
@pytest.mark.django_db(transaction=True)
def test_at_the_same_moment():
    @AT_ONCE
    @given(stories)
    def told(story):
        crowd = Crowd()
        for one, other, reload in story:
            crowd.do_at_once(one, other)
            assert_nobody_rides_twice(crowd.people)
            if reload:
                crowd.reload_the_page()
        assert_everything_agrees()

    told()
