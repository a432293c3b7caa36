import uuid
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts import second_factor
from accounts.models import User
from cities.location import CHOSEN
from cities.models import City
from cities.registry import registry
from movr_project.form_tokens import new_form_token
from movr_project.live_parts import render_live
from movr_project.pagination import page_number
from movr_project.redirects import posted

from .availability import Availability, book_query
from .forms import AddVehicleForm, VehicleFilterForm
from .models import CITY_CODE_LENGTH, Vehicle
from .querysets import VehicleQuerySet
from .search import vehicles_page
from .services import VehicleRefused, add_vehicle, may_remove, remove_vehicle

FAR_KM = 50


@require_safe
def vehicle_list(request: HttpRequest) -> HttpResponse:
    """The vehicles of the current city (row M33)."""
    form = VehicleFilterForm(request.GET, city=request.city)
    filters = form.filters
    number = page_number(request.GET.get("page", ""))
    position = filters["position"]
    far = position is not None and _is_far(request.city, position)
    page = vehicles_page(
        request.city.name, viewer=request.user, number=number, **filters | {"position": None if far else position}
    )
    return render_live(
        request,
        "fleet/vehicle_list.html",
        "fleet/_vehicle_results.html",
        {
            "page": page,
            "filter_form": form,
            "located": position is not None,
            "far": far,
            "interval": form.interval,
            "book_query": book_query(form.interval.start, form.interval.end) if form.interval else "",
            "elsewhere": _elsewhere(request, position),
            "ride_token": new_form_token(),
        },
    )


def _is_far(city: City, position: tuple[float, float]) -> bool:
    """Whether it says nothing to somebody there which vehicle of the city is the nearest."""
    return city.distance_km(*position) > max(FAR_KM, city.radius_km)


def _elsewhere(request: HttpRequest, position: tuple[float, float] | None) -> City | None:
    """The served city in which a person stands who looks at another one."""
    if position is None or request.city.contains(*position):
        return None
    nearest = registry.nearest(*position)
    return nearest if nearest.contains(*position) else None


@require_safe
def vehicle_detail(request: HttpRequest, city: City, vehicle_id: uuid.UUID) -> HttpResponse:
    vehicle = get_object_or_404(visible_vehicles(request), city=city.name, id=vehicle_id)
    return _detail_page(request, vehicle)


@login_not_required
@require_safe
def vehicle_label(request: HttpRequest, code: str) -> HttpResponse:
    """What the label on a vehicle leads to. Its code begins with the city's."""
    code = code.upper()
    city = registry.with_code(code[:CITY_CODE_LENGTH])
    if city is None:
        raise Http404
    vehicle = get_object_or_404(visible_vehicles(request), city=city.name, code=code)
    return _detail_page(request, vehicle, at_it=True)


@require_http_methods(["GET", "HEAD", "POST"])
def vehicle_add(request: HttpRequest) -> HttpResponse:
    """Put one's own vehicle on the road, always in one's home city (row M34)."""
    home = request.user.home_city
    if request.method != "POST" and request.city != home:
        sentence = _("You can only add vehicles in your home city, %(city)s.")
        messages.info(request, sentence % {"city": home})
    form = AddVehicleForm(posted(request), initial={"token": new_form_token()})
    if request.method == "POST":
        vehicle = _add_vehicle(request.user, form)
        if vehicle is not None:
            return _added(request, vehicle)
    return render(request, "fleet/vehicle_add.html", {"form": form, "home_city": home})


@require_http_methods(["GET", "HEAD", "POST"])
def vehicle_remove(request: HttpRequest, city: City, vehicle_id: uuid.UUID) -> HttpResponse:
    """Ask, then take the vehicle off the road (row M35). Other people's don't exist here."""
    vehicle = get_object_or_404(Vehicle, city=city.name, id=vehicle_id)
    if not _may_remove(request, vehicle):
        raise Http404
    if request.method != "POST":
        return render(request, "fleet/vehicle_remove.html", {"vehicle": vehicle})
    try:
        remove_vehicle(city=city.name, vehicle_id=vehicle_id, by=request.user)
    except VehicleRefused as refused:
        messages.error(request, str(refused))
        return redirect(vehicle)
    messages.success(request, _("You have successfully removed a vehicle."))
    return redirect("accounts:profile")


