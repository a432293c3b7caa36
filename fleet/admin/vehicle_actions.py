"""What staff do with vehicles from their list, many at once."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cities.registry import registry
from movr_project.admin import chosen, confirm_action, for_each

from ..choices import EventType
from ..label_views import labels_page
from ..models import Vehicle
from ..services import (
    VehicleRefused,
    approve_vehicle,
    drop_off_vehicle,
    end_maintenance,
    mark_found,
    pick_up_vehicle,
    put_in_maintenance,
    remove_vehicle,
    report_missing,
    swap_battery,
)
from ..standing import Standing, standing_of
from ..work_forms import BatteryForm, MaintenanceForm, MissingForm, PickUpForm, PlaceForm

Answer = HttpResponse | None


def key_of(vehicle: Vehicle) -> dict[str, Any]:
    return {"city": vehicle.city, "vehicle_id": vehicle.id}


class VehicleActionsMixin:
    """Each asks first, on a page with the form of what has to be said, and then calls a service for each vehicle."""

    actions = [
        "maintain",
        "end_maintenance",
        "pick_up",
        "missing",
        "bring_back",
        "swap_battery",
        "decommission",
        "approve",
        "print_labels",
    ]

    @admin.action(description=gettext_lazy("Put in maintenance"), permissions=["change"])
    def maintain(self, request: HttpRequest, queryset: QuerySet) -> Answer:
        vehicles = chosen(request, queryset)
        if not vehicles:
            return None
        cities = [registry[name] for name in sorted({vehicle.city for vehicle in vehicles})]
        form = MaintenanceForm(_sent(request), cities=cities)

        def put(vehicle: Vehicle) -> None:
            starts, ends = form.bounds_in(vehicle.served_city)
            put_in_maintenance(
                **key_of(vehicle),
                by=request.user,
                starts_at=starts,
                ends_at=ends,
                description=form.cleaned_data["description"],
            )

        return self._with_form(
            request,
            queryset,
            form,
            put,
            action="maintain",
            title=_("Put these vehicles in maintenance? Bookings in its way are cancelled."),
            done=_("Vehicles put in maintenance: %(count)d."),
            log="Put in maintenance.",
        )

    @admin.action(description=gettext_lazy("Back from maintenance"), permissions=["change"])
    def end_maintenance(self, request: HttpRequest, queryset: QuerySet) -> Answer:
        return self._with_form(
            request,
            queryset,
            None,
            lambda vehicle: end_maintenance(**key_of(vehicle), by=request.user),
            action="end_maintenance",
            title=_("Put these vehicles back on the road?"),
            done=_("Vehicles back on the road: %(count)d."),
            log="Back from maintenance.",
        )

    @admin.action(description=gettext_lazy("Pick up"), permissions=["change"])
    def pick_up(self, request: HttpRequest, queryset: QuerySet) -> Answer:
        form = PickUpForm(_sent(request))
        return self._with_form(
            request,
            queryset,
            form,
            lambda vehicle: pick_up_vehicle(
                **key_of(vehicle),
                by=request.user,
                event_type=EventType(form.cleaned_data["reason"]),
                note=form.cleaned_data["note"],
            ),
            action="pick_up",
            title=_("Pick these vehicles up? Their bookings are cancelled."),
            done=_("Vehicles picked up: %(count)d."),
            log="Picked up.",
        )

    @admin.action(description=gettext_lazy("Missing"), permissions=["change"])
    def missing(self, request: HttpRequest, queryset: QuerySet) -> Answer:
        form = MissingForm(_sent(request))
        return self._with_form(
            request,
            queryset,
            form,
            lambda vehicle: report_missing(**key_of(vehicle), by=request.user, note=form.cleaned_data["note"]),
            action="missing",
            title=_("Are these vehicles missing? Their bookings are cancelled."),
            done=_("Vehicles missing: %(count)d."),
            log="Reported missing.",
        )

    @admin.action(description=gettext_lazy("Found / dropped off"), permissions=["change"])
    def bring_back(self, request: HttpRequest, queryset: QuerySet) -> Answer:
        form = PlaceForm(_sent(request))
        return self._with_form(
            request,
            queryset,
            form,
            lambda vehicle: put_back(
                vehicle, by=request.user, place=form.cleaned_data["location"], position=form.position
            ),
            action="bring_back",
            title=_("Are these vehicles back on the street?"),
            done=_("Vehicles back on the street: %(count)d."),
            log="Back on the street.",
        )

    @admin.action(description=gettext_lazy("Battery swapped"), permissions=["change"])
    def swap_battery(self, request: HttpRequest, queryset: QuerySet) -> Answer:
        form = BatteryForm(_sent(request))
        return self._with_form(
            request,
            queryset,
            form,
            lambda vehicle: swap_battery(**key_of(vehicle), by=request.user, percent=form.cleaned_data["percent"]),
            action="swap_battery",
            title=_("Do these vehicles have a new battery?"),
            done=_("Batteries swapped: %(count)d."),
            log="Battery swapped.",
        )

    @admin.action(description=gettext_lazy("Decommission"), permissions=["change"])
    def decommission(self, request: HttpRequest, queryset: QuerySet) -> Answer:
        return self._with_form(
            request,
            queryset,
            None,
            lambda vehicle: remove_vehicle(**key_of(vehicle), by=request.user),
            action="decommission",
            title=_("Take these vehicles off the road?"),
            done=_("Vehicles taken off the road: %(count)d."),
            log="Decommissioned.",
        )

    @admin.action(description=gettext_lazy("Approve for riders"), permissions=["change"])
    def approve(self, request: HttpRequest, queryset: QuerySet) -> Answer:
        return self._with_form(
            request,
            queryset,
            None,
            lambda vehicle: approve_vehicle(**key_of(vehicle), by=request.user),
            action="approve",
            title=_("Let riders see and ride these vehicles?"),
            done=_("Vehicles approved: %(count)d."),
            log="Approved for riders.",
        )

    @admin.action(description=gettext_lazy("Print labels"), permissions=["view"])
    def print_labels(self, request: HttpRequest, queryset: QuerySet) -> Answer:
        vehicles = chosen(request, queryset)
        return labels_page(request, vehicles, sheet=True) if vehicles else None

    def _with_form(
        self,
        request: HttpRequest,
        queryset: QuerySet,
        form: forms.Form | None,
        service: Callable[[Vehicle], Any],
        *,
        action: str,
        title: str,
        done: str,
        log: str,
    ) -> Answer:
        """Ask until the answer is whole; then do it, and say how often it was done and who refused."""
        if "confirmed" not in request.POST or (form is not None and not form.is_valid()):
            return confirm_action(self, request, queryset, action=action, title=title, form=form)
        for_each(request, queryset, service, done=done, model_admin=self, log=log)
        return None


def put_back(vehicle: Vehicle, **at: Any) -> Vehicle:
    """Dropped off if it was picked up, else found. Of a vehicle from ``with_standing``."""
    standing = standing_of(vehicle)
    if standing == Standing.PICKED_UP:
        return drop_off_vehicle(**key_of(vehicle), **at)
    if standing == Standing.MISSING:
        return mark_found(**key_of(vehicle), **at)
    raise VehicleRefused(_("This vehicle is neither picked up nor missing."), code="not_picked_up")


def _sent(request: HttpRequest) -> Any:
    return request.POST if "confirmed" in request.POST else None
