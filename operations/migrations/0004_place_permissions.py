from django.db import migrations

from operations.roles import PLACE_ROLES, add_roles


def add(apps, schema_editor):
    add_roles(apps, schema_editor.connection.alias, PLACE_ROLES)


class Migration(migrations.Migration):
    """Let staff roles see the known places of cities, and Operations edit them."""

    dependencies = [
        ("operations", "0003_job_permissions"),
        ("cities", "0003_places"),
    ]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
