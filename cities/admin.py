from typing import Any

from django.contrib import admin, messages
from django.db import connection
from django.db.models import Model
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from movr_project.admin.model_admins import CappedPaginator, MovrAdmin

from . import services
from .forms import CityField
from .models import City, Place, Region
from .placement.cluster import is_cockroach
from .placement.service import COMMAND
from .registry import registry


class CityFilter(admin.SimpleListFilter):
    """Filter by the row's city. For all lists of partitioned rows."""

    title = _("city")
    parameter_name = "city"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [(city.name, str(city)) for city in registry]

    def queryset(self, request: HttpRequest, queryset):
        return queryset.filter(city=self.value()) if self.value() in registry else queryset


@admin.display(description=_("city"), ordering="city")
def city_name(obj: Any) -> str:
    """A column for lists of partitioned rows."""
    return str(registry.get(obj.city) or obj.city)


@admin.register(City)
class CityAdmin(MovrAdmin):
    list_display = ["readers_name", "code", "region", "time_zone", "currency", "radius_km"]
    list_filter = ["region"]
    key_lookups = []  # the key is the name
    search_fields = ["name", "display_name", "code", "region"]
    fieldsets = [
        (None, {"fields": ["name", "display_name", "code", "region"]}),
        (_("Location"), {"fields": ["latitude", "longitude", "radius_km", "time_zone", "uses_24_hours"]}),
        (_("Money"), {"fields": ["currency"]}),
    ]

    @admin.display(description=_("display name"), ordering="display_name")
    def readers_name(self, city: City) -> str:
        return str(city)

    def get_readonly_fields(self, request: HttpRequest, obj: City | None = None) -> list[str]:
        # Keys and labels of everything in the city contain them.
        return ["name", "code"] if obj else []

    def save_model(self, request: HttpRequest, obj: City, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if "region" in form.changed_data and is_cockroach(connection):
            messages.warning(request, self._left_to_do(obj, change))

    @staticmethod
    def _left_to_do(city: City, change: bool) -> str:
        """Return what is left to do: a multi-region cluster places rows by a list of cities that must be updated."""
        if change:
            sentence = _("On a multi-region cluster, the rows of %(city)s stay where they are until you run: ")
        else:
            sentence = _("A multi-region database accepts no rows of %(city)s until you run: ")
        return f"{sentence % {'city': city}}{COMMAND}"

    def get_deleted_objects(self, objs, request: HttpRequest):
        """Show what prevents the deletion before it is confirmed."""
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


@admin.register(Region)
class RegionAdmin(MovrAdmin):
    """What riders read instead of the database's name of a region."""

    list_display = ["display_name", "name"]
    key_lookups = []  # the key is the name
    search_fields = ["name", "display_name"]
    fields = ["name", "display_name"]

    def get_readonly_fields(self, request: HttpRequest, obj: Region | None = None) -> list[str]:
        return ["name"] if obj else []


class PlaceForm(ModelForm):
    """A place has to be in its city."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        city = registry.get(cleaned.get("city") or self.instance.city)
        position = cleaned.get("latitude"), cleaned.get("longitude")
        if city and None not in position and not city.contains(*position):
            self.add_error("latitude", _("That position is outside %(city)s.") % {"city": city})
        return cleaned

    def _get_validation_exclusions(self) -> set[str]:
        # The city can't be edited, and names are unique in it.
        return super()._get_validation_exclusions() - {"city"}


class AddPlaceForm(PlaceForm):
    city = CityField()


@admin.register(Place)
class PlaceAdmin(MovrAdmin):
    """The places that people can search for on the map."""

    form = PlaceForm
    list_display = ["name", city_name]
    list_filter = [CityFilter]
    search_fields = ["name__icontains"]
    fields = ["city", "name", "latitude", "longitude"]
    paginator = CappedPaginator

    def get_form(self, request: HttpRequest, obj: Place | None = None, change: bool = False, **kwargs):
        return super().get_form(request, obj, change, **(kwargs if change else {"form": AddPlaceForm} | kwargs))

    def get_readonly_fields(self, request: HttpRequest, obj: Place | None = None) -> list[Any]:
        return ["city"] if obj else []  # part of the key
