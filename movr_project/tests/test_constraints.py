"""``ForeignKeyConstraint``: the database rejects dangling references."""

import uuid

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import IntegrityError, connection, connections, migrations, models, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.utils import load_backend

from accounts.models import User
from accounts.tests.factories import UserFactory
from cities.models import City
from fleet.models import Vehicle
from fleet.tests.factories import VehicleFactory
from movr_project.db.constraints import ForeignKeyConstraint
from movr_project.db.engines import database_settings
from movr_project.db.keys import CityKey
from rides.models import Ride
from rides.tests.factories import RideFactory

from .databases import connected, empty_database, forget_connection, not_on_stand_in, on_server, on_sqlite
from .migrations import LaterMigration, migrate_forward, migrate_to_nothing

CONSTRAINTS = [
    pytest.param(model, constraint, id=constraint.name)
    for model in apps.get_models()
    for constraint in model._meta.constraints
    if isinstance(constraint, ForeignKeyConstraint)
]
each_constraint = pytest.mark.parametrize(("model", "constraint"), CONSTRAINTS)
# Servers check at each statement, SQLite only at COMMIT.
committed = pytest.mark.django_db(transaction=connection.vendor == "sqlite")


def owner_constraint(**options) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        name="owned", columns=["city", "owner_id"], to_table="users", to_columns=["city", "id"], **options
    )


def refused(using: str = "default"):
    """Assert that the database rejects the block's transaction, at COMMIT at the latest."""
    return _Refused(using)


class _Refused:
    def __init__(self, using: str):
        self.raises = pytest.raises(IntegrityError, match=r"(?i)foreign key")
        self.atomic = transaction.atomic(using=using)

    def __enter__(self):
        self.raises.__enter__()
        self.atomic.__enter__()

    def __exit__(self, *error):
        try:
            self.atomic.__exit__(*error)
        except IntegrityError as at_commit:
            error = type(at_commit), at_commit, at_commit.__traceback__
        return self.raises.__exit__(*error)


# --- Enforced by all engines -----------------------------------------------------------------------------


@committed
@pytest.mark.parametrize(
    "row",
    [
        pytest.param(lambda: UserFactory.build(city="atlantis"), id="person"),
        pytest.param(lambda: VehicleFactory.build(city="atlantis", code="ATL22222"), id="vehicle"),
        pytest.param(lambda: RideFactory.build(vehicle=VehicleFactory(), rider=None, city=None), id="ride"),
    ],
)
def test_nothing_is_in_a_city_that_is_not_served(row):
    row = row()
    row.city = "atlantis"

    with refused():
        row.save(force_insert=True)


@committed
def test_a_city_in_another_spelling_is_not_served():
    with refused():
        UserFactory(city="Paris")


@committed
def test_a_ride_needs_a_vehicle_that_exists():
    with refused():
        RideFactory(vehicle=VehicleFactory.build(), rider=UserFactory())


@committed
def test_a_ride_needs_a_vehicle_of_its_own_city():
    ride = RideFactory.build(vehicle=VehicleFactory(), rider=None, rider_city="paris")
    ride.city = "rome"

    with refused():
        ride.save(force_insert=True)


@committed
def test_a_ride_needs_a_rider_who_exists():
    with refused():
        RideFactory(rider=UserFactory.build())


@committed
def test_a_ride_names_the_city_where_its_rider_lives():
    ride = RideFactory()

    with refused():
        Ride.objects.filter(pk=ride.pk).update(rider_city="rome")


@committed
def test_a_vehicle_is_in_its_owners_city():
    owner = UserFactory(city="rome")

    with refused():
        VehicleFactory(city="paris", owner_id=owner.id)


@committed
def test_the_database_accepts_null_for_no_one():
    """NULL references nothing: a vehicle of the operator, and a ride of a removed account."""
    vehicle = VehicleFactory(owner=None)
    RideFactory(vehicle=vehicle, rider=None, rider_city="paris")

    assert Ride.objects.get().vehicle == vehicle


