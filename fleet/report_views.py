"""Telling that something is wrong with a vehicle."""

import uuid

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.throttling import TOO_MANY_REQUESTS, Throttled, throttle
from cities.models import City
from movr_project.form_tokens import new_form_token
from movr_project.redirects import posted

from .booking_forms import ReportForm
from .choices import ProblemKind
from .models import ProblemReport, Vehicle
from .next_steps import send_on
from .services import VehicleRefused, report_problem
from .views import visible_vehicles

OFF_THE_ROAD = {"maintenance", "paused"}


@require_http_methods(["GET", "HEAD", "POST"])
def vehicle_report(request: HttpRequest, city: City, vehicle_id: uuid.UUID) -> HttpResponse:
    vehicle = get_object_or_404(visible_vehicles(request), city=city.name, id=vehicle_id)
    form = ReportForm(posted(request), initial={"token": new_form_token()})
    status = None
    if request.method == "POST" and form.is_valid():
        try:
            report = _report(request.user, vehicle, form)
        except Throttled as throttled:
            form.add_error(None, str(throttled))
            status = TOO_MANY_REQUESTS
        except VehicleRefused as refused:
            return send_on(request, refused, city, vehicle_id)
        else:
            return _thank_you(request, report, vehicle)
    return render(request, "fleet/vehicle_report.html", {"vehicle": vehicle, "form": form}, status=status)


def _report(reporter: User, vehicle: Vehicle, form: ReportForm) -> ProblemReport:
    throttle("report", str(reporter.id), limit=settings.REPORTS_PER_HOUR)
    return report_problem(
        reporter=reporter,
        vehicle_city=vehicle.city,
        vehicle_id=vehicle.id,
        kind=ProblemKind(form.cleaned_data["kind"]),
        text=form.cleaned_data["text"],
        token=form.cleaned_data["token"],
    )


def _thank_you(request: HttpRequest, report: ProblemReport, vehicle: Vehicle) -> HttpResponse:
    """Say what comes of it, where the person goes on."""
    code = {"code": vehicle.code}
    if not report.took_off and vehicle.standing in OFF_THE_ROAD:
        sentence = _("Thank you for telling us. %(code)s is off the road already, and our staff look at it.")
    elif not report.took_off:
        sentence = _("Thank you for telling us. Our staff look at it; %(code)s stays on the road meanwhile.")
    elif vehicle.is_ridden_by_viewer:
        sentence = _("Thank you for telling us. %(code)s goes off the road: please end your ride where it is safe.")
    else:
        sentence = _("Thank you for telling us. %(code)s is off the road until somebody has looked at it.")
    messages.success(request, sentence % code)
    if vehicle.is_ridden_by_viewer:
        return redirect("rides:ride_list")
    return redirect(vehicle)
