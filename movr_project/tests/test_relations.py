"""``CityForeignKey``: every join includes the city, and a row never changes its city."""

import copy
import pickle
import uuid

import pytest
from django.apps import apps
from django.db import connection, models
from django.db.models import ProtectedError
from django.forms import modelform_factory
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.tests.factories import UserFactory
from fleet.models import Vehicle
from fleet.tests.factories import VehicleFactory
from movr_project.db.constraints import ForeignKeyConstraint
from movr_project.db.relations import CityForeignKey
from rides.models import Ride
from rides.tests.factories import RideFactory

RELATIONS = [
    field for model in apps.get_models() for field in model._meta.get_fields() if isinstance(field, CityForeignKey)
]
each_relation = pytest.mark.parametrize("relation", RELATIONS, ids=str)

pytestmark = pytest.mark.django_db


@pytest.fixture
def ride():
    """A ride in Paris by someone who lives in Rome."""
    return RideFactory(rider=UserFactory(city="rome"))


@pytest.fixture
def statements():
    with CaptureQueriesContext(connection) as captured:
        yield captured


# --- Declaring ----------------------------------------------------------------------------------------


def test_the_relations_are_known():
    assert {"fleet.Vehicle.owner", "rides.Ride.vehicle", "rides.Ride.rider"} <= set(map(str, RELATIONS))


@each_relation
def test_the_id_comes_first_inside_the_relation(relation):
    assert relation.to_fields == ("id", "city")
    assert relation.from_fields == (relation.id_field, relation.city_field)


@each_relation
def test_the_database_enforces_each_relation(relation):
    """The relation is only a join, so a constraint on the same columns accompanies it."""
    columns = (relation.city_field, relation.id_field)
    table = relation.remote_field.model._meta.db_table

    assert [
        constraint.name
        for constraint in relation.model._meta.constraints
        if isinstance(constraint, ForeignKeyConstraint)
        and (constraint.columns, constraint.to_table, constraint.to_columns) == (columns, table, ("city", "id"))
    ] != []


@each_relation
def test_no_form_offers_a_relation(relation):
    form = modelform_factory(relation.model, fields="__all__")

    assert relation.name not in form.base_fields


@each_relation
def test_a_relation_adds_no_column(relation):
    assert relation.column is None
    assert relation not in relation.model._meta.local_concrete_fields


@each_relation
def test_a_relation_stays_itself_through_a_migration_file(relation):
    name, path, args, kwargs = relation.deconstruct()
    again = CityForeignKey(*args, **kwargs)
    again.set_attributes_from_name(name)

    assert path == "movr_project.db.relations.CityForeignKey"
    assert again.deconstruct()[1:] == (path, args, kwargs)
    assert kwargs.keys().isdisjoint({"from_fields", "to_fields", "editable", "serialize"})


def test_an_unusual_id_field_is_kept_in_a_migration_file():
    relation = CityForeignKey("fleet.Vehicle", models.PROTECT, id_field="scooter", city_field="place")

    _name, _path, _args, kwargs = relation.clone().deconstruct()

    assert kwargs["id_field"] == "scooter"
    assert kwargs["city_field"] == "place"


# --- Reading ------------------------------------------------------------------------------------------


def test_a_ride_knows_its_vehicle_and_its_rider(ride):
    found = Ride.objects.get(pk=ride.pk)

    assert found.vehicle == Vehicle.objects.get(id=ride.vehicle_id)
    assert found.rider == User.objects.get(id=ride.rider_id)


def test_fetching_a_related_row_names_its_city(ride, statements):
    assert Ride.objects.get(pk=ride.pk).vehicle
    sql = statements.captured_queries[-1]["sql"]

    assert '"vehicles"."city"' in sql.partition("WHERE")[2]
    assert "'paris'" in sql


def test_a_join_carries_the_city(ride, statements):
    found = Ride.objects.select_related("vehicle__owner", "rider").get(pk=ride.pk)
    (query,) = statements.captured_queries
    sql = query["sql"]

    assert found.vehicle.owner is None
    assert (found.vehicle.city, found.rider.city) == ("paris", "rome")
    assert len(statements) == 1
    assert '"rides"."vehicle_id" = "vehicles"."id" AND "rides"."city" = "vehicles"."city"' in sql
    assert '"vehicles"."owner_id" = "users"."id" AND "vehicles"."city" = "users"."city"' in sql
    assert '"rides"."rider_city" = T4."city"' in sql


def test_filtering_across_a_relation_carries_the_city(ride, statements):
    assert list(Vehicle.objects.filter(rides__start_location="Notre-Dame")) == [ride.vehicle]
    assert '"vehicles"."city" = "rides"."city"' in statements.captured_queries[0]["sql"]


def test_rides_are_found_by_their_vehicle_object(ride):
    RideFactory()

    assert list(Ride.objects.filter(vehicle=ride.vehicle)) == [ride]
    assert list(Ride.objects.filter(vehicle__in=[ride.vehicle])) == [ride]
    assert list(Ride.objects.filter(vehicle__in=Vehicle.objects.filter(pk=ride.vehicle.pk))) == [ride]


def test_related_rows_are_prefetched_in_one_statement_that_names_their_cities(ride, django_assert_num_queries):
    RideFactory(vehicle=VehicleFactory(city="amsterdam"))
    with django_assert_num_queries(2) as captured:
        rides = list(Ride.objects.prefetch_related("vehicle"))
        cities = {found.vehicle.city for found in rides}

    assert cities == {"paris", "amsterdam"}
    assert all(f"'{city}'" in captured.captured_queries[1]["sql"] for city in cities)


