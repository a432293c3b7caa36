"""Roles of staff, as groups: what each may do in the administration.

It stands in rides, which knows all apps that staff work with.
"""

from django.contrib.auth.management import create_permissions
from django.db import migrations

APPS = ["accounts", "cities", "fleet", "rides"]

LOOK_AT_EVERYTHING = {
    "accounts": ["view_document", "view_termsacceptance", "view_user"],
    "cities": ["view_city"],
    "fleet": ["view_vehicle"],
    "rides": ["view_ride"],
}
ROLES = {
    "Operations": {
        "accounts": ["view_user"],
        "cities": ["view_city"],
        "fleet": ["view_vehicle", "add_vehicle", "change_vehicle"],
        "rides": ["view_ride", "change_ride"],  # changing a ride is ending it
    },
    "Support": {
        "accounts": ["view_termsacceptance", "view_user", "change_user"],
        "fleet": ["view_vehicle"],
        "rides": ["view_ride", "change_ride"],
    },
    "Read-only": LOOK_AT_EVERYTHING,
}


def add_roles(apps, schema_editor):
    using = schema_editor.connection.alias
    _create_permissions(apps, using)
    groups = apps.get_model("auth", "Group").objects.using(using)
    permissions = apps.get_model("auth", "Permission").objects.using(using)
    for role, codenames_by_app in ROLES.items():
        group, _created = groups.get_or_create(name=role)
        for app, codenames in codenames_by_app.items():
            group.permissions.add(*permissions.filter(content_type__app_label=app, codename__in=codenames))


def _create_permissions(apps, using):
    """On a new database they are made only after the last migration."""
    for label in APPS:
        config = apps.get_app_config(label)
        module = getattr(config, "models_module", None)  # without one, Django leaves an app out
        config.models_module = True
        create_permissions(config, verbosity=0, using=using, apps=apps)
        config.models_module = module


def remove_roles(apps, schema_editor):
    groups = apps.get_model("auth", "Group").objects.using(schema_editor.connection.alias)
    groups.filter(name__in=ROLES).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("rides", "0001_initial"),
        ("accounts", "0002_account_life"),
        ("cities", "0001_initial"),
        ("fleet", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(add_roles, remove_roles)]
