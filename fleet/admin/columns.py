"""Columns that the fleet's lists and pages in the administration share."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from movr_project.admin_links import link_to

from ..services import local_moment


def local_time(name: str, description: Any, *, empty: Any = "-"):
    """A column with a moment by the clocks of the row's city."""

    @admin.display(description=description, ordering=name)
    def column(_self: admin.ModelAdmin, row: Any) -> str:
        moment: datetime | None = getattr(row, name)
        return str(empty) if moment is None else local_moment(moment, row.served_city)

    return column


def person_link(name: str, description: Any):
    """A column with a link to a person's page."""

    @admin.display(description=description, ordering=f"{name}__username")
    def column(_self: admin.ModelAdmin, row: Any) -> str:
        person: User | None = getattr(row, name)
        if person is None:
            return "-"
        return _("(account removed)") if person.is_removed else link_to(person)

    return column


class OfAVehicleMixin:
    """Rows that belong to a vehicle: its link, their city and their key."""

    @admin.display(description=gettext_lazy("vehicle"), ordering="vehicle__code")
    def vehicle_link(self, row: Any) -> str:
        return link_to(row.vehicle)

    @admin.display(description=gettext_lazy("city"))
    def city_label(self, row: Any) -> str:
        return str(row.served_city)

    @admin.display(description=gettext_lazy("key"))
    def key(self, row: Any) -> str:
        return str(row.pk)
