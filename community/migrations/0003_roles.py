from django.db import migrations

from community.roles import ROLES
from operations.roles import add_roles


def add(apps, schema_editor):
    add_roles(apps, schema_editor.connection.alias, ROLES)


class Migration(migrations.Migration):
    """Give staff roles their permissions in the community."""

    dependencies = [
        ("community", "0002_search"),
        ("operations", "0002_roles"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    # Reversing the community's migrations deletes the permissions with their content types.
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
