"""The queue of reports, decisions with the objections to them, and posts. Each act is in the admin's log."""

import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from cities.admin import CityFilter, city_name
from cities.admin_times import local_time
from fleet.admin.columns import person_link
from movr_project.admin.actions import Confirmation, confirm_action, for_each
from movr_project.admin.model_admins import ActionButtonsMixin, CappedPaginator, ReadOnlyAdmin
from movr_project.web.form_tokens import new_form_token

from .forms import DecisionForm, OutcomeForm, SilenceForm
from .models import Decision, Ground, Measure, Outcome, Post, Report, Subject
from .services.moderation import Item, decide, decide_objection, dismiss_report


def measure_action(
    measure: Measure, description: Promise, confirmation: Confirmation, form_class: type = DecisionForm
) -> Any:
    """Return an admin action that takes a decision about the chosen rows, after asking for its reasons."""

    @admin.action(description=description, permissions=["decide"])
    def action(model_admin: Any, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        data = request.POST if "confirmed" in request.POST else None
        form = form_class(data, initial={"token": new_form_token()})
        if not form.is_valid():
            return confirm_action(model_admin, request, queryset, action=measure, confirmation=confirmation, form=form)
        cleaned = form.cleaned_data
        return for_each(
            request,
            queryset,
            lambda row: decide(
                item=model_admin.item_of(row),
                measure=measure,
                ground=Ground(cleaned["ground"]),
                reasons=cleaned["reasons"],
                days=cleaned.get("days", 0),
                by=request.user,
                was_reported=model_admin.model is Report,
                decision_id=uuid.uuid5(row.id, f"{measure}:{cleaned['token']}"),
            ),
            done=_("Decisions: %(count)d."),
            model_admin=model_admin,
            log=f"{measure.label}. {cleaned['reasons']}",
        )

    action.__name__ = measure.value
    return action


hide = measure_action(
    Measure.HIDE,
    gettext_lazy("Hide"),
    Confirmation(
        gettext_lazy("Hide these? Only their authors will see them, with your reasons."), gettext_lazy("Hide")
    ),
)
delete = measure_action(
    Measure.DELETE,
    gettext_lazy("Delete"),
    Confirmation(
        gettext_lazy("Delete these for good? Their authors will read your reasons."),
        gettext_lazy("Delete"),
        is_final=True,
    ),
)
warn = measure_action(
    Measure.WARN,
    gettext_lazy("Warn the author"),
    Confirmation(gettext_lazy("Warn these people?"), gettext_lazy("Warn the author")),
)
silence = measure_action(
    Measure.SILENCE,
    gettext_lazy("Silence the author"),
    Confirmation(
        gettext_lazy("Silence these people? They can't write, and others don't see their posts."),
        gettext_lazy("Silence the author"),
    ),
    SilenceForm,
)
DISMISSING = Confirmation(
    gettext_lazy("Close these reports? The people who sent them are told that no rule was broken."),
    gettext_lazy("Close without a decision"),
)
DECIDING = Confirmation(gettext_lazy("Decide about these objections?"), gettext_lazy("Decide about the objection"))


class StateFilter(admin.SimpleListFilter):
    """Filter by yes or no."""

    condition: Callable[[Any, bool], Any]

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin):
        return [("yes", _("Yes")), ("no", _("No"))]

    def queryset(self, request: HttpRequest, queryset):
        return self.condition(queryset, self.value() == "yes") if self.value() in {"yes", "no"} else queryset


class OpenFilter(StateFilter):
    title = gettext_lazy("open")
    parameter_name = "open"

    @staticmethod
    def condition(queryset, yes: bool):
        return queryset.filter(closed_at__isnull=yes)


class ObjectionFilter(StateFilter):
    title = gettext_lazy("open objection")
    parameter_name = "objection"

    @staticmethod
    def condition(queryset, yes: bool):
        still_open = {"objected_at__isnull": False, "outcome": ""}
        return queryset.filter(**still_open) if yes else queryset.exclude(**still_open)


class HiddenFilter(StateFilter):
    title = gettext_lazy("hidden")
    parameter_name = "hidden"

    @staticmethod
    def condition(queryset, yes: bool):
        return queryset.filter(hidden_at__isnull=not yes)


class CommunityAdmin(ActionButtonsMixin, ReadOnlyAdmin):
    show_full_result_count = False
    paginator = CappedPaginator

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"community.change_{self.opts.model_name}")

    @admin.display(description=gettext_lazy("city"))
    def city_label(self, row: Any) -> str:
        return str(row.served_city)


class PostAdmin(CommunityAdmin):
    list_display = ["body", "author_link", city_name, "written", "language", "is_shown"]
    list_filter = [CityFilter, HiddenFilter, "language"]
    list_select_related = ["author"]
    search_fields = ["author__username__istartswith"]
    search_help_text = gettext_lazy("Username or post ID.")
    date_hierarchy = "created_at"
    ordering = ["-created_at"]
    actions = [hide, delete]
    buttons = ["hide", "delete"]
    fields = ["body", "author_link", "city_label", "written", "language", "hidden"]

    written = local_time("created_at", gettext_lazy("written"))
    hidden = local_time("hidden_at", gettext_lazy("hidden"))
    author_link = person_link("author", gettext_lazy("author"))

    @staticmethod
    def item_of(post: Post) -> Item:
        return Item.of(post)

    @admin.display(description=gettext_lazy("visible"), boolean=True)
    def is_shown(self, post: Post) -> bool:
        return not post.is_hidden


