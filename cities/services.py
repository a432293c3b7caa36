"""Writes on cities. They are few: staff add and edit them in the admin."""

from collections.abc import Iterator

from django.apps import apps
from django.db.models import Model
from django.utils.translation import gettext as _

from movr_project.db.constraints import ForeignKeyConstraint
from movr_project.errors import Refused

from .models import City


class CityRefused(Refused):
    """Codes: ``city_in_use``."""


def in_use(city: City) -> str:
    """A sentence naming what is in the city, or "" when nothing is.

    Who holds rows of a city is read from the models: every app that comes later is found too.
    """
    holders = [
        str(model._meta.verbose_name_plural)
        for model, column in _references()
        if model._base_manager.filter(**{column: city.name}).exists()
    ]
    if not holders:
        return ""
    return _("%(city)s is in use: there are %(holders)s.") % {
        "city": city,
        "holders": ", ".join(holders),
    }


def delete_city(city: City) -> None:
    """Delete a city in which nothing is; part of a transaction. Raises ``CityRefused``: ``city_in_use``."""
    reason = in_use(city)
    if reason:
        raise CityRefused(reason, code="city_in_use")
    city.delete()


def _references() -> Iterator[tuple[type[Model], str]]:
    """Each model and column with a foreign key to a city."""
    for model in apps.get_models():
        for constraint in model._meta.constraints:
            if isinstance(constraint, ForeignKeyConstraint) and constraint.to_table == "cities":
                yield model, constraint.columns[0]
