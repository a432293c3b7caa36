from django.db import migrations

from documents.first_versions import add_first_documents, remove_first_documents


def add(apps, schema_editor):
    add_first_documents(apps, schema_editor.connection.alias)


def remove(apps, schema_editor):
    remove_first_documents(apps, schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [("documents", "0001_initial")]

    operations = [migrations.RunPython(add, remove)]
