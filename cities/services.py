"""Writes on cities. Staff add and edit cities in the admin."""

from collections.abc import Iterable, Iterator

from django.apps import apps
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.utils.translation import gettext as _

from movr_project.db.constraints import ForeignKeyConstraint
from movr_project.errors import Refused

from .geography import Spot
from .models import City, Place


class CityRefused(Refused):
    """Codes: ``city_in_use``."""


def in_use(city: City) -> str:
    """Return a sentence that names what is in the city, or "" if it is empty.

    Models with rows in a city are found by their foreign keys, so that later apps are included.
    """
    holders = [
        str(model._meta.verbose_name_plural)
        for model, column in _references()
        if model._base_manager.filter(**{column: city.name}).exists()
    ]
    if not holders:
        return ""
    return _("%(city)s can't be deleted. It is still used by %(holders)s.") % {
        "city": city,
        "holders": ", ".join(holders),
    }


def delete_city(city: City) -> None:
    """Delete an empty city. Part of a transaction. Raise ``CityRefused``: ``city_in_use``."""
    _refuse_in_use(city)
    try:
        with transaction.atomic():
            city.delete()
    except IntegrityError:
        _refuse_in_use(city)  # rows have just been added
        raise


def add_places(city: City, spots: Iterable[Spot]) -> None:
    """Add a city's well-known places. Names that exist are left unchanged, so it is idempotent."""
    places = [Place(city=city.name, name=name, latitude=lat, longitude=lon) for name, lat, lon in spots]
    Place.objects.bulk_create(places, ignore_conflicts=True)


def _refuse_in_use(city: City) -> None:
    reason = in_use(city)
    if reason:
        raise CityRefused(reason, code="city_in_use")


def _references() -> Iterator[tuple[type[Model], str]]:
    """Return each model and column with a foreign key to a city."""
    for model in apps.get_models():
        for constraint in model._meta.constraints:
            if isinstance(constraint, ForeignKeyConstraint) and constraint.to_table == "cities":
                yield model, constraint.columns[0]
