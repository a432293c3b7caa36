from django.contrib import admin
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.utils.text import Truncator
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

from ..models import ProblemReport
from ..services import close_report
from ..work_forms import ResolutionForm
from .columns import OfAVehicleMixin, local_time, person_link
from .filters import OpenReportFilter, VehicleCodeSearchMixin

SHORT = 80


@admin.register(ProblemReport)
class ProblemReportAdmin(ActionButtonsMixin, OfAVehicleMixin, VehicleCodeSearchMixin, KeySearchMixin, ReadOnlyAdmin):
    """What people found wrong with vehicles, open ones first. The vehicle itself goes back on the road on its page."""

    list_display = [
        "kind",
        "vehicle_link",
        city_name,
        "short_text",
        "reporter_link",
        "reported",
        "took_off",
        "is_report_open",
        "resolution",
    ]
    list_filter = [CityFilter, OpenReportFilter, "kind", "took_off"]
    list_select_related = ["vehicle", "reporter"]
    search_fields = ["vehicle__code__istartswith", "reporter__username__istartswith", "text__icontains"]
    search_help_text = gettext_lazy("Vehicle code, username, words, or a report's id.")
    date_hierarchy = "created_at"
    ordering = [F("closed_at").desc(nulls_first=True), "-created_at"]
    show_full_result_count = False
    paginator = CappedPaginator
    actions = ["close"]
    buttons = ["close"]
    fieldsets = [
        (None, {"fields": ["key", "city_label", "vehicle_link", "kind", "text", "took_off"]}),
        (gettext_lazy("By whom and when, in local time"), {"fields": ["reporter_link", "reported"]}),
        (gettext_lazy("What came of it"), {"fields": ["closed", "resolution"]}),
    ]

    reported = local_time("created_at", gettext_lazy("reported"))
    closed = local_time("closed_at", gettext_lazy("closed"))
    reporter_link = person_link("reporter", gettext_lazy("by whom"))

    @admin.display(description=gettext_lazy("details"), ordering="text")
    def short_text(self, report: ProblemReport) -> str:
        """The whole of it stands on the report's own page."""
        return Truncator(report.text).chars(SHORT) or "-"

    @admin.display(description=gettext_lazy("open"), boolean=True, ordering="closed_at")
    def is_report_open(self, report: ProblemReport) -> bool:
        return report.is_open

    def has_close_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("fleet.change_problemreport")

    @admin.action(description=gettext_lazy("Close"), permissions=["close"])
    def close(self, request: HttpRequest, queryset) -> HttpResponse | None:
        """Whoever reported it is told what came of it."""
        still_open = queryset.filter(closed_at__isnull=True)
        form = ResolutionForm(request.POST if "confirmed" in request.POST else None)
        if not form.is_valid():
            title = _("Close these reports?")
            return confirm_action(self, request, still_open, action="close", title=title, form=form)
        for_each(
            request,
            still_open,
            lambda report: close_report(
                city=report.city, report_id=report.id, resolution=form.cleaned_data["resolution"]
            ),
            done=_("Reports closed: %(count)d."),
            model_admin=self,
            log="Closed.",
        )
        return None
