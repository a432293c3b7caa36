from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cities.admin import CityFilter, city_name
from movr_project.admin import (
    ActionButtonsMixin,
    CappedPaginator,
    KeySearchMixin,
    ReadOnlyAdmin,
    confirm_action,
    for_each,
)

from ..models import Allocation
from ..services import VehicleRefused, cancel_allocation
from .calendar import calendar_page
from .columns import OfAVehicleMixin, local_time, person_link
from .filters import VehicleCodeSearchMixin, WhenFilter


@admin.register(Allocation)
class AllocationAdmin(ActionButtonsMixin, OfAVehicleMixin, VehicleCodeSearchMixin, KeySearchMixin, ReadOnlyAdmin):
    """For what vehicles are set aside. Services make allocations; staff can cancel one."""

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
    ]
    list_display_links = ["kind"]
    list_filter = [CityFilter, WhenFilter, "kind"]
    list_select_related = ["vehicle", "rider", "made_by"]
    search_fields = ["vehicle__code__istartswith", "rider__username__istartswith", "made_by__username__istartswith"]
    search_help_text = gettext_lazy("Vehicle code, username, or an allocation's id.")
    date_hierarchy = "starts_at"
    ordering = ["-starts_at"]
    show_full_result_count = False
    paginator = CappedPaginator
    actions = ["cancel"]
    buttons = ["cancel"]
    fieldsets = [
        (None, {"fields": ["key", "city_label", "vehicle_link", "kind", "state"]}),
        (gettext_lazy("When, in local time"), {"fields": ["starts", "ends", "made", "cancelled"]}),
        (gettext_lazy("For whom and why"), {"fields": ["rider_link", "maker_link", "description", "data"]}),
    ]

    starts = local_time("starts_at", gettext_lazy("from"), empty=gettext_lazy("since ever"))
    ends = local_time("ends_at", gettext_lazy("until"), empty=gettext_lazy("until further notice"))
    made = local_time("created_at", gettext_lazy("made"))
    cancelled = local_time("cancelled_at", gettext_lazy("cancelled"))
    rider_link = person_link("rider", gettext_lazy("for whom"))
    maker_link = person_link("made_by", gettext_lazy("by whom"))

    def get_urls(self):
        calendar = self.admin_site.admin_view(self.calendar_view)
        return [path("calendar/", calendar, name="fleet_allocation_calendar"), *super().get_urls()]

    def calendar_view(self, request: HttpRequest) -> HttpResponse:
        """A city's day, vehicle by vehicle."""
        return calendar_page(request, self)

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("fleet.change_allocation")

    @admin.action(description=gettext_lazy("Cancel"), permissions=["cancel"])
    def cancel(self, request: HttpRequest, queryset) -> HttpResponse | None:
        """Whoever it was for is told. What is over stays as it was."""
        not_over = queryset.from_now_on(timezone.now())
        if "confirmed" not in request.POST:
            title = _("Cancel these, and tell the people they were for?")
            return confirm_action(self, request, not_over, action="cancel", title=title)
        if not not_over.exists():
            messages.info(request, _("There was nothing to cancel: it is over."))
        for_each(
            request,
            not_over,
            lambda allocation: self._cancel(request, allocation),
            done=_("Cancelled: %(count)d."),
            model_admin=self,
            log="Cancelled.",
        )
        return None

    @staticmethod
    def _cancel(request: HttpRequest, allocation: Allocation) -> None:
        if not allocation.is_for_a_rider and not request.user.has_perm("fleet.change_vehicle"):
            raise VehicleRefused(_("Only those who may change vehicles put one back on the road."), code="not_yours")
        cancel_allocation(city=allocation.city, allocation_id=allocation.id, by=request.user)
