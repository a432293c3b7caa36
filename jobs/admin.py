from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from accounts.models import User
from cities.admin import CityFilter, city_name
from cities.admin_times import in_utc, local_time
from movr_project.admin.actions import Confirmation, confirm_action, for_each
from movr_project.admin.links import link_to
from movr_project.admin.model_admins import ActionButtonsMixin, CappedPaginator, ReadOnlyAdmin
from movr_project.db.retry import run_transaction

from .models import Job, JobProgress, Schedule, Worker
from .services.outcomes import cancel, retry
from .services.workers import live_workers

RUNNING_AGAIN = Confirmation(
    ngettext_lazy(
        "Run this job again? An e-mail whose outcome is unknown may arrive twice.",
        "Run these jobs again? E-mails whose outcome is unknown may arrive twice.",
        "count",
    ),
    ngettext_lazy("Run %(count)d job again", "Run %(count)d jobs again", "count"),
)
CANCELLING = Confirmation(
    ngettext_lazy("Cancel this job?", "Cancel these jobs?", "count"),
    ngettext_lazy("Cancel %(count)d job", "Cancel %(count)d jobs", "count"),
    is_final=True,
)


class WarnWithoutWorkerMixin:
    """Warn on the list while nobody runs jobs."""

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.method == "GET" and not live_workers():
            warning = _("No worker is running. Exports and imports wait; e-mails are sent by the web processes.")
            messages.warning(request, warning)
        return super().changelist_view(request, extra_context)  # type: ignore[misc]


@admin.register(Job)
class JobAdmin(WarnWithoutWorkerMixin, ActionButtonsMixin, ReadOnlyAdmin):
    """What runs in the background. Arguments and results are not shown: they may be personal."""

    list_display = ["task", "status", city_name, "person", "created", "due", "finished", "attempts", "error"]
    list_filter = ["status", CityFilter, "queue"]
    list_select_related = ["user"]
    search_fields = ["task__icontains", "user__username__istartswith", "error__istartswith"]
    search_help_text = gettext_lazy("Task, username, error or job ID.")
    ordering = ["-created_at"]
    show_full_result_count = False
    paginator = CappedPaginator
    actions = ["run_again", "cancel"]
    buttons = ["run_again", "cancel"]
    fieldsets = [
        (None, {"fields": ["task", "status", "error", "city", "person", "queue", "progress"]}),
        (
            gettext_lazy("When (local time)"),
            {"fields": ["created", "due", "started", "finished", "cancellation", "attempts"]},
        ),
    ]

    created = local_time("created_at", gettext_lazy("created"))
    due = local_time("run_at", gettext_lazy("due"))
    started = local_time("started_at", gettext_lazy("started"))
    finished = local_time("finished_at", gettext_lazy("ended"))
    cancellation = local_time("cancel_requested_at", gettext_lazy("cancellation requested"))

    @admin.display(description=gettext_lazy("person"), ordering="user__username")
    def person(self, job: Job) -> str:
        person: User | None = job.user
        return link_to(person) if person and not person.is_removed else "-"

    @admin.display(description=gettext_lazy("progress"))
    def progress(self, job: Job) -> str:
        return str(JobProgress.objects.filter(city=job.city, id=job.id).first() or "-")

    def has_manage_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("jobs.change_job")

    @admin.action(description=gettext_lazy("Run again"), permissions=["manage"])
    def run_again(self, request: HttpRequest, queryset: QuerySet[Job]) -> HttpResponse | None:
        """Put failed jobs back into the queue. An e-mail whose outcome is unknown may arrive twice."""
        if "confirmed" not in request.POST:
            return confirm_action(self, request, queryset, action="run_again", confirmation=RUNNING_AGAIN)
        return for_each(
            request,
            queryset,
            lambda job: retry(city=job.city, job_id=job.id),
            done=_("Jobs waiting to run again: %(count)d."),
            model_admin=self,
            log="Run again.",
        )

    @admin.action(description=gettext_lazy("Cancel"), permissions=["manage"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Job]) -> HttpResponse | None:
        """Cancel jobs: at once if they wait, else as soon as they report their progress."""
        if "confirmed" not in request.POST:
            return confirm_action(self, request, queryset, action="cancel", confirmation=CANCELLING)
        return for_each(
            request,
            queryset,
            lambda job: cancel(city=job.city, job_id=job.id),
            done=_("Jobs cancelled: %(count)d."),
            model_admin=self,
            log="Cancelled.",
        )


@admin.register(Schedule)
class ScheduleAdmin(WarnWithoutWorkerMixin, ReadOnlyAdmin):
    list_display = ["task", "last", "next"]
    key_lookups = []  # the key is the task
    search_fields = ["task__icontains"]
    actions = ["run_now"]
    fieldsets = [(None, {"fields": ["task", "last", "next"]})]

    last = local_time("last_at", gettext_lazy("last run"), city=in_utc)
    next = local_time("next_at", gettext_lazy("next run"), city=in_utc)

    def has_manage_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("jobs.change_job")

    @admin.action(description=gettext_lazy("Run now"), permissions=["manage"])
    def run_now(self, request: HttpRequest, queryset: QuerySet[Schedule]) -> None:
        """Make tasks due. A worker starts them within seconds."""
        number = run_transaction(lambda: queryset.update(next_at=timezone.now()), idempotent=True, name="run_now")
        messages.success(request, _("Tasks due now: %(count)d.") % {"count": number})


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin):
    list_display = ["name", "served", "started", "alive"]
    list_filter = [CityFilter]
    fieldsets = [(None, {"fields": ["name", "served", "started", "alive"]})]

    started = local_time("started_at", gettext_lazy("started"))
    alive = local_time("alive_until", gettext_lazy("alive until"))

    @admin.display(description=gettext_lazy("cities"))
    def served(self, worker: Worker) -> str:
        return ", ".join(worker.cities) or _("only e-mails, for a web process")
