"""Whatever people do, in whatever order and at the same moment: the data agrees with itself, and a refusal has a code.

Hypothesis makes the actions up, and makes a failing story short. In CI (it looks for ``CI`` in the
environment) they are the same ones each time; elsewhere others in each run.
"""

from functools import partial

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
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
from accounts.services import AccountRefused, move_home, remove_account
from accounts.tests.factories import StaffFactory, UserFactory
from cities.registry import registry
from fleet.models import Vehicle
from fleet.services import VehicleRefused, add_vehicle, remove_vehicle
from fleet.tests.factories import VehicleFactory
from movr_project.errors import Refused
from movr_project.tests.threads import at_once
from rides.integrity import findings
from rides.models import Ride
from rides.services import RideRefused, end_ride, start_ride
from rides.tests.factories import OpenRideFactory

CITIES = ["paris", "rome"]
CODES = {
    "start": {"vehicle_gone", "vehicle_in_use", "wrong_city", "already_riding", "already_ended", "account_changed"},
    "end": {"ride_gone"},
    "staff_end": {"ride_gone"},
    "add": {"home_city_changed", "already_removed"},
    "remove": {"vehicle_gone", "not_yours", "vehicle_in_use"},
    "move": {"riding", "owns_vehicles", "account_changed"},
    "erase": {"riding", "owns_vehicles", "account_changed"},
}
REFUSALS = (RideRefused, VehicleRefused, AccountRefused)

cities = st.sampled_from(CITIES)
tokens = st.sampled_from(["one form", "another form"])
places = st.sampled_from(["Louvre", "Colosseum"])

SLOW = {"deadline": None, "print_blob": True, "suppress_health_check": list(HealthCheck)}
ONE_BY_ONE = settings(max_examples=50, stateful_step_count=30, **SLOW)
AT_ONCE = settings(max_examples=20, stateful_step_count=12, **SLOW)


# --- What people do -------------------------------------------------------------------------------------
# Each takes people, vehicles and rides as somebody's page showed them, which may be long ago.


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
    """What an action returns, or None where it is refused. Anything but a refusal that is written down is raised."""
    return accepted(action, outcome(action, *args))


def outcome(action, *args):
    try:
        return action(*args)
    except Refused as refused:
        return refused


def accepted(action, result):
    if not isinstance(result, Exception):
        return result
    if not isinstance(result, REFUSALS):
        raise result
    assert result.code in CODES[action.__name__], f"{action.__name__} refuses with {result.code}"
    assert str(result)
    return None


def some(*results):
    """For a bundle: those that there are."""
    return multiple(*(result for result in results if result is not None))


def assert_nobody_rides_twice(people):
    open_rides = Ride.objects.open().filter(rider_id__in=[person.id for person in people])
    ridden = list(open_rides.values_list("rider_id", "vehicle_id"))
    assert len(ridden) == len({rider for rider, _vehicle in ridden}) == len({vehicle for _rider, vehicle in ridden})


def assert_everything_agrees():
    assert list(findings([registry[city] for city in CITIES])) == []


# --- One after the other --------------------------------------------------------------------------------


class City(RuleBasedStateMachine):
    """Several people over a few vehicles. Each story is undone at its end."""

    people = Bundle("people")
    vehicles = Bundle("vehicles")
    rides = Bundle("rides")

    def __init__(self):
        super().__init__()
        self.savepoint = transaction.savepoint()
        self.everybody = []

    def teardown(self):
        try:
            assert_everything_agrees()
        finally:
            transaction.savepoint_rollback(self.savepoint)

    @initialize(target=people)
    def open_accounts(self):
        people = [*(UserFactory(city=city) for city in CITIES), StaffFactory(city="paris")]
        self.everybody += people
        return multiple(*people)

    @initialize(target=vehicles)
    def open_business(self):
        return multiple(*(VehicleFactory(city=city, somewhere=True) for city in CITIES))

    @rule(target=people, city=cities)
    def register(self, city):
        self.everybody.append(UserFactory(city=city))
        return self.everybody[-1]

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
        assert_nobody_rides_twice(self.everybody)


@pytest.mark.django_db
def test_one_after_the_other():
    run_state_machine_as_test(City, settings=ONE_BY_ONE)


# --- At the same moment ---------------------------------------------------------------------------------


class Crowd(RuleBasedStateMachine):
    """Two actions at once, again and again, each in a thread of its own.

    What happens first is up to the machine, so a failing story may go well when it is told again: Hypothesis
    calls it flaky then, and the error it shows first is the one to look at.
    """

    people = Bundle("people")
    vehicles = Bundle("vehicles")
    rides = Bundle("rides")

    actions = st.one_of(
        st.tuples(st.just(start), people, vehicles, cities, tokens),
        st.tuples(st.just(start), people, vehicles, st.just("paris"), tokens),
        st.tuples(st.just(end), people, rides, places),
        st.tuples(st.just(staff_end), rides, places),
        st.tuples(st.just(add), people, tokens),
        st.tuples(st.just(remove), people, vehicles),
        st.tuples(st.just(move), people, cities),
        st.tuples(st.just(erase), people),
    )

    def __init__(self):
        super().__init__()
        self.everybody = []

    @initialize(target=people)
    def open_accounts(self):
        self.everybody = [*(UserFactory(city=city) for city in CITIES), StaffFactory(city="paris")]
        return multiple(*self.everybody)

    @initialize(target=vehicles)
    def open_business(self):
        return multiple(*(VehicleFactory(city=city, somewhere=True) for city in ["paris", *CITIES]))

    @initialize(target=rides)
    def ride_off(self):
        ride = OpenRideFactory(vehicle__somewhere=True)
        self.everybody.append(ride.rider)
        return ride

    @rule(target=people)
    def reload_the_page(self):
        return multiple(*User.objects.active().filter(id__in=[person.id for person in self.everybody]))

    @rule(target=vehicles)
    def look_at_vehicles_of_theirs(self):
        owned = Vehicle.objects.not_removed().filter(owner_id__in=[person.id for person in self.everybody])
        return multiple(*owned)

    @rule(target=rides, one=actions, other=actions)
    def act_at_once(self, one, other):
        results = at_once(partial(*one), partial(*other))
        for (action, *_args), result in zip([one, other], results, strict=True):
            accepted(action, result)
        return some(*(result for result in results if isinstance(result, Ride)))

    @invariant()
    def nobody_rides_twice(self):
        assert_nobody_rides_twice(self.everybody)

    def teardown(self):
        assert_everything_agrees()


@pytest.mark.django_db(transaction=True)
def test_at_the_same_moment(settings):
    settings.TRANSACTION_BACKOFF_SECONDS = 0.001
    run_state_machine_as_test(Crowd, settings=AT_ONCE)
