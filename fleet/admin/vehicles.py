from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import NestedObjects
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cities.admin import CityFilter, city_name
from cities.forms import CityField
from cities.registry import registry
from movr_project.admin import ActionButtonsMixin, CappedPaginator, KeySearchMixin
from movr_project.admin_links import link_list, link_to

from ..choices import VehicleType
from ..models import Vehicle, VehicleEvent
from ..services import VehicleRefused, check_position, delete_vehicle, edit_vehicle, insert_vehicle
from ..standing import also_set_aside_as, standing_of, with_standing
from . import panels
from .filters import ApprovalFilter, KeeperFilter, StandingFilter, VehicleCodeSearchMixin, WorkFilter
from .vehicle_actions import VehicleActionsMixin

RECENT = 10
BATTERY = ["battery_percent", "range_m"]


class VehicleForm(forms.ModelForm):
    """What staff type in. A vehicle added here is the operator's own.

    The change page carries what it showed, so that what counts as changed is what staff changed, not what a
    ride has moved since.
    """

    class Meta:
        model = Vehicle
        fields = [
            "type",
            "brand",
            "color",
            "last_location",
            "latitude",
            "longitude",
            "battery_percent",
            "range_m",
            "lock_code",
        ]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.show_hidden_initial = not self.instance._state.adding

    def clean(self) -> dict:
        cleaned = super().clean()
        latitude, longitude = cleaned.get("latitude"), cleaned.get("longitude")
        if (latitude is None) != (longitude is None):
            raise forms.ValidationError(_("A position needs both latitude and longitude."))
        city = registry.get(cleaned.get("city") or self.instance.city)
        if latitude is not None and city:
            try:
                check_position(city, (latitude, longitude))
            except VehicleRefused as refused:
                self.add_error("latitude", str(refused))
        if "last_location" in cleaned and not cleaned["last_location"] and latitude is None and not self.errors:
            self.add_error("last_location", _("Say where it stands: in words, or on the map."))
        self._check_motor(cleaned)
        return cleaned

    def _check_motor(self, cleaned: dict) -> None:
        if cleaned.get("type") not in VehicleType or VehicleType(cleaned["type"]).is_motorised:
            return
        for name in ("battery_percent", "range_m"):
            if cleaned.get(name) is not None:
                self.add_error(name, _("A vehicle of this type has no motor: leave this empty."))


class AddVehicleForm(VehicleForm):
    city = CityField()

    class Meta(VehicleForm.Meta):
        fields = ["city", *VehicleForm.Meta.fields]


