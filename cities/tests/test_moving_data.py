"""The commands in docs/multi-region.md that move the data from PostgreSQL to CockroachDB."""

import re

import pytest
from django.apps import apps
from django.conf import settings

from cities.placement.places import is_migrated

pytestmark = pytest.mark.any_engine

PAGE = (settings.BASE_DIR / "docs" / "multi-region.md").read_text()
# Made anew by migrations, of no use after an hour, or finished before.
LEFT_BEHIND = {"contenttypes", "auth.permission", "axes", "throttling", "jobs"}


def moved_models():
    """Return the models in the order in which they are loaded."""
    for options in re.findall(r"manage\.py dumpdata (.+) -o \d\.xml", PAGE):
        for label in re.findall(r"(?<!-)\b[a-z_]+(?:\.[a-z]+)?(?= |$)", options.replace("--format xml", "")):
            models = [apps.get_model(label)] if "." in label else apps.get_app_config(label).get_models()
            yield from filter(is_migrated, models)


def test_every_table_is_moved_once():
    kept = [model for model in apps.get_models() if not {model._meta.app_label, model._meta.label_lower} & LEFT_BEHIND]
    moved = list(moved_models())
    assert sorted(model._meta.label for model in moved) == sorted(
        model._meta.label for model in filter(is_migrated, kept)
    )


def test_parents_are_loaded_first():
    loaded = set()
    for model in moved_models():
        loaded.add(model)
        parents = {
            field.related_model for field in model._meta.concrete_fields if field.many_to_one or field.one_to_one
        }
        assert {parent for parent in parents - loaded if parent._meta.app_label not in LEFT_BEHIND} == set(), model
