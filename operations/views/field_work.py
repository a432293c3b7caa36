"""The field work page, on which staff work on the vehicle in front of them."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cities.models import City
from fleet.labels import UnreadableCodeError, read_code
from fleet.models import Vehicle
from fleet.services import VehicleRefused
from fleet.views.labels import MAX_READINGS, CodeForm
from fleet.views.permissions import may_do_field_work

from ..acts import IN_THE_STREET
from ..forms import PICK_UP_REASONS

OPEN_REPORTS = 10
NEXT_ALLOCATIONS = 3


def _form_for(name: str, data: Any = None) -> forms.Form:
    return IN_THE_STREET[name].form(data, auto_id=f"id_{name}_%s")


@require_http_methods(["GET", "HEAD", "POST"])
def vehicle_work(request: HttpRequest, city: City, vehicle_id: uuid.UUID) -> HttpResponse:
    """Show a vehicle with the acts that its state allows. 404 for everyone but staff."""
    if not may_do_field_work(request):
        raise Http404
    vehicles = Vehicle.objects.not_removed().with_situation().in_city(city.name)
    vehicle = get_object_or_404(vehicles.addressed_as(vehicle_id))
    if request.method == "POST":
        return _act(request, vehicle)
    if "code" in request.GET:
        return _go_to_code(request, vehicle)
    return _page(request, vehicle)


def _act(request: HttpRequest, vehicle: Vehicle) -> HttpResponse:
    name = request.POST.get("act", "")
    act = IN_THE_STREET.get(name)
    if act is None:
        messages.error(request, _("Choose what you have done."))
        return _here(vehicle)
    form = _form_for(name, request.POST)
    if not form.is_valid():
        return _page(request, vehicle, bound={name: form})
    try:
        act.do(vehicle, form, by=request.user)
    except VehicleRefused as refused:
        if refused.code == "outside_city":
            form.add_error("latitude", str(refused))
            return _page(request, vehicle, bound={name: form})
        messages.error(request, str(refused))
    else:
        messages.success(request, act.done % {"code": vehicle.code})
    return _here(vehicle)


def _here(vehicle: Vehicle) -> HttpResponse:
    return redirect("operations:field_work", vehicle.city, vehicle.id)


def _go_to_code(request: HttpRequest, vehicle: Vehicle) -> HttpResponse:
    """Redirect to the vehicle with the entered code, in any city, or show this page with an error."""
    form = CodeForm(request.GET)
    similar: list[Vehicle] = []
    if form.is_valid():
        try:
            read = read_code(form.cleaned_data["code"], here=vehicle.served_city)
        except UnreadableCodeError as error:
            form.add_error("code", str(error))
        else:
            vehicles = Vehicle.objects.not_removed().in_city(read.city.name)
            similar = list(vehicles.filter(code__in=read.readings[:MAX_READINGS]).in_order())
            if len(similar) == 1:
                return _here(similar[0])
            sentence = (
                _("Several vehicles have a code like %(code)s.") if similar else _("No vehicle has the code %(code)s.")
            )
            form.add_error("code", sentence % {"code": read.typed})
    return _page(request, vehicle, code_form=form, similar=similar)


def _page(request: HttpRequest, vehicle: Vehicle, *, bound: dict | None = None, **context: Any) -> HttpResponse:
    """Render the page. ``bound`` maps an act to its invalid form, shown even if the act is no longer possible."""
    bound = bound or {}
    offered = [name for name, act in IN_THE_STREET.items() if act.makes_sense_for(vehicle)]
    forms_by_act = {name: _form_for(name) for name in offered} | bound
    placing = next((name for name in ("drop_off", "found") if name in forms_by_act), "")
    return render(
        request,
        "operations/field_work.html",
        {
            "vehicle": vehicle,
            "also": vehicle.calendar_situation if vehicle.is_on_trip else None,
            "acts": forms_by_act,
            "placing": placing,
            "place_form": forms_by_act.get(placing),
            "open_act": next(iter(bound), ""),
            "reasons": PICK_UP_REASONS,
            "ahead": vehicle.allocations.from_now_on(timezone.now()).in_order()[:NEXT_ALLOCATIONS],
            "reports": vehicle.problem_reports.filter(closed_at__isnull=True).order_by("-created_at")[:OPEN_REPORTS],
            "code_form": CodeForm(),
            **context,
        },
    )
