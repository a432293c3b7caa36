from django.db import migrations

from feeds.initial_systems import add_systems, remove_systems


def add(apps, schema_editor):
    add_systems(apps, schema_editor.connection.alias)


def remove(apps, schema_editor):
    remove_systems(apps, schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [("feeds", "0001_initial"), ("cities", "0002_served_cities")]

    operations = [migrations.RunPython(add, remove)]
