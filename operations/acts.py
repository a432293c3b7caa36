"""A table of what staff can do with vehicles, for the field work page and the admin's actions."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from accounts.models import User
from fleet.models import Vehicle
from fleet.models.choices import EventType, Situation, VehicleType
from fleet.services import VehicleRefused, approve_vehicle, end_maintenance, put_in_maintenance, remove_vehicle
from fleet.services.maintenance import insert_maintenance
from movr_project.admin.actions import Confirmation

from .forms import BatteryForm, MaintenanceForm, MissingForm, OutOfServiceForm, PickUpForm, PlaceForm
from .services.field_work import drop_off_vehicle, mark_found, pick_up_vehicle, report_missing, swap_battery

ON_THE_STREET = {Situation.AVAILABLE, Situation.RESERVED, Situation.BOOKED, Situation.PAUSED}

Arguments = Callable[[Any, Vehicle], dict[str, Any]]


@dataclass(frozen=True)
class Act:
    """Something that staff who can change vehicles may do with one.

    It is offered in the ``situations`` listed; the service has the final say. ``arguments`` converts the valid form
    to the service's arguments. ``done`` is the message on the field work page, ``done_for_many`` in the admin.
    """

    button: Promise
    service: Callable[..., Any]
    situations: set[Situation]
    form: type[forms.Form] = forms.Form
    arguments: Arguments = lambda form, vehicle: {}
    done: Promise | str = ""
    confirmation: Confirmation | None = None  # in the admin
    done_for_many: Promise | str = ""
    log: str = ""  # in the admin's history
    for_battery: bool = False
    takes_id: bool = False  # of what it adds: other acts depend on the vehicle's state, which they change

    def makes_sense_for(self, vehicle: Vehicle) -> bool:
        """Return whether to offer the act for a vehicle. Requires ``with_situation``."""
        if self.for_battery and not VehicleType(vehicle.type).has_battery:
            return False
        return vehicle.staff_situation in self.situations

    def do(self, vehicle: Vehicle, form: forms.Form, *, by: User, id_: uuid.UUID | None = None) -> Any:
        """Perform the act. ``id_`` is for what it adds, so that doing it twice adds it once."""
        identity = {"id_": id_ or uuid.uuid4()} if self.takes_id else {}
        arguments = self.arguments(form, vehicle) | identity
        return self.service(city=vehicle.city, vehicle_id=vehicle.id, by=by, **arguments)


def bring_back(*, city: str, vehicle_id: Any, by: User, situation: Situation, **at: Any) -> Vehicle:
    """Drop off a picked-up vehicle, or mark a missing one as found.

    Raises what these services raise, and ``not_picked_up`` for other vehicles.
    """
    services = {Situation.PICKED_UP: drop_off_vehicle, Situation.MISSING: mark_found}
    if situation not in services:
        raise VehicleRefused(_("This vehicle is neither picked up nor missing."), code="not_picked_up")
    return services[situation](city=city, vehicle_id=vehicle_id, by=by, **at)


def _place(form: Any, vehicle: Vehicle) -> dict[str, Any]:
    return {"place": form.cleaned_data["location"], "position": form.position}


def _place_and_situation(form: Any, vehicle: Vehicle) -> dict[str, Any]:
    return _place(form, vehicle) | {"situation": vehicle.staff_situation}


def _pick_up(form: Any, vehicle: Vehicle) -> dict[str, Any]:
    return {"event_type": EventType(form.cleaned_data["reason"]), "note": form.cleaned_data["note"]}


def _values(form: Any, vehicle: Vehicle) -> dict[str, Any]:
    return form.cleaned_data


def _maintenance(form: Any, vehicle: Vehicle) -> dict[str, Any]:
    starts, ends = form.bounds_in(vehicle.served_city)
    return {"starts_at": starts, "ends_at": ends, "description": form.cleaned_data["description"]}


PICK_UP = Act(
    gettext_lazy("Pick up"),
    pick_up_vehicle,
    ON_THE_STREET | {Situation.MAINTENANCE},
    PickUpForm,
    _pick_up,
    done=gettext_lazy("%(code)s has been picked up."),
    confirmation=Confirmation(
        ngettext_lazy(
            "Pick up this vehicle? Its bookings will be cancelled.",
            "Pick up these vehicles? Their bookings will be cancelled.",
            "count",
        ),
        ngettext_lazy("Pick up %(count)d vehicle", "Pick up %(count)d vehicles", "count"),
        is_final=True,
    ),
    done_for_many=gettext_lazy("Vehicles picked up: %(count)d."),
    log="Picked up.",
)
MISSING = Act(
    gettext_lazy("Mark as missing"),
    report_missing,
    ON_THE_STREET | {Situation.MAINTENANCE},
    MissingForm,
    _values,
    done=gettext_lazy("%(code)s is now marked as missing."),
    confirmation=Confirmation(
        ngettext_lazy(
            "Mark this vehicle as missing? Its bookings will be cancelled.",
            "Mark these vehicles as missing? Their bookings will be cancelled.",
            "count",
        ),
        ngettext_lazy("Mark %(count)d vehicle as missing", "Mark %(count)d vehicles as missing", "count"),
        is_final=True,
    ),
    done_for_many=gettext_lazy("Vehicles marked as missing: %(count)d."),
    log="Marked as missing.",
)
SWAP_BATTERY = Act(
    gettext_lazy("Record battery swap"),
    swap_battery,
    ON_THE_STREET | {Situation.MAINTENANCE, Situation.PICKED_UP},
    BatteryForm,
    _values,
    done=gettext_lazy("%(code)s has a new battery."),
    confirmation=Confirmation(
        ngettext_lazy("Record a new battery for this vehicle?", "Record a new battery for these vehicles?", "count"),
        ngettext_lazy("Record %(count)d new battery", "Record %(count)d new batteries", "count"),
    ),
    done_for_many=gettext_lazy("Batteries swapped: %(count)d."),
    log="Battery swapped.",
    takes_id=True,
    for_battery=True,
)
END_MAINTENANCE = Act(
    gettext_lazy("End maintenance"),
    end_maintenance,
    {Situation.MAINTENANCE},
    done=gettext_lazy("%(code)s is back in service."),
    confirmation=Confirmation(
        ngettext_lazy("Put this vehicle back in service?", "Put these vehicles back in service?", "count"),
        ngettext_lazy("Put %(count)d vehicle back in service", "Put %(count)d vehicles back in service", "count"),
    ),
    done_for_many=gettext_lazy("Vehicles back in service: %(count)d."),
    log="Maintenance ended.",
)

# In the order of the field work page.
IN_THE_STREET = {
    "drop_off": Act(
        gettext_lazy("It's parked here"),
        drop_off_vehicle,
        {Situation.PICKED_UP},
        PlaceForm,
        _place,
        done=gettext_lazy("Dropped off. %(code)s is available again."),
    ),
    "found": Act(
        gettext_lazy("It's here"),
        mark_found,
        {Situation.MISSING},
        PlaceForm,
        _place,
        done=gettext_lazy("Found. %(code)s is available again."),
    ),
    "back": END_MAINTENANCE,
    "pick_up": PICK_UP,
    "battery": SWAP_BATTERY,
    "maintenance": Act(
        gettext_lazy("Maintenance until further notice"),
        put_in_maintenance,
        ON_THE_STREET | {Situation.IN_USE},
        OutOfServiceForm,
        _values,
        done=gettext_lazy("%(code)s is in maintenance until further notice."),
    ),
    "missing": MISSING,
}

# In the order of the admin's list of actions.
IN_THE_ADMIN = {
    "maintain": Act(
        gettext_lazy("Put in maintenance"),
        insert_maintenance,
        ON_THE_STREET | {Situation.IN_USE, Situation.MAINTENANCE},
        MaintenanceForm,
        _maintenance,
        confirmation=Confirmation(
            ngettext_lazy(
                "Put this vehicle in maintenance? Conflicting bookings will be cancelled.",
                "Put these vehicles in maintenance? Conflicting bookings will be cancelled.",
                "count",
            ),
            ngettext_lazy("Put %(count)d vehicle in maintenance", "Put %(count)d vehicles in maintenance", "count"),
            is_final=True,
        ),
        done_for_many=gettext_lazy("Vehicles put in maintenance: %(count)d."),
        log="Put in maintenance.",
        takes_id=True,
    ),
    "end_maintenance": END_MAINTENANCE,
    "pick_up": PICK_UP,
    "missing": MISSING,
    "bring_back": Act(
        gettext_lazy("Mark as found or dropped off"),
        bring_back,
        {Situation.PICKED_UP, Situation.MISSING},
        PlaceForm,
        _place_and_situation,
        confirmation=Confirmation(
            ngettext_lazy("Put this vehicle back on the street?", "Put these vehicles back on the street?", "count"),
            ngettext_lazy(
                "Put %(count)d vehicle back on the street", "Put %(count)d vehicles back on the street", "count"
            ),
        ),
        done_for_many=gettext_lazy("Vehicles back on the street: %(count)d."),
        log="Back on the street.",
    ),
    "swap_battery": SWAP_BATTERY,
    "approve": Act(
        gettext_lazy("Approve for riders"),
        approve_vehicle,
        {Situation.AWAITS_APPROVAL},
        confirmation=Confirmation(
            ngettext_lazy(
                "Approve this vehicle? Riders will be able to see and ride it.",
                "Approve these vehicles? Riders will be able to see and ride them.",
                "count",
            ),
            ngettext_lazy("Approve %(count)d vehicle", "Approve %(count)d vehicles", "count"),
        ),
        done_for_many=gettext_lazy("Vehicles approved: %(count)d."),
        log="Approved.",
    ),
    "decommission": Act(
        gettext_lazy("Decommission"),
        remove_vehicle,
        set(Situation) - {Situation.IN_USE, Situation.REMOVED},
        confirmation=Confirmation(
            ngettext_lazy("Decommission this vehicle for good?", "Decommission these vehicles for good?", "count"),
            ngettext_lazy("Decommission %(count)d vehicle", "Decommission %(count)d vehicles", "count"),
            is_final=True,
        ),
        done_for_many=gettext_lazy("Vehicles decommissioned: %(count)d."),
        log="Decommissioned.",
    ),
}
