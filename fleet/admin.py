from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cities.admin import CityFilter, city_name
from cities.forms import CityField
from cities.registry import registry
from movr_project.admin import KeySearchMixin, chosen, confirm_action, for_each
from movr_project.admin_links import link_list, link_to

from .choices import VehicleType
from .label_views import labels_page
from .models import CITY_CODE_LENGTH, Vehicle
from .services import (
    VehicleRefused,
    approve_vehicle,
    check_position,
    delete_vehicle,
    edit_vehicle,
    insert_vehicle,
    remove_vehicle,
)

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


class ApprovalFilter(admin.SimpleListFilter):
    title = gettext_lazy("approval")
    parameter_name = "approved"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin):
        return [("no", _("Waiting for approval")), ("yes", _("Approved"))]

    def queryset(self, request: HttpRequest, queryset):
        if self.value() not in {"no", "yes"}:
            return queryset
        return queryset.filter(approved_at__isnull=self.value() == "no")


class KeeperFilter(admin.SimpleListFilter):
    title = gettext_lazy("whose")
    parameter_name = "whose"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin):
        return [("operator", _("The operator's own")), ("owner", _("A private owner's"))]

    def queryset(self, request: HttpRequest, queryset):
        if self.value() not in {"operator", "owner"}:
            return queryset
        return queryset.filter(owner_id__isnull=self.value() == "operator")


@admin.register(Vehicle)
class VehicleAdmin(KeySearchMixin, admin.ModelAdmin):
    """The fleet. What a ride or an owner decides is not edited by hand: actions call the services."""

    form = VehicleForm
    list_display = [
        "code",
        "type",
        city_name,
        "status",
        "owner_link",
        "last_location",
        "battery_percent",
        "date_added",
    ]
    list_filter = [CityFilter, "status", "type", ApprovalFilter, KeeperFilter]
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
    actions = ["decommission", "approve", "print_labels"]
    readonly_fields = [
        "code",
        "city_label",
        "status",
        "owner_link",
        "date_added",
        "approved_at",
        "recent_rides",
        "key",
    ]

    def get_search_results(self, request: HttpRequest, queryset, search_term: str):
        """A whole code names its city, and is found by the index whatever the size of the fleet."""
        code = search_term.strip().upper()
        city = registry.with_code(code[:CITY_CODE_LENGTH])
        if city:
            found = queryset.filter(city=city.name, code=code)
            if found.exists():
                return found, False
        return super().get_search_results(request, queryset, search_term)

    def get_form(self, request: HttpRequest, obj: Vehicle | None = None, change: bool = False, **kwargs):
        return super().get_form(request, obj, change, **(kwargs if change else {"form": AddVehicleForm} | kwargs))

    def get_fieldsets(self, request: HttpRequest, obj: Vehicle | None = None):
        place = (_("Place"), {"fields": ["last_location", "latitude", "longitude"]})
        state = (_("Battery and lock"), {"fields": [*BATTERY, "lock_code"]})
        if obj is None:
            return [(None, {"fields": ["city", "type", "brand", "color"]}), place, state]
        return [
            (None, {"fields": ["code", "city_label", "type", "brand", "color"]}),
            (_("Now"), {"fields": ["status", "owner_link", "approved_at", "date_added"]}),
            place,
            state if self.has_change_permission(request, obj) else (_("Battery"), {"fields": BATTERY}),
            (_("History"), {"fields": ["recent_rides", "key"]}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Vehicle | None = None):
        fields = super().get_readonly_fields(request, obj)
        # Where a vehicle on a trip is left, its rider says.
        moving = obj is not None and obj.is_on_trip
        return [*fields, "last_location", "latitude", "longitude"] if moving else fields

    @admin.display(description=gettext_lazy("owner"))
    def owner_link(self, vehicle: Vehicle) -> str:
        return link_to(vehicle.owner) if vehicle.owner_id else _("the operator")

    @admin.display(description=gettext_lazy("city"))
    def city_label(self, vehicle: Vehicle) -> str:
        return str(vehicle.served_city)

    @admin.display(description=gettext_lazy("key"))
    def key(self, vehicle: Vehicle) -> str:
        return str(vehicle.pk)

    @admin.display(description=gettext_lazy("last rides"))
    def recent_rides(self, vehicle: Vehicle) -> str:
        return link_list(vehicle.rides.newest_first()[:RECENT])

    @admin.action(description=gettext_lazy("Decommission"), permissions=["change"])
    def decommission(self, request: HttpRequest, queryset) -> HttpResponse | None:
        if "confirmed" not in request.POST:
            return confirm_action(
                self, request, queryset, action="decommission", title=_("Take these vehicles off the road?")
            )
        for_each(
            request,
            queryset,
            lambda vehicle: remove_vehicle(city=vehicle.city, vehicle_id=vehicle.id, by=request.user),
            done=_("Vehicles taken off the road: %(count)d."),
            model_admin=self,
            log="Decommissioned.",
        )
        return None

    @admin.action(description=gettext_lazy("Approve for riders"), permissions=["change"])
    def approve(self, request: HttpRequest, queryset) -> HttpResponse | None:
        if "confirmed" not in request.POST:
            return confirm_action(
                self, request, queryset, action="approve", title=_("Let riders see and ride these vehicles?")
            )
        for_each(
            request,
            queryset,
            lambda vehicle: approve_vehicle(city=vehicle.city, vehicle_id=vehicle.id, by=request.user),
            done=_("Vehicles approved: %(count)d."),
            model_admin=self,
            log="Approved for riders.",
        )
        return None

    @admin.action(description=gettext_lazy("Print labels"), permissions=["view"])
    def print_labels(self, request: HttpRequest, queryset) -> HttpResponse | None:
        vehicles = chosen(request, queryset)
        return labels_page(request, vehicles, sheet=True) if vehicles else None

    def save_model(self, request: HttpRequest, obj: Vehicle, form: forms.ModelForm, change: bool) -> None:
        if change:
            edit_vehicle(obj, form.changed_data, by=request.user)
            return
        obj.approved_at = timezone.now()
        obj.park(obj.last_location, obj.position)
        insert_vehicle(obj, by=request.user)

    def delete_model(self, request: HttpRequest, obj: Vehicle) -> None:
        delete_vehicle(obj)

    def delete_queryset(self, request: HttpRequest, queryset) -> None:
        for vehicle in queryset:
            delete_vehicle(vehicle)
