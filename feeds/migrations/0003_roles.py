from django.db import migrations

from feeds.roles import ROLES, remove_permissions
from operations.roles import add_roles


def add(apps, schema_editor):
    add_roles(apps, schema_editor.connection.alias, ROLES)


def remove(apps, schema_editor):
    remove_permissions(apps, schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [("feeds", "0002_initial_systems"), ("operations", "0002_roles")]

    operations = [migrations.RunPython(add, remove)]
