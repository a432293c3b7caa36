"""Field work: what staff do with the vehicle in front of them, on a phone."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.models import User
from cities.models import City

from .choices import EventType, VehicleType
from .label_views import MOST_READINGS, CodeForm
from .labels import UnreadableCodeError, read_code
from .models import Vehicle
from .services import (
    VehicleRefused,
    drop_off_vehicle,
    end_maintenance,
    mark_found,
    pick_up_vehicle,
    put_in_maintenance,
    report_missing,
    swap_battery,
)
from .standing import Standing, also_set_aside_as, standing_of, with_standing
from .views import may_do_field_work
from .work_forms import PICK_UP_REASONS, BatteryForm, MissingForm, OutOfServiceForm, PickUpForm, PlaceForm

ON_THE_STREET = {Standing.AVAILABLE, Standing.RESERVED, Standing.BOOKED, Standing.PAUSED}
OPEN_REPORTS = 10
NEXT_ALLOCATIONS = 3


@dataclass(frozen=True)
class Act:
    """One thing that staff do: in which states, what they say, the service, and what they are told."""

    form: type[forms.Form]
    makes_sense_when: set[Standing]
    service: Callable[..., Any]
    arguments: Callable[[Any], dict[str, Any]]
    done: Any

    def form_for(self, name: str, data: Any = None) -> forms.Form:
        return self.form(data, auto_id=f"id_{name}_%s")

    def do(self, vehicle: Vehicle, form: forms.Form, *, by: User) -> None:
        self.service(city=vehicle.city, vehicle_id=vehicle.id, by=by, **self.arguments(form))


def _nothing(form: Any) -> dict[str, Any]:
    return {}


def _pick_up(form: Any) -> dict[str, Any]:
    return {"event_type": EventType(form.cleaned_data["reason"]), "note": form.cleaned_data["note"]}


def _place(form: Any) -> dict[str, Any]:
    return {"place": form.cleaned_data["location"], "position": form.position}


def _as_said(form: Any) -> dict[str, Any]:
    return form.cleaned_data


ACTS = {
    "drop_off": Act(
        PlaceForm, {Standing.PICKED_UP}, drop_off_vehicle, _place, gettext_lazy("Dropped off: %(code)s is free again.")
    ),
    "found": Act(PlaceForm, {Standing.MISSING}, mark_found, _place, gettext_lazy("Found: %(code)s is free again.")),
    "back": Act(
        forms.Form, {Standing.MAINTENANCE}, end_maintenance, _nothing, gettext_lazy("%(code)s is back on the road.")
    ),
    "pick_up": Act(
        PickUpForm,
        ON_THE_STREET | {Standing.MAINTENANCE},
        pick_up_vehicle,
        _pick_up,
        gettext_lazy("%(code)s is picked up."),
    ),
    "battery": Act(
        BatteryForm,
        ON_THE_STREET | {Standing.MAINTENANCE, Standing.PICKED_UP},
        swap_battery,
        _as_said,
        gettext_lazy("%(code)s has a new battery."),
    ),
    "maintenance": Act(
        OutOfServiceForm,
        ON_THE_STREET | {Standing.IN_USE},
        put_in_maintenance,
        _as_said,
        gettext_lazy("%(code)s is in maintenance until further notice."),
    ),
    "missing": Act(
        MissingForm,
        ON_THE_STREET | {Standing.MAINTENANCE},
        report_missing,
        _as_said,
        gettext_lazy("%(code)s is missing."),
    ),
}


@require_http_methods(["GET", "HEAD", "POST"])
def vehicle_work(request: HttpRequest, city: City, vehicle_id: uuid.UUID) -> HttpResponse:
    """One vehicle, and what makes sense in the state it is in. For everybody else there is no such page."""
    if not may_do_field_work(request):
        raise Http404
    vehicle = get_object_or_404(with_standing(Vehicle.objects.not_removed()), city=city.name, id=vehicle_id)
    if request.method == "POST":
        return _act(request, vehicle)
    if "code" in request.GET:
        return _to_the_next(request, vehicle)
    return _page(request, vehicle)


def _act(request: HttpRequest, vehicle: Vehicle) -> HttpResponse:
    name = request.POST.get("act", "")
    act = ACTS.get(name)
    if act is None:
        messages.error(request, _("Please choose what you have done."))
        return _here(vehicle)
    form = act.form_for(name, request.POST)
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
    return redirect("fleet:vehicle_work", vehicle.city, vehicle.id)


def _to_the_next(request: HttpRequest, vehicle: Vehicle) -> HttpResponse:
    """The page of the vehicle whose code was typed, in whatever city; on this one what is wrong with the code."""
    form = CodeForm(request.GET)
    similar: list[Vehicle] = []
    if form.is_valid():
        try:
            read = read_code(form.cleaned_data["code"], here=vehicle.served_city)
        except UnreadableCodeError as error:
            form.add_error("code", str(error))
        else:
            vehicles = Vehicle.objects.not_removed().in_city(read.city.name)
            similar = list(vehicles.filter(code__in=read.readings[:MOST_READINGS]).in_order())
            if len(similar) == 1:
                return _here(similar[0])
            sentence = _("More than one vehicle has a code like %(code)s.") if similar else _("There is no %(code)s.")
            form.add_error("code", sentence % {"code": read.typed})
    return _page(request, vehicle, code_form=form, similar=similar)


def _page(request: HttpRequest, vehicle: Vehicle, *, bound: dict | None = None, **context: Any) -> HttpResponse:
    """``bound`` has the form that came back with errors; it stays, whatever became of the vehicle meanwhile."""
    bound = bound or {}
    standing = standing_of(vehicle)
    offered = {name: act for name, act in ACTS.items() if standing in act.makes_sense_when}
    if not VehicleType(vehicle.type).has_battery:
        offered.pop("battery", None)
    forms_by_act = {name: act.form_for(name) for name, act in offered.items()} | bound
    placing = next((name for name in ("drop_off", "found") if name in forms_by_act), "")
    return render(
        request,
        "fleet/vehicle_work.html",
        {
            "vehicle": vehicle,
            "standing": standing,
            "also": also_set_aside_as(vehicle),
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
