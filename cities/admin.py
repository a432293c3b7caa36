from typing import Any

from django.contrib import admin, messages
from django.db import connection
from django.db.models import Model
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from . import services
from .models import City
from .placement.cluster import is_cockroach
from .placement.service import COMMAND
from .registry import registry


class CityFilter(admin.SimpleListFilter):
    """By the city of the row. Every list of partitioned rows has it."""

    title = _("city")
    parameter_name = "city"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [(city.name, str(city)) for city in registry]

    def queryset(self, request: HttpRequest, queryset):
        return queryset.filter(city=self.value()) if self.value() in registry else queryset


@admin.display(description=_("city"), ordering="city")
def city_name(obj: Any) -> str:
    """A column for a list of partitioned rows."""
    return str(registry.get(obj.city) or obj.city)


@admin.register(City)
class CityAdmin(admin.ModelAdmin):
    list_display = ["display_name", "code", "region", "time_zone", "currency", "radius_km"]
    list_filter = ["region"]
    search_fields = ["name", "display_name", "code"]
    fieldsets = [
        (None, {"fields": ["name", "display_name", "code", "region"]}),
        (_("Place"), {"fields": ["latitude", "longitude", "radius_km", "time_zone"]}),
        (_("Money"), {"fields": ["currency"]}),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: City | None = None) -> list[str]:
        # Both stand in the keys and on the labels of everything in the city.
        return ["name", "code"] if obj else []

    def save_model(self, request: HttpRequest, obj: City, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if "region" in form.changed_data and is_cockroach(connection):
            messages.warning(request, self._left_to_do(obj, change))

    @staticmethod
    def _left_to_do(city: City, change: bool) -> str:
        """A cluster across regions places rows by a list of cities, which somebody has to renew."""
        if change:
            sentence = _("On a cluster across regions the rows of %(city)s stay where they are until this has run: ")
        else:
            sentence = _("A database that is spread over regions takes no rows of %(city)s until this has run: ")
        return f"{sentence % {'city': city}}{COMMAND}"

    def get_deleted_objects(self, objs, request: HttpRequest):
        """What stands in the way is shown before anybody confirms."""
        deleted, counts, missing_permissions, protected = super().get_deleted_objects(objs, request)
        return deleted, counts, missing_permissions, [*protected, *self._in_use(objs)]

    @staticmethod
    def _in_use(cities) -> list[str]:
        return [reason for reason in map(services.in_use, cities) if reason]

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        services.delete_city(obj)

    def delete_queryset(self, request: HttpRequest, queryset) -> None:
        for city in queryset:
            services.delete_city(city)