def visible_vehicles(request: HttpRequest) -> VehicleQuerySet:
    """Vehicles that a person may look at: those on the road, and one's own that wait for approval."""
    user = request.user
    vehicles = Vehicle.objects.not_removed().seen_by(user)
    if user.is_staff and not second_factor.is_missing(request):
        return vehicles
    on_the_road = vehicles.listed()
    if user.is_authenticated:
        on_the_road |= vehicles.filter(owner_id=user.id)
    return on_the_road


def _may_remove(request: HttpRequest, vehicle: Vehicle) -> bool:
    """As the service says; whoever may as staff alone has to have proved the second factor too."""
    if not request.user.is_authenticated or not may_remove(vehicle, request.user):
        return False
    return vehicle.owner_id == request.user.id or not second_factor.is_missing(request)


def may_print_label(request: HttpRequest, vehicle: Vehicle) -> bool:
    """The owner may, and staff who may see vehicles and have proved the second factor."""
    user = request.user
    if not user.is_authenticated:
        return False
    if vehicle.owner_id == user.id:
        return True
    return user.is_staff and user.has_perm("fleet.view_vehicle") and not second_factor.is_missing(request)


def may_do_field_work(request: HttpRequest) -> bool:
    """Staff who may change vehicles, and have proved the second factor."""
    user = request.user
    return user.is_staff and user.has_perm("fleet.change_vehicle") and not second_factor.is_missing(request)


def _detail_page(request: HttpRequest, vehicle: Vehicle, *, at_it: bool = False) -> HttpResponse:
    """``at_it``: somebody stands at the vehicle, and can start it in another city than the current one."""
    user = request.user
    availability = Availability.of(vehicle, viewer=user) if user.is_authenticated else None
    return render(
        request,
        "fleet/vehicle_detail.html",
        {
            "vehicle": vehicle,
            "ride_token": new_form_token(),
            "can_remove": _may_remove(request, vehicle),
            "lock_code": vehicle.lock_code if vehicle.is_ridden_by_viewer else "",
            "map_embed_url": _map_embed_url(vehicle),
            "can_print_label": may_print_label(request, vehicle),
            "can_do_field_work": may_do_field_work(request),
            "wrong_city": _wrong_city(request, vehicle),
            "availability": availability,
            "weeks": availability and availability.weeks_ahead(),
            "reservation_minutes": settings.RESERVATION_MINUTES,
            "at_it": at_it,
        },
    )


def _wrong_city(request: HttpRequest, vehicle: Vehicle) -> City | None:
    """The vehicle's city where it is not the current one. Who has to log in first is asked that first."""
    if not request.user.is_authenticated or vehicle.served_city == request.city:
        return None
    return vehicle.served_city


def _map_embed_url(vehicle: Vehicle) -> str:
    if not settings.GOOGLE_MAPS_EMBED_KEY:
        return ""
    query = urlencode({"q": vehicle.map_query, "key": settings.GOOGLE_MAPS_EMBED_KEY})
    return f"https://www.google.com/maps/embed/v1/place?{query}"


def _add_vehicle(owner: User, form: AddVehicleForm) -> Vehicle | None:
    """The new vehicle, or None with the reason on the form."""
    if not form.is_valid():
        return None
    data = form.cleaned_data
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
    messages.info(request, _("Its code is %(code)s. Print its label and put it on.") % {"code": vehicle.code})
    if vehicle.awaits_approval:
        messages.info(request, _("Riders see it once our staff have looked at it."))
    return redirect(vehicle)
