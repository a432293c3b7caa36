from django.db import migrations

from operations.roles import add_roles, remove_roles


def add(apps, schema_editor):
    add_roles(apps, schema_editor.connection.alias)


def remove(apps, schema_editor):
    remove_roles(apps, schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [
        ("operations", "0001_initial"),
        ("rides", "0001_initial"),
        ("fleet", "0001_initial"),
        ("documents", "0001_initial"),
        ("accounts", "0001_initial"),
        ("cities", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(add, remove)]
