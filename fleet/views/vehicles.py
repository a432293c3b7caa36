from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from cities.models import City
from cities.registry import registry
from movr_project.web.access import terms_not_required
from movr_project.web.form_tokens import new_form_token
from movr_project.web.kept_parts import kept_part
from movr_project.web.live_parts import render_live
from movr_project.web.pagination import page_number

from ..at_the_label import note_label_opened
from ..calendar.availability import Availability
from ..code_limits import limits_wrong_codes
from ..forms.vehicles import BATTERY_STEPS, RANGE_STEPS, VehicleFilterForm
from ..links import book_query
from ..models import CITY_CODE_LENGTH, Vehicle
from ..models.choices import VehicleType
from ..search import Filters, see, vehicles_page
from .addresses import note_what_is_known, with_vehicle
from .cards import battery_icon, vehicle_cards
from .outlook import outlook
from .panel import panel_for
from .permissions import may_do_field_work, may_print_label, may_remove_now, visible_vehicles

FAR_KM = 50
TYPES = (("", gettext_lazy("All")), *VehicleType.choices)
MAP_VIEW, LIST_VIEW = "map", "list"  # on a phone, which shows one of them


@require_safe
def vehicle_list(request: HttpRequest) -> HttpResponse:
    """List the vehicles of the current city."""
    form = VehicleFilterForm(request.GET, city=request.city)
    filters, position = form.filters, form.position
    far = position is not None and _is_far(request.city, position)
    page = vehicles_page(
        request.city.name,
        viewer=request.user,
        number=page_number(request.GET.get("page", "")),
        filters=filters,
        position=None if far else position,
    )
    query = book_query(form.interval.start, form.interval.end) if form.interval else ""
    is_own_position = position is not None and not form.searched
    return render_live(
        request,
        "fleet/vehicle_list.html",
        "fleet/_vehicle_results.html",
        {
            "is_map": True,
            "page": page,
            "filter_form": form,
            "chips": _chips(filters),
            "search": kept_part("fleet/_place_search.html", {"text": form.searched if position else ""}),
            "map": kept_part("fleet/_vehicle_map.html", {}, city=registry[request.city.name]),
            "view": LIST_VIEW if request.GET.get("view") == LIST_VIEW else MAP_VIEW,
            "located": position is not None,
            "place": form.searched if position else "",
            "far": far,
            "interval": form.interval,
            "cards": vehicle_cards(page, request, book_query=query, asks_far=is_own_position),
            "elsewhere": _elsewhere(request, position) if is_own_position else None,
            "ride_token": new_form_token(),
        },
    )


def _chips(filters: Filters) -> SafeString:
    return kept_part(
        "fleet/_chips.html",
        {},
        types=TYPES,
        type=filters.type_,
        battery_steps=BATTERY_STEPS,
        battery=filters.battery,
        range_steps=RANGE_STEPS,
        range_km=filters.range_m // 1000,
    )


def _is_far(city: City, position: tuple[float, float]) -> bool:
    """Return whether a position is so far from the city that sorting by distance makes no sense."""
    return city.distance_km(*position) > max(FAR_KM, city.radius_km)


def _elsewhere(request: HttpRequest, position: tuple[float, float] | None) -> City | None:
    """Return the served city where the user is, if they are browsing another one."""
    if position is None or request.city.contains(*position):
        return None
    nearest = registry.nearest(*position)
    return nearest if nearest.contains(*position) else None


@terms_not_required
@require_safe
@with_vehicle
def vehicle_detail(request: HttpRequest, vehicle: Vehicle) -> HttpResponse:
    return detail_page(request, vehicle)


@login_not_required
@require_safe
@limits_wrong_codes
def vehicle_label(request: HttpRequest, code: str) -> HttpResponse:
    """Show the vehicle whose label was scanned. The label's code begins with the city's."""
    code = code.upper()
    city = registry.with_code(code[:CITY_CODE_LENGTH])
    if city is None:
        raise Http404
    vehicle = get_object_or_404(visible_vehicles(request), city=city.name, code=code)
    note_label_opened(request, vehicle)
    return detail_page(request, vehicle, at_it=True)


def detail_page(request: HttpRequest, vehicle: Vehicle, *, at_it: bool = False) -> HttpResponse:
    """Render a vehicle's page. With ``at_it``, the user is at the vehicle and can start it in any city."""
    user = request.user
    wrong_city = _wrong_city(request, vehicle)
    panel = availability = None
    vehicle.is_known_to_viewer = at_it
    if not user.is_authenticated:
        see([vehicle], vehicle.city, user)
    else:
        availability = Availability.of(vehicle, viewer=user)
        note_what_is_known(request, vehicle, availability)
        panel = panel_for(request, vehicle, availability, wrong_city=wrong_city, at_it=at_it)
    return render(
        request,
        "fleet/vehicle_detail.html",
        {
            "vehicle": vehicle,
            "ride_token": new_form_token(),
            "can_remove": may_remove_now(request, vehicle),
            "lock_code": vehicle.lock_code if vehicle.is_ridden_by_viewer else "",
            "map_embed_url": _map_embed_url(vehicle),
            "can_print_label": may_print_label(request, vehicle),
            "can_do_field_work": may_do_field_work(request),
            "wrong_city": wrong_city,
            "panel": panel,
            "outlook": outlook(availability) if availability else "",
            "battery_icon": battery_icon(vehicle.battery_percent),
            "reservation_minutes": settings.RESERVATION_MINUTES,
            "at_it": at_it,
        },
    )


def _wrong_city(request: HttpRequest, vehicle: Vehicle) -> City | None:
    """Return the vehicle's city if a logged-in user is browsing another one."""
    if not request.user.is_authenticated or vehicle.served_city == request.city:
        return None
    return vehicle.served_city


def _map_embed_url(vehicle: Vehicle) -> str:
    if not settings.GOOGLE_MAPS_EMBED_KEY:
        return ""
    query = urlencode({"q": vehicle.map_query, "key": settings.GOOGLE_MAPS_EMBED_KEY})
    return f"https://www.google.com/maps/embed/v1/place?{query}"
