from django.db import migrations

from operations.roles import JOB_ROLES, add_roles


def add(apps, schema_editor):
    add_roles(apps, schema_editor.connection.alias, JOB_ROLES)


class Migration(migrations.Migration):
    dependencies = [
        ("operations", "0002_roles"),
        ("jobs", "0001_initial"),
    ]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
