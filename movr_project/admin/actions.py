"""Confirm actions of the admin's lists, and run them on many rows."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ..db.retry import run_transaction
from ..errors import Refused
from ..web.redirects import safe_next

MAX_REASONS, MAX_NAMES = 5, 3  # reasons, and rows per reason, that a message lists
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
) -> None:
    """Call a service on each object. Report how many succeeded (``done`` takes ``%(count)d``) and any refusals.

    With ``model_admin``, add ``log`` to the history of each object that succeeded. Selections larger than
    ``MAX_ACTION_ROWS`` are rejected as a whole.
    """
    count = 0
    refusals: dict[str, list[str]] = defaultdict(list)
    for obj in chosen(request, queryset) or []:
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
    _report_refusals(request, refusals)


def chosen(request: HttpRequest, queryset: QuerySet) -> list[Model] | None:
    """Return the objects of an action, or None, with an error message, if there are too many."""
    objects = list(queryset[: MAX_ACTION_ROWS + 1])
    if len(objects) <= MAX_ACTION_ROWS:
        return objects
    messages.error(request, _("Choose at most %(count)d at a time.") % {"count": MAX_ACTION_ROWS})
    return None


def _report_refusals(request: HttpRequest, refusals: dict[str, list[str]]) -> None:
    """Add one message per reason, the most frequent first, naming some of the rows it applies to."""
    commonest_first = sorted(refusals.items(), key=lambda item: -len(item[1]))
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