@admin.register(Vehicle)
class VehicleAdmin(VehicleActionsMixin, ActionButtonsMixin, VehicleCodeSearchMixin, KeySearchMixin, admin.ModelAdmin):
    """The fleet. What a ride or an owner decides is not edited by hand: actions call the services."""

    form = VehicleForm
    code_lookup = "code"
    list_display = [
        "code",
        "type",
        city_name,
        "standing",
        "owner_link",
        "where",
        "battery_percent",
        "date_added",
    ]
    paginator = CappedPaginator
    list_filter = [CityFilter, StandingFilter, WorkFilter, "type", ApprovalFilter, KeeperFilter, "status"]
    list_select_related = ["owner"]
    search_fields = [
        "code__istartswith",
        "last_location__icontains",
        "brand__istartswith",
        "owner__username__istartswith",
        "owner__email__istartswith",
    ]
    search_help_text = gettext_lazy("Code, place, brand, id, or the owner's username or e-mail.")
    date_hierarchy = "date_added"
    ordering = ["city", "code"]
    show_full_result_count = False
    buttons = ["maintain", "end_maintenance", "pick_up", "missing", "bring_back", "swap_battery"]
    readonly_fields = [
        "code",
        "city_label",
        "standing",
        "owner_link",
        "date_added",
        "approved_at",
        "open_reports",
        "calendar_ahead",
        "event_log",
        "recent_rides",
        "key",
    ]

    def get_queryset(self, request: HttpRequest):
        return with_standing(super().get_queryset(request))

    def get_form(self, request: HttpRequest, obj: Vehicle | None = None, change: bool = False, **kwargs):
        return super().get_form(request, obj, change, **(kwargs if change else {"form": AddVehicleForm} | kwargs))

    def get_fieldsets(self, request: HttpRequest, obj: Vehicle | None = None):
        place = (_("Place"), {"fields": ["last_location", "latitude", "longitude"]})
        state = (_("Battery and lock"), {"fields": [*BATTERY, "lock_code"]})
        if obj is None:
            return [(None, {"fields": ["city", "type", "brand", "color"]}), place, state]
        return [
            (None, {"fields": ["code", "city_label", "type", "brand", "color"]}),
            (
                _("Now"),
                {"fields": ["standing", "owner_link", "approved_at", "date_added", "open_reports", "calendar_ahead"]},
            ),
            place,
            state if self.has_change_permission(request, obj) else (_("Battery"), {"fields": BATTERY}),
            (_("History"), {"fields": ["event_log", "recent_rides", "key"]}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Vehicle | None = None):
        fields = super().get_readonly_fields(request, obj)
        # Where a vehicle on a trip is left, its rider says.
        moving = obj is not None and obj.is_on_trip
        return [*fields, "last_location", "latitude", "longitude"] if moving else fields

    @admin.display(description=gettext_lazy("state"))
    def standing(self, vehicle: Vehicle) -> str:
        words = [standing_of(vehicle), also_set_aside_as(vehicle)]
        return ", ".join(str(word.label) for word in words if word)

    @admin.display(description=gettext_lazy("owner"))
    def owner_link(self, vehicle: Vehicle) -> str:
        return link_to(vehicle.owner) if vehicle.owner_id else _("the operator")

    @admin.display(description=gettext_lazy("current location"), ordering="last_location")
    def where(self, vehicle: Vehicle) -> str:
        return vehicle.spot

    @admin.display(description=gettext_lazy("city"))
    def city_label(self, vehicle: Vehicle) -> str:
        return str(vehicle.served_city)

    @admin.display(description=gettext_lazy("key"))
    def key(self, vehicle: Vehicle) -> str:
        return str(vehicle.pk)

    @admin.display(description=gettext_lazy("last rides"))
    def recent_rides(self, vehicle: Vehicle) -> str:
        return link_list(vehicle.rides.newest_first()[:RECENT])

    @admin.display(description=gettext_lazy("last events"))
    def event_log(self, vehicle: Vehicle) -> str:
        return panels.history(vehicle)

    @admin.display(description=gettext_lazy("calendar"))
    def calendar_ahead(self, vehicle: Vehicle) -> str:
        return panels.calendar_ahead(vehicle)

    @admin.display(description=gettext_lazy("problems reported"))
    def open_reports(self, vehicle: Vehicle) -> str:
        return panels.open_reports(vehicle)

    def save_model(self, request: HttpRequest, obj: Vehicle, form: forms.ModelForm, change: bool) -> None:
        if change:
            edit_vehicle(obj, form.changed_data, by=request.user)
            return
        obj.approved_at = timezone.now()
        obj.park(obj.last_location, obj.position)
        insert_vehicle(obj, by=request.user)

    def get_deleted_objects(self, objs: Iterable[Model], request: HttpRequest) -> tuple[list, dict, set, list[str]]:
        """A vehicle's log goes with it. Rides and what was in its calendar keep it here."""
        nested, counts, permissions, _protected = super().get_deleted_objects(objs, request)
        collector = NestedObjects(using=DEFAULT_DB_ALIAS)
        collector.collect(objs)
        protected = [str(row) for row in collector.protected if not isinstance(row, VehicleEvent)]
        return nested, counts, permissions - {VehicleEvent._meta.verbose_name}, protected

    def delete_model(self, request: HttpRequest, obj: Vehicle) -> None:
        delete_vehicle(obj)

    def delete_queryset(self, request: HttpRequest, queryset) -> None:
        for vehicle in queryset:
            delete_vehicle(vehicle)
