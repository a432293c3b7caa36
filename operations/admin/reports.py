from django.contrib import admin
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from cities.admin import CityFilter, city_name
from cities.admin_times import local_time
from fleet.admin.columns import OfAVehicleMixin, person_link
from fleet.admin.filters import VehicleCodeSearchMixin
from movr_project.admin.actions import Confirmation, confirm_action, for_each
from movr_project.admin.model_admins import ActionButtonsMixin, CappedPaginator, ReadOnlyAdmin
from photos.models import Subject
from photos.reading import photo_panel

from ..forms import ResolutionForm
from ..models import ProblemReport
from ..services.reports import close_report


class OpenReportFilter(admin.SimpleListFilter):
    title = gettext_lazy("open")
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin):
        return [("yes", _("Open")), ("no", _("Closed"))]

    def queryset(self, request: HttpRequest, queryset):
        if self.value() not in {"yes", "no"}:
            return queryset
        return queryset.filter(closed_at__isnull=self.value() == "yes")


SHORT = 80
CLOSING = Confirmation(
    ngettext_lazy("Close this report?", "Close these reports?", "count"),
    ngettext_lazy("Close %(count)d report", "Close %(count)d reports", "count"),
    is_final=True,  # the person reads the outcome, and it can't be opened again
)


@admin.register(ProblemReport)
class ProblemReportAdmin(ActionButtonsMixin, OfAVehicleMixin, VehicleCodeSearchMixin, ReadOnlyAdmin):
    """Problem reports. Closing one doesn't put the vehicle back in service; staff do that on the vehicle's page."""

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
    list_filter = [CityFilter, OpenReportFilter, "kind", "took_off", "is_trusted"]
    list_select_related = ["vehicle", "reporter"]
    search_fields = [
        "vehicle__code__istartswith",
        "reporter__username__istartswith",
        "reporter__first_name__istartswith",
        "reporter__last_name__icontains",
        "text__icontains",
    ]
    search_help_text = gettext_lazy("Vehicle code, username, name, text or report ID.")
    date_hierarchy = "created_at"
    ordering = [F("closed_at").desc(nulls_first=True), "-created_at"]
    show_full_result_count = False
    paginator = CappedPaginator
    actions = ["close"]
    buttons = ["close"]
    fieldsets = [
        (None, {"fields": ["key", "city_label", "vehicle_link", "kind", "text", "photo", "took_off", "is_trusted"]}),
        (gettext_lazy("Who and when (local time)"), {"fields": ["reporter_link", "reported"]}),
        (gettext_lazy("Outcome"), {"fields": ["closed", "resolution"]}),
    ]

    reported = local_time("created_at", gettext_lazy("reported"))
    closed = local_time("closed_at", gettext_lazy("closed"))
    reporter_link = person_link("reporter", gettext_lazy("by"))

    @admin.display(description=gettext_lazy("photo"))
    def photo(self, report: ProblemReport) -> SafeString | str:
        return photo_panel(Subject.REPORT, report.city, report.id)

    @admin.display(description=gettext_lazy("details"), ordering="text")
    def short_text(self, report: ProblemReport) -> str:
        """Return the beginning of the text. The report's own page shows all of it."""
        return Truncator(report.text).chars(SHORT) or "-"

    @admin.display(description=gettext_lazy("open"), boolean=True, ordering="closed_at")
    def is_report_open(self, report: ProblemReport) -> bool:
        return report.is_open

    def buttons_for(self, request: HttpRequest, report: ProblemReport) -> list[str]:
        return self.buttons if report.is_open else []

    def has_close_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("operations.change_problemreport")

    @admin.action(description=gettext_lazy("Close report"), permissions=["close"])
    def close(self, request: HttpRequest, queryset) -> HttpResponse | None:
        """Close reports with an outcome, and notify the people who reported them."""
        still_open = queryset.filter(closed_at__isnull=True)
        form = ResolutionForm(request.POST if "confirmed" in request.POST else None)
        if not form.is_valid():
            return confirm_action(self, request, still_open, action="close", confirmation=CLOSING, form=form)
        return for_each(
            request,
            still_open,
            lambda report: close_report(
                city=report.city, report_id=report.id, resolution=form.cleaned_data["resolution"]
            ),
            done=_("Reports closed: %(count)d."),
            model_admin=self,
            log="Closed.",
        )
