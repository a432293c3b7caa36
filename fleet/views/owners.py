"""Pages for owners to add, pause and remove their vehicles."""

import uuid

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from cities.local_times import local_moment
from cities.location import CHOSEN
from cities.models import City
from movr_project.web.access import terms_not_required
from movr_project.web.form_tokens import new_form_token
from movr_project.web.redirects import post_data, safe_next
from throttling.services import TOO_MANY_REQUESTS, Throttled, throttle

from ..forms.vehicles import AddVehicleForm
from ..models import Vehicle
from ..services import VehicleRefused, add_vehicle, pause_vehicle, remove_vehicle, resume_vehicle
from .permissions import may_remove_now


@require_http_methods(["GET", "HEAD", "POST"])
def vehicle_add(request: HttpRequest) -> HttpResponse:
    """Add a vehicle in the user's home city."""
    home = request.user.home_city
    if request.method != "POST" and request.city != home:
        sentence = _("You can only add vehicles in your home city, %(city)s.")
        messages.info(request, sentence % {"city": home})
    form = AddVehicleForm(post_data(request), initial={"token": new_form_token()})
    status = None
    if request.method == "POST":
        try:
            vehicle = _add_vehicle(request.user, form)
        except Throttled as throttled:
            form.add_error(None, str(throttled))
            status, vehicle = TOO_MANY_REQUESTS, None
        if vehicle is not None:
            return _added(request, vehicle)
    return render(request, "fleet/vehicle_add.html", {"form": form, "home_city": home}, status=status)


@terms_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def vehicle_remove(request: HttpRequest, city: City, vehicle_id: uuid.UUID) -> HttpResponse:
    """Remove a vehicle after confirmation. 404 for people who may not remove it."""
    vehicle = get_object_or_404(Vehicle.objects.in_city(city.name).addressed_as(vehicle_id))
    if not may_remove_now(request, vehicle):
        raise Http404
    if request.method != "POST":
        return render(request, "fleet/vehicle_remove.html", {"vehicle": vehicle})
    try:
        remove_vehicle(city=city.name, vehicle_id=vehicle.id, by=request.user)
    except VehicleRefused as refused:
        messages.error(request, str(refused))
        return redirect(vehicle)
    messages.success(request, _("You have successfully removed a vehicle."))
    return redirect("accounts:profile")


@require_POST
def vehicle_pause(request: HttpRequest, city: City, vehicle_id: uuid.UUID) -> HttpResponse:
    """Pause the user's own vehicle. 404 for other people's."""
    vehicle = _own_vehicle(request, city, vehicle_id)
    try:
        pause = pause_vehicle(city=city.name, vehicle_id=vehicle.id, owner=request.user)
    except VehicleRefused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, _("Your vehicle is paused. No one can ride or book it until you resume it."))
        if pause.ends_at:
            until = {"moment": local_moment(pause.ends_at, city)}
            messages.info(request, _("There is a booking on %(moment)s, so the pause ends then.") % until)
    return redirect(safe_next(request) or vehicle)


@require_POST
def vehicle_resume(request: HttpRequest, city: City, vehicle_id: uuid.UUID) -> HttpResponse:
    vehicle = _own_vehicle(request, city, vehicle_id)
    try:
        resume_vehicle(city=city.name, vehicle_id=vehicle.id, owner=request.user)
    except VehicleRefused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, _("Your vehicle is back in service."))
    return redirect(safe_next(request) or vehicle)


def _add_vehicle(owner: User, form: AddVehicleForm) -> Vehicle | None:
    """Return the new vehicle, or None after adding the error to the form. Raises ``Throttled``."""
    if not form.is_valid():
        return None
    data = form.cleaned_data
    throttle("add-vehicle", str(owner.id), limit=settings.VEHICLES_ADDED_PER_HOUR)
    try:
        return add_vehicle(
            owner=owner,
            type=data["type"],
            brand=data["brand"],
            color=data["color"],
            last_location=data["last_location"],
            position=form.position,
            token=data["token"],
        )
    except VehicleRefused as refused:
        form.add_error("latitude" if refused.code == "outside_city" else None, str(refused))
        if refused.code == "already_removed":
            form.renew_token()
        return None


def _added(request: HttpRequest, vehicle: Vehicle) -> HttpResponse:
    city = {"city": vehicle.served_city}
    request.session[CHOSEN] = vehicle.city  # so that the list shows it
    messages.success(request, _("Vehicle added in %(city)s!") % city)
    messages.info(request, _("Its code is %(code)s. Print the label and attach it.") % {"code": vehicle.code})
    if vehicle.awaits_approval:
        messages.info(request, _("Riders will see it once it's approved."))
    return redirect(vehicle)


def _own_vehicle(request: HttpRequest, city: City, vehicle_id: uuid.UUID) -> Vehicle:
    vehicles = Vehicle.objects.not_removed().filter(owner_id=request.user.id)
    return get_object_or_404(vehicles.in_city(city.name).addressed_as(vehicle_id))