class ReportAdmin(CommunityAdmin):
    """Open reports first. Deciding about one closes all reports of the same thing."""

    list_display = ["reason", "subject", "text", "person_column", city_name, "reported", "is_report_open"]
    list_filter = [CityFilter, OpenFilter, "reason", "subject"]
    list_select_related = ["person", "reporter"]
    search_fields = ["person__username__istartswith"]
    search_help_text = gettext_lazy("Username or report ID.")
    date_hierarchy = "created_at"
    ordering = [F("closed_at").desc(nulls_first=True), "-created_at"]
    actions = [hide, delete, warn, silence, "dismiss"]
    buttons = ["hide", "delete", "warn", "silence", "dismiss"]

    def buttons_for(self, request: HttpRequest, report: Report) -> list[str]:
        about_person = {"hide", "delete"} if report.subject == Subject.PERSON else set()
        return [name for name in self.buttons if name not in about_person] if report.is_open else []

    fieldsets = [
        (None, {"fields": ["reason", "details", "subject", "text", "person_column", "city_label"]}),
        (gettext_lazy("Who and when (local time)"), {"fields": ["reporter_column", "reported", "closed"]}),
    ]

    reported = local_time("created_at", gettext_lazy("reported"))
    closed = local_time("closed_at", gettext_lazy("closed"))
    person_column = person_link("person", gettext_lazy("about"))
    reporter_column = person_link("reporter", gettext_lazy("by"))

    @staticmethod
    def item_of(report: Report) -> Item:
        return Item.of_report(report)

    @admin.display(description=gettext_lazy("open"), boolean=True, ordering="closed_at")
    def is_report_open(self, report: Report) -> bool:
        return report.is_open

    @admin.action(description=gettext_lazy("Close without a decision"), permissions=["decide"])
    def dismiss(self, request: HttpRequest, queryset) -> HttpResponse | None:
        still_open = queryset.open()
        if "confirmed" not in request.POST:
            return confirm_action(self, request, still_open, action="dismiss", confirmation=DISMISSING)
        return for_each(
            request,
            still_open,
            lambda report: dismiss_report(city=report.city, report_id=report.id),
            done=pgettext("in the community", "Reports closed: %(count)d."),
            model_admin=self,
            log="Closed without a decision.",
        )


class DecisionAdmin(CommunityAdmin):
    list_display = ["measure", "subject", "text", "person_column", city_name, "decided", "objection", "outcome"]
    list_filter = [CityFilter, ObjectionFilter, "measure", "ground"]
    list_select_related = ["person"]
    search_fields = ["person__username__istartswith"]
    search_help_text = gettext_lazy("Username or decision ID.")
    date_hierarchy = "created_at"
    ordering = ["-created_at"]
    actions = ["decide_objections"]
    buttons = ["decide_objections"]

    def buttons_for(self, request: HttpRequest, decision: Decision) -> list[str]:
        return self.buttons if decision.has_open_objection else []

    fieldsets = [
        (None, {"fields": ["measure", "end", "ground", "reasons", "subject", "text", "person_column", "city_label"]}),
        (gettext_lazy("Time (local)"), {"fields": ["decided"]}),
        (gettext_lazy("Objection"), {"fields": ["objection", "objected", "outcome", "outcome_reasons"]}),
    ]

    decided = local_time("created_at", gettext_lazy("decided"))
    end = local_time("until", gettext_lazy("until"))
    objected = local_time("objected_at", gettext_lazy("objected"))
    person_column = person_link("person", gettext_lazy("about"))

    @admin.action(description=gettext_lazy("Decide about the objection"), permissions=["decide"])
    def decide_objections(self, request: HttpRequest, queryset) -> HttpResponse | None:
        form = OutcomeForm(request.POST if "confirmed" in request.POST else None)
        still_open = queryset.filter(objected_at__isnull=False, outcome="")
        if not form.is_valid():
            return confirm_action(
                self, request, still_open, action="decide_objections", confirmation=DECIDING, form=form
            )
        outcome, reasons = Outcome(form.cleaned_data["outcome"]), form.cleaned_data["reasons"]
        return for_each(
            request,
            queryset,
            lambda row: decide_objection(
                city=row.city, decision_id=row.id, outcome=outcome, reasons=reasons, by=request.user
            ),
            done=_("Objections decided: %(count)d."),
            model_admin=self,
            log=f"{outcome.label}. {reasons}",
        )


if settings.COMMUNITY:
    admin.site.register(Post, PostAdmin)
    admin.site.register(Report, ReportAdmin)
    admin.site.register(Decision, DecisionAdmin)
