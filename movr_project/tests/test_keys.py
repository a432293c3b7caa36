"""``CityKey``: the key (city, id) of partitioned rows in Django."""

import json
import uuid

import pytest
from django.apps import apps
from django.core import serializers
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.models import Count, Max, UUIDField

from accounts.models import User
from accounts.tests.factories import UserFactory
from fleet.models import Vehicle
from fleet.tests.factories import VehicleFactory
from movr_project.db.keys import CityKey, CityKeyValue
from rides.models import Ride
from rides.tests.factories import RideFactory

from .databases import on_sqlite

ID = uuid.UUID("0f7f2b1c-7d1e-4b5c-9a53-1d0a4f6f7a10")

JUNK = {
    "empty": "",
    "word": "junk",
    "number": "7",
    "no city": f":{ID}",
    "no id": "paris:",
    "half an id": "paris:0f7f2b1c",
    "id alone": str(ID),
    "null byte in the city": f"par\0is:{ID}",
    "null byte in the id": f"paris:{ID}\0",
    "half a surrogate pair": f"\ud800:{ID}",
    "emoji": "🛴",
    "very long": "x" * 10_000,
    "other separator": f"paris,{ID}",
}
each_junk = pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK.keys())

PARTITIONED = [model for model in apps.get_models() if isinstance(model._meta.pk, CityKey)]
each_partitioned = pytest.mark.parametrize("model", PARTITIONED, ids=lambda model: model.__name__)


# --- As text --------------------------------------------------------------------------------------


def test_a_key_is_written_as_city_colon_id():
    assert str(CityKeyValue(("new york", ID))) == f"new york:{ID}"


@pytest.mark.parametrize("city", ["paris", "new york", "a:b"])
def test_a_written_key_reads_back_as_the_same_key(city):
    key = CityKeyValue((city, ID))

    assert CityKeyValue.parse(str(key)) == key == (city, ID)


@each_junk
def test_text_that_is_no_key_is_a_value_error(junk):
    with pytest.raises(ValueError, match=r"not a city key|badly formed"):
        CityKeyValue.parse(junk)


@each_junk
def test_a_form_or_an_address_with_a_bad_key_gets_a_validation_error(junk):
    with pytest.raises(ValidationError) as refused:
        Vehicle._meta.pk.to_python(junk)

    assert refused.value.code == "invalid"


def test_the_field_reads_its_own_text():
    key = Vehicle._meta.pk.to_python(f"paris:{ID}")

    assert isinstance(key, CityKeyValue)
    assert key == ("paris", ID)


def test_the_field_leaves_a_tuple_as_it_is():
    assert Vehicle._meta.pk.to_python(("paris", ID)) == ("paris", ID)


def test_an_object_prints_its_key_which_can_be_unpacked():
    vehicle = Vehicle(city="rome", id=ID)

    assert str(vehicle.pk) == f"rome:{ID}"
    assert vehicle.pk == ("rome", ID)


def test_an_object_without_a_city_has_no_key_yet():
    assert not Vehicle(id=ID, city=None)._is_pk_set()


def test_two_objects_with_one_key_are_one_in_a_set():
    assert len({Vehicle(city="rome", id=ID), Vehicle(city="rome", id=ID)}) == 1
    assert Vehicle(city="rome", id=ID) != Vehicle(city="paris", id=ID)


# Indexes of what is looked for in all cities, which CockroachDB keeps in each region.
OF_ALL_CITIES = {
    "posts_newest": "Explore shows everybody's posts, the latest first.",
    "posts_search": "The search finds everybody's posts.",
    "posts_search_id": "SQLite's full text index has one number per post.",
}

# --- Every partitioned model ------------------------------------------------------------------------


def test_the_partitioned_models_are_known():
    assert {Vehicle, Ride} <= set(PARTITIONED)


@each_partitioned
def test_the_key_is_city_first(model):
    assert [field.name for field in model._meta.pk_fields] == ["city", "id"]


@each_partitioned
def test_the_id_is_a_uuid_that_python_makes_and_no_region_has_to_confirm(model):
    id_ = model._meta.get_field("id")

    assert isinstance(id_, UUIDField)
    assert not id_.unique
    assert not id_.has_db_default()


@each_partitioned
def test_every_index_and_unique_key_begins_with_a_city(model):
    meta = model._meta
    keys = [[name for name, _order in index.fields_orders] for index in meta.indexes if index.name not in OF_ALL_CITIES]
    keys += [list(constraint.fields) for constraint in meta.constraints if hasattr(constraint, "fields")]

    assert [key for key in keys if not key[0].endswith("city")] == []
    assert [field.name for field in meta.local_fields if field.db_index or field.unique] in ([], ["pk"])


