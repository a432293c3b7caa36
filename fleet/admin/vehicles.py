from collections import Counter
from collections.abc import Iterable

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import NestedObjects
from django.core.exceptions import PermissionDenied
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from cities.admin import CityFilter, city_name
from cities.admin_times import local_time
from movr_project.admin.exports import ExportMixin
from movr_project.admin.links import link_to
from movr_project.admin.model_admins import ActionButtonsMixin, CappedPaginator, MovrAdmin
from movr_project.web.redirects import post_data, redirect_to_job
from movr_project.web.uploads import accepts_uploads

from ..forms.operators import ImportForm, OperatorsVehicleForm, VehicleForm
from ..imports import COLUMNS, MAX_BYTES, MAX_ROWS, REQUIRED
from ..models import Vehicle, VehicleEvent
from ..services import delete_vehicle, edit_vehicle, insert_vehicle, refuse_if_changed
from ..tasks import start_import
from . import panels
from .filters import ApprovalFilter, KeeperFilter, SituationFilter, VehicleCodeSearchMixin

BATTERY = ["battery_percent", "range_m"]
EXPORTED = ["code", "type", "brand", "color", "status", "date_added", "approved_at"]
WHERE_IT_IS = ["last_location", "latitude", "longitude"]


@admin.register(Vehicle)
class VehicleAdmin(ExportMixin, ActionButtonsMixin, VehicleCodeSearchMixin, MovrAdmin):
    """Vehicles. Fields that follow from rides, or that owners decide, can't be edited.

    ``operations`` registers a subclass with actions for staff.
    """

    form = VehicleForm
    code_lookup = "code"
    list_display = [
        "code",
        "type",
        city_name,
        "situation",
        "owner_link",
        "where",
        "battery_percent",
        "date_added",
    ]
    paginator = CappedPaginator
    list_filter = [CityFilter, SituationFilter, "type", ApprovalFilter, KeeperFilter, "status"]
    list_select_related = ["owner"]
    search_fields = [
        "code__istartswith",
        "last_location__icontains",
        "brand__istartswith",
        "owner__username__istartswith",
        "owner__first_name__istartswith",
        "owner__last_name__icontains",
        "owner__email__istartswith",
    ]
    search_help_text = gettext_lazy("Code, location, brand, ID, or the owner's username, name or e-mail.")
    date_hierarchy = "date_added"
    ordering = ["city", "code"]
    show_full_result_count = False
    export_columns = {
        "city": "city",
        "id": "id",
        **{name: name for name in [*EXPORTED, *WHERE_IT_IS, *BATTERY]},
        "calendar": "allocated_as",
        "owner": "owner__username",
    }
    now_fields = ["situation", "owner_link", "approved", "date_added", "calendar_ahead"]
    history_fields = ["event_log", "key"]
    readonly_fields = [
        "code",
        "city_label",
        "situation",
        "owner_link",
        "date_added",
        "approved",
        "calendar_ahead",
        "event_log",
        "old_place",
        "key",
    ]

    approved = local_time("approved_at", gettext_lazy("approved"))

    def get_queryset(self, request: HttpRequest):
        return super().get_queryset(request).with_situation()

    def get_urls(self):
        view = self.admin_site.admin_view(self.import_view)
        return [path("import/", view, name="fleet_vehicle_import"), *super().get_urls()]

    @method_decorator(accepts_uploads(max_files=1, max_bytes=MAX_BYTES))
    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Check or add the vehicles of a CSV file, in the background."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = ImportForm(post_data(request), request.FILES or None)
        if form.is_valid():
            upload, is_trial = form.cleaned_data["file"], form.cleaned_data["is_trial"]
            return redirect_to_job(start_import(user=request.user, chunks=upload.chunks(), is_trial=is_trial))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Import vehicles"),
            "form": form,
            "required": REQUIRED,
            "optional": [name for name in COLUMNS if name not in REQUIRED],
            "max_rows": MAX_ROWS,
        }
        return TemplateResponse(request, "admin/fleet/vehicle/import.html", context)

    def get_form(self, request: HttpRequest, obj: Vehicle | None = None, change: bool = False, **kwargs):
        return super().get_form(request, obj, change, **(kwargs if change else {"form": OperatorsVehicleForm} | kwargs))

    def get_fieldsets(self, request: HttpRequest, obj: Vehicle | None = None):
        words_alone = ["old_place"] if obj is not None and obj.old_position else []
        place = (_("Location"), {"fields": ["last_location", "latitude", "longitude", *words_alone]})
        state = (_("Battery and lock"), {"fields": [*BATTERY, "lock_code"]})
        if obj is None:
            return [(None, {"fields": ["city", "type", "brand", "color"]}), place, state]
        return [
            (None, {"fields": ["code", "city_label", "type", "brand", "color"]}),
            (_("Now"), {"fields": self.now_fields}),
            place,
            state if self.has_change_permission(request, obj) else (_("Battery"), {"fields": BATTERY}),
            (_("History"), {"fields": self.history_fields}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Vehicle | None = None):
        fields = super().get_readonly_fields(request, obj)
        # During a trip, only the rider decides where the vehicle will be parked.
        moving = obj is not None and obj.is_on_trip
        return [*fields, "last_location", "latitude", "longitude"] if moving else fields

    @admin.display(description=gettext_lazy("state"))
    def situation(self, vehicle: Vehicle) -> str:
        also = vehicle.calendar_situation if vehicle.is_on_trip else None
        return ", ".join(str(situation.label) for situation in (vehicle.staff_situation, also) if situation)

    @admin.display(description=gettext_lazy("owner"))
    def owner_link(self, vehicle: Vehicle) -> str:
        return link_to(vehicle.owner) if vehicle.owner_id else _("the operator")

    @admin.display(description=gettext_lazy("current location"), ordering="last_location")
    def where(self, vehicle: Vehicle) -> str:
        return vehicle.spot

    @admin.display(description=gettext_lazy("last known position"))
    def old_place(self, vehicle: Vehicle) -> str:
        return "{:.6f}, {:.6f}".format(*vehicle.old_position)

    @admin.display(description=gettext_lazy("city"))
    def city_label(self, vehicle: Vehicle) -> str:
        return str(vehicle.served_city)

    @admin.display(description=gettext_lazy("key"))
    def key(self, vehicle: Vehicle) -> str:
        return str(vehicle.pk)

    @admin.display(description=gettext_lazy("last events"))
    def event_log(self, vehicle: Vehicle) -> str:
        return panels.history(vehicle)

    @admin.display(description=gettext_lazy("calendar"))
    def calendar_ahead(self, vehicle: Vehicle) -> str:
        return panels.calendar_ahead(vehicle)

    def save_model(self, request: HttpRequest, obj: Vehicle, form: forms.ModelForm, change: bool) -> None:
        if change:
            edit_vehicle(obj, form.changed_data, by=request.user)
            return
        refuse_if_changed(request.user)
        obj.approved_at = timezone.now()
        obj.park(obj.last_location, obj.position)
        insert_vehicle(obj, by=request.user)

    def get_deleted_objects(self, objs: Iterable[Model], request: HttpRequest) -> tuple[list, dict, set, list[str]]:
        """Let a vehicle be deleted with its log, but not if it has rides or calendar entries, which are counted."""
        collector = NestedObjects(using=DEFAULT_DB_ALIAS)
        collector.collect(objs)
        protected = Counter(type(row) for row in collector.protected if not isinstance(row, VehicleEvent))
        if protected:
            return (
                [],
                {},
                set(),
                [f"{capfirst(model._meta.verbose_name_plural)}: {n}" for model, n in protected.items()],
            )
        nested, counts, permissions, _events = super().get_deleted_objects(objs, request)
        return nested, counts, permissions - {VehicleEvent._meta.verbose_name}, []

    def delete_model(self, request: HttpRequest, obj: Vehicle) -> None:
        delete_vehicle(obj)

    def delete_queryset(self, request: HttpRequest, queryset) -> None:
        for vehicle in queryset:
            delete_vehicle(vehicle)
