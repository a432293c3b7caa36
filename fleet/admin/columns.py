"""Columns shared by the fleet's model admins."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy

from accounts.models import User, name_of
from movr_project.admin.links import link_to


def person_link(name: str, description: Any):
    """Return a column that links to a person."""

    @admin.display(description=description, ordering=f"{name}__username")
    def column(_self: admin.ModelAdmin, row: Any) -> str:
        person: User | None = getattr(row, name)
        if person is None:
            return "-"
        return name_of(person) if person.is_removed else link_to(person)

    return column


class OfAVehicleMixin:
    """Columns for rows that belong to a vehicle: a link to it, their city and their key."""

    @admin.display(description=gettext_lazy("vehicle"), ordering="vehicle__code")
    def vehicle_link(self, row: Any) -> str:
        return link_to(row.vehicle)

    @admin.display(description=gettext_lazy("city"))
    def city_label(self, row: Any) -> str:
        return str(row.served_city)

    @admin.display(description=gettext_lazy("key"))
    def key(self, row: Any) -> str:
        return str(row.pk)