@committed
def test_a_vehicle_with_rides_is_not_deleted_behind_our_back():
    ride = RideFactory()

    with refused(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM vehicles WHERE city = %s", [ride.city])


@committed
def test_a_city_in_use_is_not_deleted():
    VehicleFactory(city="paris")

    with refused():
        City.objects.get(name="paris").delete()


@committed
def test_a_city_without_anything_is_deleted():
    VehicleFactory(city="paris")
    City.objects.get(name="rome").delete()

    assert not City.objects.filter(name="rome").exists()


@committed
def test_a_city_in_use_is_not_renamed():
    VehicleFactory(city="paris")

    with refused():
        City.objects.filter(name="paris").update(name="lutetia")


@on_sqlite
@committed
def test_sqlite_checks_when_the_transaction_ends():
    """Tables can be emptied, and fixtures loaded, in any order."""
    vehicle = VehicleFactory.build()
    rider = UserFactory()

    with transaction.atomic():
        ride = RideFactory(vehicle=vehicle, rider=rider)
        vehicle.save(force_insert=True)

    assert Ride.objects.get().vehicle == ride.vehicle


@on_server
@committed
def test_a_server_checks_at_the_statement():
    with transaction.atomic():
        rider = UserFactory()
        with pytest.raises(IntegrityError), transaction.atomic():
            RideFactory(vehicle=VehicleFactory.build(), rider=rider)

        assert not Ride.objects.exists()


# --- Moving home --------------------------------------------------------------------------------------


@committed
def test_a_rider_who_moves_takes_the_rides_along():
    rider = UserFactory(city="paris")
    ride = RideFactory(rider=rider)

    User.objects.filter(id=rider.id).update(city="rome")

    found = Ride.objects.get()
    assert (found.rider_city, found.city, found.rider) == ("rome", "paris", rider)
    assert found.pk == ride.pk


@committed
def test_an_owner_can_not_move_away_from_the_vehicles():
    owner = UserFactory(city="paris")
    VehicleFactory(owner=owner)

    with refused():
        User.objects.filter(id=owner.id).update(city="rome")


@committed
def test_a_move_to_a_city_that_is_not_served_is_refused():
    rider = UserFactory(city="paris")

    with refused():
        User.objects.filter(id=rider.id).update(city="atlantis")


# --- Declaring ----------------------------------------------------------------------------------------


def test_the_constraints_are_known():
    assert {param.id for param in CONSTRAINTS} >= {
        "users_city_is_served",
        "vehicles_city_is_served",
        "vehicles_owner_lives_in_the_city",
        "rides_city_is_served",
        "rides_vehicle_is_in_the_city",
        "rides_rider_lives_in_rider_city",
    }


@pytest.mark.parametrize(
    "model",
    [User, *(model for model in apps.get_models() if isinstance(model._meta.pk, CityKey))],
    ids=lambda model: model.__name__,
)
def test_every_row_with_a_city_is_in_a_served_one(model):
    assert is_in_a_served_city(model)


def is_in_a_served_city(model) -> bool:
    """Return whether each row points at its city, or at a row of the same city that does."""
    tables = {model._meta.db_table: model for model in apps.get_models()}
    nullable = {field.column for field in model._meta.local_concrete_fields if field.null}
    for constraint in model._meta.constraints:
        if not isinstance(constraint, ForeignKeyConstraint) or nullable & set(constraint.columns):
            continue
        columns = set(zip(constraint.columns, constraint.to_columns, strict=True))
        if constraint.to_table == "cities" and columns == {("city", "name")}:
            return True
        if ("city", "city") in columns and is_in_a_served_city(tables[constraint.to_table]):
            return True
    return False


@each_constraint
def test_its_tables_and_columns_exist(model, constraint):
    """It contains names, so a misspelt one would only be noticed by a migration."""
    tables = {model._meta.db_table: model for model in apps.get_models()}

    def columns_of(model):
        return {field.column for field in model._meta.local_concrete_fields}

    assert set(constraint.columns) <= columns_of(model)
    assert set(constraint.to_columns) <= columns_of(tables[constraint.to_table])


@each_constraint
def test_the_migration_that_adds_it_comes_after_the_table_it_points_at(model, constraint):
    """Django sees no dependency in it, so migrations name it explicitly."""
    graph = MigrationLoader(None).graph
    owner = next(other for other in apps.get_models() if other._meta.db_table == constraint.to_table)

    plan = graph.forwards_plan((model._meta.app_label, "0001_initial"))

    assert (owner._meta.app_label, "0001_initial") in plan


@each_constraint
def test_it_stays_itself_through_a_migration_file(model, constraint):
    path, args, kwargs = constraint.deconstruct()

    assert path == "movr_project.db.constraints.ForeignKeyConstraint"
    assert ForeignKeyConstraint(*args, **kwargs) == constraint == constraint.clone()


@pytest.mark.django_db
def test_models_and_migrations_agree():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_constraints_that_differ_in_one_option_differ():
    assert owner_constraint() != owner_constraint(on_update="CASCADE")
    assert owner_constraint() != owner_constraint(on_delete="CASCADE")
    assert owner_constraint() != "owned"


def test_as_many_columns_as_it_points_at():
    with pytest.raises(ValueError, match="as many columns"):
        ForeignKeyConstraint(name="odd", columns=["city"], to_table="users", to_columns=["city", "id"])


def test_a_forms_validation_queries_nothing(django_assert_num_queries, db):
    vehicle = VehicleFactory.build(city="atlantis", code="ATL22222")

    with django_assert_num_queries(0):
        owner_constraint().validate(Vehicle, vehicle)


def test_its_options_are_in_the_table_definition():
    sql = owner_constraint(on_update="CASCADE", on_delete="SET NULL").constraint_sql(
        Vehicle, connection.schema_editor()
    )

    assert sql.startswith(
        'CONSTRAINT "owned" FOREIGN KEY ("city", "owner_id") REFERENCES "users" ("city", "id") '
        "ON UPDATE CASCADE ON DELETE SET NULL"
    )


@pytest.mark.parametrize(
    ("url", "deferred"),
    [
        ("sqlite:///movr.sqlite3", True),
        ("postgres://movr@localhost/movr", False),
        ("cockroachdb://movr@localhost:26257/movr", False),
    ],
)
def test_only_sqlite_defers_it(url, deferred):
    """CockroachDB has no deferred constraints. No server is needed here."""
    settings = connections.configure_settings({"default": database_settings(url)})["default"]
    wrapper = load_backend(settings["ENGINE"]).DatabaseWrapper(settings, "unconnected")

    sql = owner_constraint().constraint_sql(Vehicle, wrapper.schema_editor())

    assert sql.endswith("DEFERRABLE INITIALLY DEFERRED") is deferred
    assert ("DEFERRABLE" in sql) is deferred


# --- Migrating ----------------------------------------------------------------------------------------


def populate(alias: str) -> None:
    """The latest migration, with a ride in Paris by someone from Rome on Bob's vehicle."""
    migrate_forward(alias)
    rider = User(username="ada", city="rome")
    rider.save(using=alias)
    owner = User(username="bob", city="paris")
    owner.save(using=alias)
    vehicle = Vehicle(city="paris", code="PAR22222", type="bike", owner_id=owner.id)
    vehicle.save(using=alias)
    new_ride(vehicle.id, rider).save(using=alias)


@pytest.fixture(scope="module")
def populated(django_db_setup, django_db_blocker, tmp_path_factory):
    folder = tmp_path_factory.mktemp("populated")
    with django_db_blocker.unblock(), empty_database(folder, "populated") as settings:
        with connected(settings, "populated") as alias:
            populate(alias)
        yield settings


# Each worker would migrate a database of its own.
in_one_worker = pytest.mark.xdist_group("populated")


@pytest.fixture
def database(populated, django_db_blocker):
    """For changes that are taken back or refused."""
    with django_db_blocker.unblock(), connected(populated, "populated") as alias:
        yield alias


@pytest.fixture
def own_database(django_db_setup, django_db_blocker, tmp_path):
    """For irreversible changes."""
    with (
        django_db_blocker.unblock(),
        empty_database(tmp_path, "own") as settings,
        connected(settings, "own") as alias,
    ):
        populate(alias)
        yield alias


def new_ride(vehicle_id: uuid.UUID, rider: User) -> Ride:
    return Ride(
        city="paris",
        id=uuid.uuid4(),
        vehicle_id=vehicle_id,
        rider_city=rider.city,
        rider_id=rider.id,
    )


def assert_rows_and_rules_are_whole(alias: str) -> None:
    """The rows still exist, and every foreign key is still enforced."""
    rides = Ride.objects.using(alias)
    ride = rides.select_related("vehicle__owner", "rider").get()
    assert (ride.vehicle.owner.username, ride.rider.username) == ("bob", "ada")
    connections[alias].check_constraints()
    with refused(alias):
        new_ride(uuid.uuid4(), ride.rider).save(using=alias)
    with refused(alias):
        Vehicle.objects.using(alias).update(owner_id=ride.rider.id)
    with refused(alias):
        User.objects.using(alias).update(city="atlantis")
    with refused(alias):
        Vehicle.objects.using(alias).all()._raw_delete(alias)


@not_on_stand_in("the engine takes a unique constraint back by DROP INDEX … CASCADE, which PostgreSQL refuses")
@pytest.mark.django_db
def test_every_migration_can_be_reversed_and_applied_again(own_database):
    migrate_to_nothing(own_database)
    left = connections[own_database].introspection.table_names()
    migrate_forward(own_database)

    assert left == ["django_migrations"]
    assert City.objects.using(own_database).count() == 9
    assert not Vehicle.objects.using(own_database).exists()


LATER_CHANGES = {
    "a column of a referenced table": (
        "fleet",
        migrations.AlterField("vehicle", "color", models.CharField(max_length=64)),
    ),
    "a column of a table that points and is pointed at": (
        "fleet",
        migrations.AddField("vehicle", "wheels", models.IntegerField(null=True)),
    ),
    "a column that has to be filled": (
        "rides",
        migrations.AddField("ride", "rating", models.IntegerField(null=True, db_index=False, default=5)),
    ),
    "the people": (
        "accounts",
        migrations.AlterField("user", "first_name", models.CharField(max_length=100)),
    ),
    "the cities": (
        "cities",
        migrations.AlterField("city", "display_name", models.CharField(max_length=100)),
    ),
    "a column becomes nullable": (
        "fleet",
        migrations.AlterField("vehicle", "last_location", models.CharField(max_length=200, null=True)),
    ),
    "an index": (
        "fleet",
        migrations.AddIndex("vehicle", models.Index(fields=["city", "color"], name="vehicles_city_color")),
    ),
    "a check": (
        "rides",
        migrations.AddConstraint(
            "ride", models.CheckConstraint(condition=~models.Q(city="atlantis"), name="rides_above_water")
        ),
    ),
}


@in_one_worker
@pytest.mark.django_db
@pytest.mark.parametrize(("app", "operation"), LATER_CHANGES.values(), ids=LATER_CHANGES.keys())
def test_a_later_migration_keeps_rows_and_foreign_keys_there_and_back(database, app, operation):
    """On SQLite each of these rebuilds a table, in an app registry without our models."""
    later = LaterMigration(database, app, operation)

    later.apply()
    assert_rows_and_rules_are_whole(database)

    later.take_back()
    assert_rows_and_rules_are_whole(database)


@in_one_worker
@pytest.mark.django_db
def test_a_constraint_can_be_removed_from_a_table_with_rows_and_restored(database):
    later = LaterMigration(database, "rides", migrations.RemoveConstraint("ride", "rides_vehicle_is_in_the_city"))

    later.apply()
    ride = new_ride(uuid.uuid4(), User.objects.using(database).get(username="ada"))
    ride.save(using=database)
    ride.delete(using=database)

    later.take_back()
    assert_rows_and_rules_are_whole(database)


@in_one_worker
@pytest.mark.django_db
def test_a_constraint_is_not_put_on_rows_that_break_it(database):
    elsewhere = ForeignKeyConstraint(
        name="rides_rider_lives_here",
        columns=["city", "rider_id"],
        to_table="users",
        to_columns=["city", "id"],
    )

    with pytest.raises(IntegrityError):
        LaterMigration(database, "rides", migrations.AddConstraint("ride", elsewhere)).apply()

    forget_connection(database)
    assert_rows_and_rules_are_whole(database)


@pytest.mark.django_db
def test_rows_go_with_the_one_they_point_at_where_the_constraint_says_so(own_database):
    cascading = ForeignKeyConstraint(
        name="rides_go_with_their_vehicle",
        columns=["city", "vehicle_id"],
        to_table="vehicles",
        to_columns=["city", "id"],
        on_delete="CASCADE",
    )
    LaterMigration(
        own_database,
        "rides",
        migrations.RemoveConstraint("ride", "rides_vehicle_is_in_the_city"),
        migrations.AddConstraint("ride", cascading),
    ).apply()

    Vehicle.objects.using(own_database).all()._raw_delete(own_database)

    assert not Ride.objects.using(own_database).exists()