@pytest.mark.django_db
@each_partitioned
def test_the_database_itself_has_no_index_that_begins_with_anything_else(model):
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, model._meta.db_table)
    indexed = [
        c["columns"]
        for name, c in constraints.items()
        if name not in OF_ALL_CITIES and (c["index"] or c["unique"] or c["primary_key"])
    ]

    assert indexed
    assert [columns for columns in indexed if not columns[0].endswith("city")] == []


@pytest.mark.django_db
@each_partitioned
def test_the_primary_key_of_the_table_is_city_and_id(model):
    with connection.cursor() as cursor:
        columns = connection.introspection.get_primary_key_columns(cursor, model._meta.db_table)

    assert columns == ["city", "id"]


# --- Looking up -------------------------------------------------------------------------------------


@pytest.fixture
def vehicle(db):
    return VehicleFactory(logged=False)


@pytest.fixture
def neighbour(vehicle):
    """Another vehicle of the same city."""
    return VehicleFactory(logged=False)


@pytest.mark.usefixtures("neighbour")
def test_a_row_is_found_by_the_text_of_its_key(vehicle):
    assert Vehicle.objects.get(pk=str(vehicle.pk)) == vehicle
    assert list(Vehicle.objects.filter(pk=str(vehicle.pk))) == [vehicle]


@pytest.mark.usefixtures("neighbour")
def test_a_row_is_found_by_its_key(vehicle):
    assert Vehicle.objects.get(pk=vehicle.pk) == vehicle
    assert Vehicle.objects.get(pk=(vehicle.city, vehicle.id)) == vehicle


def test_the_same_id_in_another_city_is_another_row(vehicle):
    assert not Vehicle.objects.filter(pk=f"rome:{vehicle.id}").exists()


@each_junk
def test_a_bad_key_matches_nothing(vehicle, junk):
    assert not Vehicle.objects.filter(pk=junk).exists()
    with pytest.raises(Vehicle.DoesNotExist):
        Vehicle.objects.get(pk=junk)


@each_junk
def test_excluding_a_bad_key_leaves_everything(vehicle, junk):
    assert list(Vehicle.objects.exclude(pk=junk)) == [vehicle]


def test_a_bad_key_across_a_relation_matches_nobody(vehicle):
    owns_nothing = UserFactory()

    assert owns_nothing not in User.objects.filter(vehicles__pk="junk")


def test_no_key_at_all_matches_nothing(vehicle):
    assert not Vehicle.objects.filter(pk=None).exists()


def test_texts_are_looked_up_together(vehicle, neighbour):
    VehicleFactory(logged=False)
    texts = [str(vehicle.pk), str(neighbour.pk)]

    assert set(Vehicle.objects.filter(pk__in=texts)) == {vehicle, neighbour}


def test_invalid_keys_among_valid_ones_are_ignored(vehicle, neighbour):
    mixed = ["junk", str(vehicle.pk), f"rome:{ID}", neighbour.pk, "par\0is:"]

    assert set(Vehicle.objects.filter(pk__in=mixed)) == {vehicle, neighbour}


def test_nothing_but_bad_keys_matches_nothing(vehicle):
    assert not Vehicle.objects.filter(pk__in=list(JUNK.values())).exists()
    assert list(Vehicle.objects.exclude(pk__in=list(JUNK.values()))) == [vehicle]


def test_a_subquery_of_keys_is_looked_up(vehicle):
    VehicleFactory(logged=False, color="red")
    blue = Vehicle.objects.filter(color="blue").values("pk")

    assert list(Vehicle.objects.filter(pk__in=blue)) == [vehicle]


def test_many_are_fetched_by_key_or_by_text(vehicle, neighbour):
    assert Vehicle.objects.in_bulk([vehicle.pk]) == {vehicle.pk: vehicle}
    assert Vehicle.objects.in_bulk([str(neighbour.pk)]) == {neighbour.pk: neighbour}


def test_rows_are_ordered_by_city_then_id(vehicle):
    rome = VehicleFactory(logged=False, city="rome")
    amsterdam = VehicleFactory(logged=False, city="amsterdam")

    assert list(Vehicle.objects.order_by("pk")) == [amsterdam, vehicle, rome]


def test_a_key_is_selected_as_a_value(vehicle):
    assert list(Vehicle.objects.values_list("pk", flat=True)) == [tuple(vehicle.pk)]


# --- Deleting and saving ----------------------------------------------------------------------------


def test_deleting_one_row_leaves_its_neighbours(vehicle, neighbour):
    vehicle.delete()

    assert list(Vehicle.objects.all()) == [neighbour]


def test_rows_are_deleted_by_the_texts_of_their_keys(vehicle, neighbour):
    deleted, _by_model = Vehicle.objects.filter(pk__in=[str(vehicle.pk), "junk"]).delete()

    assert deleted == 1
    assert list(Vehicle.objects.all()) == [neighbour]


