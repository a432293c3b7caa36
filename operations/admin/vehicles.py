"""The vehicle admin, with actions for staff, rides and problem reports."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from accounts.models import name_of
from cities.admin_times import clock
from fleet.admin import VehicleAdmin
from fleet.admin.panels import table
from fleet.models import Vehicle
from movr_project.admin.links import link_to

from ..acts import IN_THE_ADMIN
from .vehicle_actions import VEHICLE_ACTIONS
from .worklists import WorkFilter

OPEN_REPORTS = 20
RECENT_RIDES = 10

admin.site.unregister(Vehicle)


@admin.register(Vehicle)
class OperatedVehicleAdmin(VehicleAdmin):
    actions = VEHICLE_ACTIONS
    final_actions = ["decommission", *VehicleAdmin.final_actions]
    list_filter = [*VehicleAdmin.list_filter, WorkFilter]
    buttons = [*IN_THE_ADMIN]
    readonly_fields = [*VehicleAdmin.readonly_fields, "open_reports", "recent_rides"]
    now_fields = [*VehicleAdmin.now_fields, "open_reports"]
    history_fields = [*VehicleAdmin.history_fields, "recent_rides"]

    def buttons_for(self, request: HttpRequest, vehicle: Vehicle) -> list[str]:
        return [name for name in self.buttons if IN_THE_ADMIN[name].makes_sense_for(vehicle)]

    @admin.display(description=gettext_lazy("last rides"))
    def recent_rides(self, vehicle: Vehicle) -> SafeString | str:
        rides = vehicle.rides.select_related("rider").newest_first()[:RECENT_RIDES]
        rows = [(link_to(ride, ride.when), name_of(ride.rider), ride.way) for ride in rides]
        return table([pgettext("noun", "Ride"), _("Rider"), _("Location")], rows)

    @admin.display(description=gettext_lazy("problem reports"))
    def open_reports(self, vehicle: Vehicle) -> SafeString | str:
        reports = vehicle.problem_reports.filter(closed_at__isnull=True).order_by("-created_at")[:OPEN_REPORTS]
        city = vehicle.served_city
        rows = [
            (clock(report.created_at, city), link_to(report, report.get_kind_display()), report.text)
            for report in reports
        ]
        return table([_("When"), _("Problem"), _("Details")], rows)
