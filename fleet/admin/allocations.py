from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from cities.admin import CityFilter, city_name
from cities.admin_times import clock, local_time
from movr_project.admin.actions import Confirmation, confirm_action, for_each
from movr_project.admin.exports import ExportMixin
from movr_project.admin.model_admins import ActionButtonsMixin, CappedPaginator, ReadOnlyAdmin

from ..models import Allocation
from ..services import VehicleRefused, cancel_allocation
from .columns import OfAVehicleMixin, person_link
from .filters import VehicleCodeSearchMixin, WhenFilter

CANCELLING = Confirmation(
    ngettext_lazy(
        "Cancel this entry? The person it is for will be notified.",
        "Cancel these entries? The people affected will be notified.",
        "count",
    ),
    ngettext_lazy("Cancel %(count)d entry", "Cancel %(count)d entries", "count"),
    is_final=True,
)


@admin.register(Allocation)
class AllocationAdmin(ExportMixin, ActionButtonsMixin, OfAVehicleMixin, VehicleCodeSearchMixin, ReadOnlyAdmin):
    """The vehicles' calendar entries. Services create them; staff can cancel them.

    ``operations`` registers a subclass with the day view.
    """

    list_display = [
        "vehicle_link",
        "kind",
        city_name,
        "starts",
        "ends",
        "rider_link",
        "maker_link",
        "description",
        "cancelled",
        "released",
    ]
    list_display_links = ["kind"]
    list_filter = [CityFilter, WhenFilter, "kind"]
    list_select_related = ["vehicle", "rider", "made_by"]
    search_fields = [
        "vehicle__code__istartswith",
        "rider__username__istartswith",
        "rider__first_name__istartswith",
        "rider__last_name__icontains",
        "made_by__username__istartswith",
        "made_by__first_name__istartswith",
        "made_by__last_name__icontains",
    ]
    search_help_text = gettext_lazy("Vehicle code, username, name or calendar entry ID.")
    date_hierarchy = "starts_at"
    ordering = ["-starts_at"]
    show_full_result_count = False
    paginator = CappedPaginator
    export_columns = {
        "city": "city",
        "id": "id",
        "vehicle": "vehicle__code",
        "kind": "kind",
        "starts_at": "starts_at",
        "ends_at": "ends_at",
        "start_by": "start_by",
        "rider": "rider__username",
        "made_by": "made_by__username",
        "description": "description",
        "created_at": "created_at",
        "cancelled_at": "cancelled_at",
    }
    actions = ["cancel"]
    buttons = ["cancel"]
    fieldsets = [
        (None, {"fields": ["key", "city_label", "vehicle_link", "kind", "state"]}),
        (
            gettext_lazy("When (local time)"),
            {"fields": ["starts", "ends", "to_start_by", "made", "cancelled", "released"]},
        ),
        (gettext_lazy("Who and why"), {"fields": ["rider_link", "maker_link", "description", "data"]}),
    ]

    starts = local_time("starts_at", gettext_lazy("from"), empty=gettext_lazy("no start"))
    ends = local_time("ends_at", gettext_lazy("until"), empty=gettext_lazy("until further notice"))
    made = local_time("created_at", gettext_lazy("created"))
    to_start_by = local_time("start_by", gettext_lazy("ride to start by"))
    cancelled = local_time("cancelled_at", gettext_lazy("cancelled"))
    rider_link = person_link("rider", gettext_lazy("for"))
    maker_link = person_link("made_by", gettext_lazy("by"))

    @admin.display(description=gettext_lazy("released"), ordering="start_by")
    def released(self, row: Allocation) -> str:
        return clock(row.released_at, row.served_city) if row.released_at else "-"

    def buttons_for(self, request: HttpRequest, allocation: Allocation) -> list[str]:
        return [] if allocation.has_ended(timezone.now()) else self.buttons

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("fleet.change_allocation")

    @admin.action(description=gettext_lazy("Cancel entry"), permissions=["cancel"])
    def cancel(self, request: HttpRequest, queryset) -> HttpResponse | None:
        """Cancel current and future entries, and notify the people they were for."""
        not_over = queryset.from_now_on(timezone.now())
        if "confirmed" not in request.POST:
            return confirm_action(self, request, not_over, action="cancel", confirmation=CANCELLING)
        if not not_over.exists():
            messages.info(request, _("Nothing to cancel. It has already ended."))
        return for_each(
            request,
            not_over,
            lambda allocation: self._cancel(request, allocation),
            done=_("Cancelled: %(count)d."),
            model_admin=self,
            log="Cancelled.",
        )

    @staticmethod
    def _cancel(request: HttpRequest, allocation: Allocation) -> None:
        if not allocation.is_for_a_rider and not request.user.has_perm("fleet.change_vehicle"):
            raise VehicleRefused(_("Only staff who can change vehicles can put one back in service."), code="not_yours")
        cancel_allocation(city=allocation.city, allocation_id=allocation.id, by=request.user)
