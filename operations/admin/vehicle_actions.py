"""The admin's actions on vehicles, built from ``operations.acts``."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy

from cities.registry import registry
from fleet.models import Vehicle
from fleet.views.labels import labels_page
from movr_project.admin.actions import chosen, confirm_action, for_each
from movr_project.admin.background import item_id

from ..acts import IN_THE_ADMIN, Act
from ..forms import MaintenanceForm

Answer = HttpResponse | None


def action_for(name: str, act: Act) -> Callable[..., Answer]:
    """Return an admin action that shows the act's form for confirmation, then performs the act on each vehicle."""

    @admin.action(description=act.button, permissions=["change"])
    def action(model_admin: admin.ModelAdmin, request: HttpRequest, queryset: QuerySet) -> Answer:
        vehicles = chosen(request, queryset)
        if not vehicles:
            return None
        form = _form_for(act, vehicles, request.POST if "confirmed" in request.POST else None)
        if not form.is_valid():
            has_fields = form if form.fields else None
            return confirm_action(
                model_admin, request, queryset, action=name, confirmation=act.confirmation, form=has_fields
            )
        return for_each(
            request,
            queryset,
            lambda vehicle: act.do(vehicle, form, by=request.user, id_=item_id(request, vehicle)),
            done=str(act.done_for_many),
            model_admin=model_admin,
            log=act.log,
        )

    action.__name__ = name
    return action


def _form_for(act: Act, vehicles: list[Vehicle], data: Any) -> forms.Form:
    if act.form is not MaintenanceForm:
        return act.form(data)
    # Times are local to each vehicle's city.
    return MaintenanceForm(data, cities=[registry[name] for name in sorted({vehicle.city for vehicle in vehicles})])


@admin.action(description=gettext_lazy("Print labels"), permissions=["view"])
def print_labels(model_admin: admin.ModelAdmin, request: HttpRequest, queryset: QuerySet) -> Answer:
    vehicles = chosen(request, queryset)
    return labels_page(request, vehicles, sheet=True) if vehicles else None


VEHICLE_ACTIONS = [*(action_for(name, act) for name, act in IN_THE_ADMIN.items()), print_labels]
