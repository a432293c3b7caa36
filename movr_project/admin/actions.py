"""Confirm actions of the admin's lists, and run them on many rows: in the background if they are very many."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django_tasks import task

from ..db.retry import run_transaction
from ..errors import Refused
from ..web.redirects import redirect_to_job, safe_next
from .background import JobRequest, StaffRefused, check_staff, job_of, model_admin_of

MAX_REASONS, MAX_NAMES = 5, 3  # reasons, and rows per reason, that a message lists
JOB_ROWS = 50  # from that many on, an action runs in the background
MAX_ACTION_ROWS = 500  # a thousand composite keys are too deep an expression for SQLite


@dataclass(frozen=True)
class Confirmation:
    """What to ask before an action. The question and the button may depend on ``count``, with ``ngettext_lazy``.

    The button names the act, as in "End 2 rides". ``is_final`` acts can't be undone, and their button is red.
    """

    question: Promise | str
    button: Promise | str
    is_final: bool = False


def confirm_action(
    model_admin: admin.ModelAdmin,
    request: HttpRequest,
    queryset: QuerySet,
    *,
    action: str,
    confirmation: Confirmation,
    form: forms.Form | None = None,
) -> TemplateResponse | None:
    """Render the confirmation page of an action, which lists the rows that it is about.

    Its button posts the selection again with ``confirmed``. At most ``MAX_ACTION_ROWS`` rows are accepted.
    """
    objects = chosen(request, queryset)
    if objects is None:
        return None
    if not objects:
        messages.info(request, _("There is nothing to do for what you selected."))
        return None
    count = {"count": len(objects)}
    return TemplateResponse(
        request,
        "admin/confirm_action.html",
        {
            **model_admin.admin_site.each_context(request),
            "opts": model_admin.opts,
            "title": str(confirmation.question % count),
            "action": action,
            "button": confirmation.button % count,
            "is_final": confirmation.is_final,
            "objects": objects,
            "keys": [str(obj.pk) for obj in objects],
            "form": form,
            "next": safe_next(request),
            "checkbox_name": helpers.ACTION_CHECKBOX_NAME,
        },
    )


def for_each(
    request: HttpRequest,
    queryset: QuerySet,
    service: Callable[[Any], Any],
    done: str,
    *,
    model_admin: admin.ModelAdmin | None = None,
    log: str = "",
) -> HttpResponse | None:
    """Call a service on each object. Report how many succeeded (``done`` takes ``%(count)d``) and any refusals.

    With ``model_admin``, add ``log`` to the history of each object that succeeded, and leave ``JOB_ROWS`` or more to a
    job, which calls the action again: the result is then a redirect to the job's page. Selections larger than
    ``MAX_ACTION_ROWS`` are rejected as a whole.
    """
    objects = chosen(request, queryset) or []
    job = job_of(request)
    if model_admin and not job and len(objects) >= JOB_ROWS:
        return _start_job(request, model_admin, objects)
    done_before = _logged_by(request, model_admin, log) if model_admin and job else set()
    objects = [obj for obj in objects if str(obj.pk) not in done_before]
    count = len(done_before)
    refusals: dict[str, list[str]] = defaultdict(list)
    for number, obj in enumerate(objects, start=count):
        if job:
            job.progress(number, len(done_before) + len(objects), obj)
        try:
            service(obj)
        except Refused as refused:
            refusals[str(refused)].append(str(obj))
            continue
        count += 1
        if model_admin:
            run_transaction(partial(model_admin.log_change, request, obj, log), name="log_change")
    if count:
        messages.success(request, done % {"count": count})
    _report_refusals(request, refusals, is_brief=not job)
    return None


def _start_job(request: HttpRequest, model_admin: admin.ModelAdmin, objects: list[Model]) -> HttpResponse:
    form = request.POST.copy()
    form.pop("csrfmiddlewaretoken", None)
    form.setlist(helpers.ACTION_CHECKBOX_NAME, [str(obj.pk) for obj in objects])
    return redirect_to_job(run_action.using(user=request.user).enqueue(model_admin.opts.label_lower, form.urlencode()))


@task(
    title=gettext_lazy("Working through your selection…"),
    takes_context=True,
    exclusive=True,
    for_staff=True,
    result_template="admin/_action_result.html",
)
def run_action(context: Any, label: str, form: str) -> dict[str, Any]:
    """Run a confirmed action of a model's list on the selected rows, with the permissions that its person has now.

    ``form`` is what the confirmation page has posted. Return the messages for the person.
    """
    model_admin, request = model_admin_of(label), JobRequest(context, form=form)
    check_staff(request, allowed=request.POST["action"] in model_admin.get_actions(request))
    action, _name, _description = model_admin.get_actions(request)[request.POST["action"]]
    keys = request.POST.getlist(helpers.ACTION_CHECKBOX_NAME)
    if action(model_admin, request, model_admin.get_queryset(request).filter(pk__in=keys)) is not None:
        # The form again: it was valid when it was sent.
        raise StaffRefused(_("What you entered is no longer valid. Please try again."), code="form_outdated")
    return {"messages": request.messages}


def _logged_by(request: HttpRequest, model_admin: admin.ModelAdmin, log: str) -> set[str]:
    """Return the keys of the selected rows that a job finished before it was interrupted, by the admin's history."""
    entries = LogEntry.objects.filter(
        user_id=request.user.pk,
        content_type=ContentType.objects.get_for_model(model_admin.model),
        action_time__gte=job_of(request).job.created_at,
        change_message=log,
    )
    return set(entries.values_list("object_id", flat=True)) & set(request.POST.getlist(helpers.ACTION_CHECKBOX_NAME))


def chosen(request: HttpRequest, queryset: QuerySet) -> list[Model] | None:
    """Return the objects of an action, or None, with an error message, if there are too many."""
    objects = list(queryset[: MAX_ACTION_ROWS + 1])
    if len(objects) <= MAX_ACTION_ROWS:
        return objects
    messages.error(request, _("Choose at most %(count)d at a time.") % {"count": MAX_ACTION_ROWS})
    return None


def _report_refusals(request: HttpRequest, refusals: dict[str, list[str]], *, is_brief: bool) -> None:
    """Add one message per reason, the most frequent first, naming the rows it applies to, or some if ``is_brief``."""
    commonest_first = sorted(refusals.items(), key=lambda item: -len(item[1]))
    if not is_brief:
        for sentence, names in commonest_first:
            messages.error(request, f"{sentence} {', '.join(names)}")
        return
    for sentence, names in commonest_first[:MAX_REASONS]:
        messages.error(request, f"{_some_of(names)}: {sentence}")
    others = sum(len(names) for _sentence, names in commonest_first[MAX_REASONS:])
    if others:
        message = ngettext(
            "%(count)d more was refused, for other reasons.", "%(count)d more were refused, for other reasons.", others
        )
        messages.error(request, message % {"count": others})


def _some_of(names: list[str]) -> str:
    shown = ", ".join(names[:MAX_NAMES])
    if len(names) <= MAX_NAMES:
        return shown
    return _("%(names)s and %(count)d more") % {"names": shown, "count": len(names) - MAX_NAMES}
