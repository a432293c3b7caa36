"""script/check_migrations.py, with migrations that would stop the previous release."""

from types import SimpleNamespace

import pytest
from django.db import migrations, models
from django.db.migrations.state import ModelState, ProjectState

from script.check_migrations import complaints

pytestmark = pytest.mark.any_engine

EARLIER = {("fleet", "0001_initial")}


def found(*operations, **attributes):
    """Return the complaints about one new migration of a table that the previous release has."""
    state = ProjectState()
    fields = [("id", models.UUIDField(primary_key=True)), ("note", models.TextField(null=True))]
    state.add_model(ModelState("fleet", "Vehicle", fields))
    migration = SimpleNamespace(operations=list(operations), **attributes)
    loader = SimpleNamespace(
        disk_migrations={("fleet", "0001_initial"): None, ("fleet", "0002_next"): migration},
        project_state=lambda key, at_end: state,
    )
    return list(complaints(loader, EARLIER))


@pytest.mark.parametrize(
    "operation",
    [
        migrations.RemoveField("vehicle", "note"),
        migrations.RenameField("vehicle", "note", "remark"),
        migrations.DeleteModel("Vehicle"),
        migrations.AlterModelTable("Vehicle", "elsewhere"),
        migrations.AddField("vehicle", "wheels", models.IntegerField(default=2)),
        migrations.AlterField("vehicle", "note", models.TextField()),
        migrations.RunSQL("DELETE FROM vehicles"),
    ],
)
def test_what_stops_the_previous_release_is_found(operation):
    (complaint,) = found(operation)
    assert complaint.startswith("fleet.0002_next: ")


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("vehicle", "wheels", models.IntegerField(null=True)),
        migrations.AddField("vehicle", "wheels", models.IntegerField(db_default=2)),
        migrations.AlterField("vehicle", "note", models.CharField(max_length=9, null=True)),
        migrations.SeparateDatabaseAndState(state_operations=[migrations.RemoveField("vehicle", "note")]),
        migrations.RunSQL("SELECT 1", "SELECT 1"),
    ],
)
def test_what_it_need_not_know_is_not(operation):
    assert found(operation) == []


def test_a_new_table_is_this_releases_own():
    create = migrations.CreateModel("Wheel", [("id", models.UUIDField(primary_key=True))])
    add = migrations.AddField("wheel", "size", models.IntegerField(default=28))
    assert found(create, add) == []


def test_a_migration_may_say_that_it_needs_downtime():
    assert found(migrations.DeleteModel("Vehicle"), needs_downtime="Nobody has a vehicle yet.") == []
