from django.db import migrations

from cities.served_cities import add_served_cities, remove_served_cities


def add(apps, schema_editor):
    add_served_cities(apps, schema_editor.connection.alias)


def remove(apps, schema_editor):
    remove_served_cities(apps, schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [("cities", "0001_initial")]

    operations = [migrations.RunPython(add, remove)]
