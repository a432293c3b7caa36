"""The first terms, privacy and help texts. They have places in [brackets] that the operator fills in.

Nobody is asked to accept a text with such places: that is for the operator's own version.
"""

from pathlib import Path

from django.db import migrations

TEXTS = Path(__file__).parent / "first_documents"
KINDS = ["terms", "privacy", "help"]


def add_documents(apps, schema_editor):
    documents = apps.get_model("accounts", "Document").objects.using(schema_editor.connection.alias)
    for kind in KINDS:
        text = (TEXTS / f"{kind}.md").read_text(encoding="utf-8")
        documents.get_or_create(kind=kind, version=1, defaults={"text": text})


def remove_documents(apps, schema_editor):
    documents = apps.get_model("accounts", "Document").objects.using(schema_editor.connection.alias)
    documents.filter(kind__in=KINDS, version=1).delete()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_account_life")]

    operations = [migrations.RunPython(add_documents, remove_documents)]
