from django.contrib import admin
from django.utils.translation import gettext_lazy

from cities.admin import CityFilter, city_name
from cities.admin_times import local_time
from movr_project.admin.exports import ExportMixin
from movr_project.admin.links import link_to
from movr_project.admin.model_admins import CappedPaginator, ReadOnlyAdmin

from ..models import VehicleEvent
from .columns import OfAVehicleMixin, person_link
from .filters import EventTypeFilter, VehicleCodeSearchMixin


@admin.register(VehicleEvent)
class VehicleEventAdmin(ExportMixin, OfAVehicleMixin, VehicleCodeSearchMixin, ReadOnlyAdmin):
    """The read-only log of vehicle events."""

    list_display = ["occurred", "vehicle_link", city_name, "what_happened", "state", "actor_link", "where", "note"]
    list_filter = [CityFilter, EventTypeFilter, "state"]
    list_select_related = ["vehicle", "actor"]
    search_fields = [
        "vehicle__code__istartswith",
        "actor__username__istartswith",
        "actor__first_name__istartswith",
        "actor__last_name__icontains",
        "note__icontains",
    ]
    search_help_text = gettext_lazy("Vehicle code, username, name, note or event ID.")
    date_hierarchy = "occurred_at"
    ordering = ["-occurred_at"]
    show_full_result_count = False
    paginator = CappedPaginator
    export_columns = {
        "city": "city",
        "id": "id",
        "vehicle": "vehicle__code",
        "occurred_at": "occurred_at",
        "recorded_at": "recorded_at",
        "event_types": "event_types",
        "state": "state",
        "place": "place",
        "latitude": "latitude",
        "longitude": "longitude",
        "ride": "ride_id",
        "allocation": "allocation_id",
        "actor": "actor__username",
        "note": "note",
    }
    fieldsets = [
        (None, {"fields": ["key", "city_label", "vehicle_link", "what_happened", "state", "note"]}),
        (gettext_lazy("When (local time)"), {"fields": ["occurred", "recorded"]}),
        (gettext_lazy("Location"), {"fields": ["place", "latitude", "longitude"]}),
        (gettext_lazy("Who and why"), {"fields": ["actor_link", "allocation_link", "ride_id"]}),
    ]

    occurred = local_time("occurred_at", gettext_lazy("when"))
    recorded = local_time("recorded_at", gettext_lazy("recorded"))
    actor_link = person_link("actor", gettext_lazy("by"))

    @admin.display(description=gettext_lazy("what"))
    def what_happened(self, event: VehicleEvent) -> str:
        return event.what

    @admin.display(description=gettext_lazy("location"), ordering="place")
    def where(self, event: VehicleEvent) -> str:
        return event.spot

    @admin.display(description=gettext_lazy("calendar entry"))
    def allocation_link(self, event: VehicleEvent) -> str:
        return link_to(event.allocation) if event.allocation_id else "-"
