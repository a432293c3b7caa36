from django.contrib import admin
from django.utils.translation import gettext_lazy

from cities.admin import CityFilter, city_name
from movr_project.admin import CappedPaginator, KeySearchMixin, ReadOnlyAdmin
from movr_project.admin_links import link_to

from ..models import VehicleEvent
from .columns import OfAVehicleMixin, local_time, person_link
from .filters import EventTypeFilter, VehicleCodeSearchMixin


@admin.register(VehicleEvent)
class VehicleEventAdmin(OfAVehicleMixin, VehicleCodeSearchMixin, KeySearchMixin, ReadOnlyAdmin):
    """The log of what was done with vehicles. Nobody changes it."""

    list_display = ["occurred", "vehicle_link", city_name, "what_happened", "state", "actor_link", "where", "note"]
    list_filter = [CityFilter, EventTypeFilter, "state"]
    list_select_related = ["vehicle", "actor"]
    search_fields = ["vehicle__code__istartswith"]
    search_help_text = gettext_lazy("Vehicle code, or an event's id.")
    date_hierarchy = "occurred_at"
    ordering = ["-occurred_at"]
    show_full_result_count = False
    paginator = CappedPaginator
    fieldsets = [
        (None, {"fields": ["key", "city_label", "vehicle_link", "what_happened", "state", "note"]}),
        (gettext_lazy("When, in local time"), {"fields": ["occurred", "recorded"]}),
        (gettext_lazy("Where"), {"fields": ["place", "latitude", "longitude"]}),
        (gettext_lazy("Who, and for what"), {"fields": ["actor_link", "allocation_link", "ride_id"]}),
    ]

    occurred = local_time("occurred_at", gettext_lazy("when"))
    recorded = local_time("recorded_at", gettext_lazy("recorded"))
    actor_link = person_link("actor", gettext_lazy("by whom"))

    @admin.display(description=gettext_lazy("what"))
    def what_happened(self, event: VehicleEvent) -> str:
        return event.what

    @admin.display(description=gettext_lazy("place"), ordering="place")
    def where(self, event: VehicleEvent) -> str:
        return event.spot

    @admin.display(description=gettext_lazy("allocation"))
    def allocation_link(self, event: VehicleEvent) -> str:
        return link_to(event.allocation) if event.allocation_id else "-"
