"""Restore the database to the state after migrations, after a test that commits.

Django's flush truncates every table, which takes a second on a server, and recreates content types and permissions.
Here empty tables cost one DELETE each, and rows created by migrations (cities, documents, roles, permissions) stay
unless a test has changed them.
"""

from functools import cache
from graphlib import TopologicalSorter

from django.apps import apps
from django.db import connection, transaction
from django.db.models import Model

from movr_project.db.constraints import ForeignKeyConstraint
from movr_project.tests.databases import stand_in

Rows = dict[type[Model], list[dict]]


@cache
def referencing_first() -> list[type[Model]]:
    """Return the model of each table, referencing tables before referenced ones."""
    models = {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}
    referenced = {model: set() for model in models.values()}
    for model in models.values():
        relations = [field.related_model for field in model._meta.get_fields() if not field.auto_created]
        referenced[model] |= {other for other in relations if other}
        constraints = [one for one in model._meta.constraints if isinstance(one, ForeignKeyConstraint)]
        referenced[model] |= {models[one.to_table] for one in constraints}
        referenced[model].discard(model)
    return list(TopologicalSorter(referenced).static_order())[::-1]


def rows_of(model: type[Model]) -> list[dict]:
    return list(model._base_manager.order_by("pk").values())


def rows_of_migrations() -> Rows:
    """Read the contents of the tables before the first test."""
    return {model: rows for model in referencing_first() if (rows := rows_of(model))}


def bring_back(kept: Rows) -> None:
    """Empty all tables except those in ``kept``, and restore these if their rows have changed."""
    with transaction.atomic():
        _avoid_false_conflicts()
        models = referencing_first()
        empty(model for model in models if model not in kept)
        if any(rows_of(model) != rows for model, rows in kept.items()):
            empty(kept)
            for model in reversed(kept):
                model._base_manager.bulk_create(model(**row) for row in kept[model])


def _avoid_false_conflicts() -> None:
    """On the stand-in, leave SERIALIZABLE: a test's transactions conflict with these even after they have ended."""
    if stand_in:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")


def empty(models) -> None:
    for model in models:
        rows = model._base_manager.all()
        rows._raw_delete(rows.db)  # without signals or reading the rows