def test_rows_are_deleted_across_a_relation(vehicle, neighbour):
    ride = RideFactory(vehicle=vehicle)
    kept = RideFactory(vehicle=neighbour)
    Vehicle.objects.filter(pk=vehicle.pk).update(color="red")

    Ride.objects.filter(vehicle__color="red").delete()

    assert list(Ride.objects.all()) == [kept] != [ride]


def test_saving_an_object_again_updates_its_row(vehicle):
    vehicle.color = "red"
    vehicle.save()

    assert [row.color for row in Vehicle.objects.all()] == ["red"]


def test_changing_a_part_of_the_key_and_saving_makes_a_second_row(vehicle):
    """Django inserts a new row, so a row's city never changes."""
    old = vehicle.pk
    vehicle.city, vehicle.code = "rome", "ROM22222"
    vehicle.save()

    assert set(Vehicle.objects.values_list("pk", flat=True)) == {tuple(old), tuple(vehicle.pk)}


# --- What Django rejects, and workarounds -----------------------------------------------------------


def test_the_largest_key_can_not_be_asked_for(vehicle):
    with pytest.raises(ValueError, match="composite"):
        Vehicle.objects.aggregate(Max("pk"))


def test_related_rows_are_counted_by_their_ids(vehicle):
    RideFactory.create_batch(2, vehicle=vehicle)

    counted = Vehicle.objects.annotate(rides_count=Count("rides__id", distinct=True))

    assert counted.get().rides_count == 2
    with pytest.raises(ValueError, match="composite"):
        Vehicle.objects.annotate(Count("rides", distinct=True)).get()


# --- Many at once -------------------------------------------------------------------------------------

BATCH = 500


@pytest.fixture
def crowd(db):
    """One more row than three batches."""
    rows = [VehicleFactory.build(number=number) for number in range(3 * BATCH + 1)]
    return Vehicle.objects.bulk_create(rows, batch_size=BATCH)


def test_five_hundred_keys_fit_into_one_statement(crowd):
    keys = [vehicle.pk for vehicle in crowd[:BATCH]]

    assert Vehicle.objects.filter(pk__in=keys).count() == BATCH


@on_sqlite
def test_a_thousand_do_not(crowd):
    """The reason for batches. They can be removed once SQLite supports it."""
    keys = [vehicle.pk for vehicle in crowd[: 2 * BATCH]]

    with pytest.raises(OperationalError, match="too large"):
        Vehicle.objects.filter(pk__in=keys).count()


def test_five_hundred_rows_fetch_their_relations(crowd):
    some = Vehicle.objects.order_by("code").prefetch_related("rides")[:BATCH]

    assert len(some) == BATCH


def test_more_rows_than_one_statement_holds_are_fetched_by_key(crowd):
    assert len(Vehicle.objects.in_bulk([vehicle.pk for vehicle in crowd])) == len(crowd)


def test_more_rows_than_one_statement_holds_are_deleted(crowd):
    deleted, _by_model = Vehicle.objects.all().delete()

    assert deleted == len(crowd)


# --- Fixtures -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", ["json", "jsonl", "xml"])
def test_rows_survive_being_written_out_and_read_in(vehicle, format_):
    ride = RideFactory(vehicle=vehicle)
    text = serializers.serialize(format_, [vehicle, ride])
    Ride.objects.all().delete()
    Vehicle.objects.all().delete()

    for row in serializers.deserialize(format_, text):
        row.save()

    assert Vehicle.objects.get() == vehicle
    assert Ride.objects.get().vehicle == vehicle
    assert Ride.objects.get().rider == ride.rider


def test_a_dumped_database_loads_again(vehicle, tmp_path):
    rider = UserFactory(city="rome")
    ride = RideFactory(vehicle=vehicle, rider=rider)
    fixture = tmp_path / "rows.json"
    call_command("dumpdata", "accounts.User", "fleet", "rides", output=str(fixture), verbosity=0)
    for model in (Ride, Vehicle, User):
        model.objects.all().delete()

    call_command("loaddata", str(fixture), verbosity=0)

    assert Ride.objects.select_related("vehicle", "rider").get() == ride
    assert Ride.objects.get().rider == rider


def test_a_dump_holds_the_columns_and_not_the_relations(vehicle):
    ride = RideFactory(vehicle=vehicle)
    (row,) = json.loads(serializers.serialize("json", [ride]))

    assert row["pk"] == ["paris", str(ride.id)]
    assert {"city", "id", "vehicle_id", "rider_city", "rider_id"} <= row["fields"].keys()
    assert row["fields"].keys().isdisjoint({"vehicle", "rider"})
