"""What the roles of staff may do with calendars, the log and reports.

A group that the operator deleted stays deleted.
"""

from importlib import import_module

from django.db import migrations

staff_roles = import_module("rides.migrations.0002_staff_roles")

LOOK = ["view_allocation", "view_vehicleevent", "view_problemreport"]
MORE = {
    # Changing an allocation is cancelling it, changing a report is closing it.
    "Operations": [*LOOK, "change_allocation", "change_problemreport"],
    "Support": [*LOOK, "change_allocation", "change_problemreport"],
    "Read-only": LOOK,
}


def add_permissions(apps, schema_editor):
    using = schema_editor.connection.alias
    staff_roles._create_permissions(apps, using)
    groups = apps.get_model("auth", "Group").objects.using(using)
    for role, codenames in MORE.items():
        for group in groups.filter(name=role):
            group.permissions.add(*_permissions(apps, using, codenames))


def remove_permissions(apps, schema_editor):
    using = schema_editor.connection.alias
    groups = apps.get_model("auth", "Group").objects.using(using)
    for role, codenames in MORE.items():
        for group in groups.filter(name=role):
            group.permissions.remove(*_permissions(apps, using, codenames))


def _permissions(apps, using, codenames):
    permissions = apps.get_model("auth", "Permission").objects.using(using)
    return permissions.filter(content_type__app_label="fleet", codename__in=codenames)


class Migration(migrations.Migration):
    dependencies = [
        ("rides", "0003_events_of_before"),
        ("fleet", "0002_calendar"),
    ]

    operations = [migrations.RunPython(add_permissions, remove_permissions)]
