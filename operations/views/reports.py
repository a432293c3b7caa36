"""The page to report a problem with a vehicle."""

import uuid

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from cities.models import City
from fleet.at_the_label import is_at
from fleet.calendar.availability import Availability
from fleet.models import Vehicle
from fleet.models.choices import Situation
from fleet.services import VehicleRefused
from fleet.views.addresses import find_vehicle, moved_on, note_what_is_known
from fleet.views.next_steps import send_on
from fleet.views.permissions import visible_vehicles
from movr_project.web.form_tokens import new_form_token
from movr_project.web.redirects import post_data
from movr_project.web.uploads import accepts_uploads
from photos.errors import PhotoRefused
from photos.fields import MAX_UPLOAD
from rides.models import Ride
from throttling.services import Throttled, throttle

from ..forms import ReportForm
from ..models import ProblemKind, ProblemReport
from ..services.reports import add_report_photo, report_problem

OUT_OF_SERVICE = {Situation.MAINTENANCE, Situation.PAUSED}


@accepts_uploads(max_files=1, max_bytes=MAX_UPLOAD)
@require_http_methods(["GET", "HEAD", "POST"])
def vehicle_report(request: HttpRequest, city: City, vehicle_id: uuid.UUID) -> HttpResponse:
    """Report a problem with a vehicle.

    Past riders address it by its permanent ID, from their ride's page, and get no link to where it is now.
    """
    vehicle = find_vehicle(request, visible_vehicles(request), city, vehicle_id)
    ridden = _ridden_before(request, city, vehicle_id) if vehicle is None else None
    vehicle = vehicle or ridden
    if vehicle is None:
        return moved_on(request, city)
    note_what_is_known(request, vehicle, Availability.of(vehicle, viewer=request.user))
    vehicle.is_known_to_viewer |= ridden is not None
    token = {"token": new_form_token()}
    form = ReportForm(post_data(request), request.FILES or None, initial=token, photographer=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            at_label = is_at(request, vehicle, form.position)
            report = _report(request, vehicle, form, at_label=at_label)
        except Throttled as throttled:
            form.add_error(None, ValidationError(str(throttled), code=throttled.code))
        except VehicleRefused as refused:
            return send_on(request, refused, vehicle)
        else:
            _thank(request, report, vehicle)
            return redirect("rides:ride_list" if ridden or vehicle.is_ridden_by_viewer else vehicle)
    context = {"vehicle": vehicle, "unlinked": ridden is not None, "form": form}
    return render(request, "operations/vehicle_report.html", context, status=form.status)


def _ridden_before(request: HttpRequest, city: City, vehicle_id: uuid.UUID) -> Vehicle | None:
    rides = Ride.objects.in_city(city.name).of_rider(request.user).filter(vehicle_id=vehicle_id)
    if not rides.exists():
        return None
    return visible_vehicles(request).filter(city=city.name, id=vehicle_id).first()


def _report(request: HttpRequest, vehicle: Vehicle, form: ReportForm, *, at_label: bool) -> ProblemReport:
    reporter = request.user
    throttle("report", str(reporter.id), limit=settings.REPORTS_PER_HOUR)
    report = report_problem(
        reporter=reporter,
        vehicle_city=vehicle.city,
        vehicle_id=vehicle.id,
        kind=ProblemKind(form.cleaned_data["kind"]),
        text=form.cleaned_data["text"],
        token=form.cleaned_data["token"],
        at_label=at_label,
    )
    if picture := form.cleaned_data["photo"]:
        try:
            add_report_photo(city=report.city, report_id=report.id, reporter=reporter, picture=picture)
        except PhotoRefused:
            messages.warning(request, _("We couldn't save your photo."))
    return report


def _thank(request: HttpRequest, report: ProblemReport, vehicle: Vehicle) -> None:
    """Tell the reporter what happens next."""
    code = {"code": vehicle.plate, "hours": settings.REPORT_OFF_HOURS}
    if not report.took_off and vehicle.situation in OUT_OF_SERVICE:
        sentence = _("Thanks for reporting this. %(code)s is already out of service, and our team is on it.")
    elif not report.took_off:
        sentence = _("Thanks for reporting this. We'll check %(code)s; it stays available for now.")
    elif vehicle.is_ridden_by_viewer:
        sentence = _("Thanks. %(code)s is going out of service. Please end your ride somewhere safe.")
    else:
        sentence = _("Thanks. %(code)s is out of service for %(hours)d hours, so that we can check it.")
    messages.success(request, sentence % code)
