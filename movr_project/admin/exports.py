"""Export the admin's lists as CSV, in the background."""

import logging
from collections.abc import Iterator
from typing import Any

from django.contrib.admin.views.main import ALL_VAR, PAGE_VAR, IncorrectLookupParameters
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods
from django_tasks import task

from cities.registry import registry

from ..logs import log_event
from ..spreadsheets import BYTE_ORDER_MARK, CSV_TYPE, csv_lines
from ..web.redirects import redirect_to_job
from .background import JobRequest, check_staff, model_admin_of

logger = logging.getLogger(__name__)

ROWS_AT_ONCE = 2000


class ExportMixin:
    """Offer the rows of a list, with its search and filters, as a CSV file.

    ``export_columns`` are paths of fields, by the name of the column. The names are stable and not translated, as
    programs read them. Whoever may see the list may export it.
    """

    export_columns: dict[str, str] = {}

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        return [path("export/", self.admin_site.admin_view(self.export_view), name=name), *super().get_urls()]

    @property
    def export_url(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_export")

    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def export_view(self, request: HttpRequest) -> HttpResponse:
        """Ask for confirmation, then start the export."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        query = request.GET = _without_page(request.GET)
        try:
            self.get_changelist_instance(request)
        except IncorrectLookupParameters as error:
            raise BadRequest("Unknown filters.") from error
        if request.method == "POST":
            export = export_list.using(user=request.user)
            return redirect_to_job(export.enqueue(self.opts.label_lower, query.urlencode()))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Export as CSV"),
            "columns": list(self.export_columns),
            "is_filtered": bool(query),
            "list_url": f"../?{query.urlencode()}",
        }
        return TemplateResponse(request, "admin/export.html", context)

    def rows_to_export(self, request: HttpRequest) -> QuerySet:
        return self.get_changelist_instance(request).get_queryset(request)


@task(title=gettext_lazy("Exporting a list…"), takes_context=True, exclusive=True, for_staff=True)
def export_list(context: Any, label: str, query: str) -> dict[str, int]:
    """Write the rows of an admin list to the job's file. ``label`` names the model, ``query`` is of the list's URL."""
    model_admin, request = model_admin_of(label), JobRequest(context, query=query)
    check_staff(request, allowed=model_admin.has_view_permission(request))
    rows = model_admin.rows_to_export(request)
    columns = model_admin.export_columns
    total, done = rows.order_by().count(), 0
    with context.result_file(f"{model_admin.opts.model_name}s.csv", CSV_TYPE) as file:
        file.write(BYTE_ORDER_MARK + csv_lines([columns]))
        for batch in _batches(rows, list(columns.values())):
            file.write(csv_lines(batch))
            done += len(batch)
            context.progress(done, max(total, done))
    log_event(logger, "list_exported", model=label, rows=done, user=request.user.pk)
    return {"rows": done}


def _batches(rows: QuerySet, fields: list[str]) -> Iterator[list[tuple[Any, ...]]]:
    """Yield all rows, city by city in the order of their ids, so that memory and transactions stay small."""
    for city in registry:
        of_city = rows.filter(city=city.name).order_by("id")
        batch = list(of_city.values_list(*fields, "id")[:ROWS_AT_ONCE])
        while batch:
            yield [row[:-1] for row in batch]
            batch = list(of_city.filter(id__gt=batch[-1][-1]).values_list(*fields, "id")[:ROWS_AT_ONCE])


def _without_page(query: QueryDict) -> QueryDict:
    query = query.copy()
    for name in (PAGE_VAR, ALL_VAR):
        query.pop(name, None)
    return query