def test_a_vehicle_lists_its_rides(ride):
    RideFactory()

    assert list(ride.vehicle.rides.all()) == [ride]
    assert list(ride.rider.rides.all()) == [ride]


def test_rides_are_prefetched_from_their_vehicles(ride, django_assert_num_queries):
    VehicleFactory()
    with django_assert_num_queries(2):
        rides = {vehicle: list(vehicle.rides.all()) for vehicle in Vehicle.objects.prefetch_related("rides")}

    assert rides[ride.vehicle] == [ride]
    assert sorted(map(len, rides.values())) == [0, 1]


def test_a_vehicle_makes_a_ride_of_its_own_city(ride):
    made = ride.vehicle.rides.create(id=uuid.uuid4(), rider=ride.rider, start_location="here")

    assert (made.city, made.vehicle_id) == (ride.vehicle.city, ride.vehicle.id)


def test_excluding_across_a_relation_keeps_the_rest_of_the_city(ride):
    """With the city first in the relation, it dropped every vehicle of the city."""
    others = VehicleFactory.create_batch(9)

    assert set(Vehicle.objects.exclude(rides__rider=ride.rider)) == set(others)


def test_excluding_people_across_a_relation_keeps_their_neighbours(ride):
    others = UserFactory.create_batch(3, city="rome")

    assert set(User.objects.exclude(rides__vehicle=ride.vehicle)) == set(others)


def test_rows_are_updated_across_a_relation(ride):
    untouched = VehicleFactory()

    Vehicle.objects.filter(rides__rider=ride.rider).update(color="red")

    assert Vehicle.objects.get(color="red") == ride.vehicle != untouched


# --- Assigning ----------------------------------------------------------------------------------------


def test_assigning_nobody_keeps_the_city():
    vehicle = VehicleFactory(owner=UserFactory())

    vehicle.owner = None

    assert (vehicle.owner_id, vehicle.owner, vehicle.city) == (None, None, "paris")


def test_a_vehicle_without_its_owner_can_be_saved():
    vehicle = VehicleFactory(owner=UserFactory())

    vehicle.owner = None
    vehicle.save()

    assert Vehicle.objects.get(pk=vehicle.pk).owner is None


def test_forgetting_the_rider_keeps_both_cities(ride):
    ride.rider = None

    assert (ride.rider_id, ride.rider_city, ride.city) == (None, "rome", "paris")


def test_assigning_a_vehicle_of_another_city_is_refused(ride):
    elsewhere = VehicleFactory(city="amsterdam")
    before = ride.vehicle

    with pytest.raises(ValueError, match="never changes its city"):
        ride.vehicle = elsewhere

    assert (ride.city, ride.vehicle_id, ride.vehicle) == ("paris", before.id, before)


def test_making_a_ride_on_a_vehicle_of_another_city_is_refused():
    with pytest.raises(ValueError, match="never changes its city"):
        Ride(city="paris", vehicle=VehicleFactory.build(city="rome"))


def test_adding_a_ride_to_a_vehicle_of_another_city_is_refused(ride):
    with pytest.raises(ValueError, match="never changes its city"):
        VehicleFactory(city="amsterdam").rides.add(ride, bulk=False)


def test_a_new_ride_takes_its_city_from_its_vehicle():
    vehicle = VehicleFactory.build(city="rome")

    assert Ride(vehicle=vehicle).city == "rome"


def test_a_rider_may_be_of_another_city(ride):
    ride.rider = rider = UserFactory(city="seattle")
    ride.save()

    found = Ride.objects.get(pk=ride.pk)
    assert (found.rider, found.rider_city, found.city) == (rider, "seattle", "paris")


def test_an_object_of_another_kind_is_refused(ride):
    with pytest.raises(ValueError, match="must be a"):
        ride.vehicle = ride.rider


def test_a_changed_id_is_followed(ride):
    other = VehicleFactory()
    assert ride.vehicle != other

    ride.vehicle_id = other.id

    assert ride.vehicle == other


def test_a_changed_city_is_followed(ride):
    moved = UserFactory(city="boston")
    assert ride.rider != moved

    ride.rider_id, ride.rider_city = moved.id, moved.city

    assert ride.rider == moved


def test_an_id_taken_away_leaves_nobody(ride):
    assert ride.rider

    ride.rider_id = None

    assert ride.rider is None


def test_an_id_given_after_nobody_is_followed():
    vehicle = VehicleFactory()
    assert Vehicle.objects.select_related("owner").get().owner is None

    vehicle.owner = None
    owner = UserFactory()
    vehicle.owner_id = owner.id

    assert vehicle.owner == owner


def test_reading_a_relation_twice_queries_once(ride, django_assert_num_queries):
    found = Ride.objects.get(pk=ride.pk)

    with django_assert_num_queries(1):
        assert found.vehicle is found.vehicle


def test_copies_and_pickles_keep_the_relation(ride):
    for again in (copy.deepcopy(ride), pickle.loads(pickle.dumps(ride))):  # noqa: S301  (our own)
        assert again.vehicle == ride.vehicle
        assert again.pk == ride.pk


# --- Deleting -----------------------------------------------------------------------------------------


def test_a_vehicle_with_rides_is_not_deleted(ride):
    with pytest.raises(ProtectedError):
        ride.vehicle.delete()

    assert Vehicle.objects.filter(pk=ride.vehicle.pk).exists()


def test_a_rider_with_rides_is_not_deleted(ride):
    with pytest.raises(ProtectedError):
        ride.rider.delete()


def test_a_vehicle_of_the_same_city_without_rides_is_deleted(ride):
    """Protection follows both columns, not the city alone."""
    VehicleFactory(logged=False).delete()

    assert Vehicle.objects.get() == ride.vehicle
