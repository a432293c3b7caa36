"""The sheet of a vehicle that was tapped on the map."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cities.geography import parse_position
from cities.local_times import read_moment
from movr_project.templatetags.movr import distance
from movr_project.web.form_tokens import new_form_token
from movr_project.web.row_urls import row_url

from ..links import book_query
from ..models import Vehicle
from ..models.choices import Situation
from ..search import see
from .addresses import with_vehicle
from .cards import battery_icon, battery_text, status_of
from .permissions import knows_every_code
from .starting import far_question, may_hold, may_start, metres_between, walking_minutes

BESIDE_M = 10  # metres: no position is more exact


@dataclass(frozen=True)
class Sheet:
    """A vehicle in short, and what its viewer can do with it."""

    vehicle: Vehicle
    tone: str
    status: str
    away: str  # distance and walking time from the viewer's position
    battery_icon: str
    battery: str
    question: str  # before starting a ride
    book_url: str  # instead of starting a ride
    can_start: bool
    can_reserve: bool
    is_riding: bool  # another one, so that they can't start this one


@require_safe
@with_vehicle
def vehicle_sheet(request: HttpRequest, vehicle: Vehicle) -> HttpResponse:
    """Render the sheet for the map, or redirect to the vehicle's page.

    ``?lat&lon`` is the position of the viewer's phone, and ``from`` and ``until`` are those of the list.
    """
    if request.headers.get("X-Requested-With") != "map":
        return redirect(vehicle)
    see([vehicle], vehicle.city, request.user)
    vehicle.is_known_to_viewer = (
        vehicle.is_taken_by_viewer or vehicle.owner_id == request.user.pk or knows_every_code(request)
    )
    context = {"sheet": sheet_for(request, vehicle), "vehicle": vehicle, "ride_token": new_form_token()}
    response = render(request, "fleet/_sheet.html", context)
    patch_vary_headers(response, ["X-Requested-With"])
    return response


def sheet_for(request: HttpRequest, vehicle: Vehicle) -> Sheet:
    """Return what the sheet shows. Requires ``see``."""
    user = request.user
    metres = metres_between(vehicle, parse_position(request.GET.get("lat", ""), request.GET.get("lon", "")))
    start, end = (read_moment(request.GET.get(name, ""), vehicle.served_city) for name in ("from", "until"))
    tone, status = status_of(vehicle)
    is_here = vehicle.served_city == request.city
    return Sheet(
        vehicle=vehicle,
        tone=tone,
        status=status,
        away=_away(metres),
        battery_icon=battery_icon(vehicle.battery_percent),
        battery=battery_text(vehicle),
        question=far_question(metres),
        book_url=_book_url(vehicle, start, end),
        can_start=is_here and vehicle.is_rideable and may_start(user),
        can_reserve=is_here and may_hold(user) and vehicle.situation == Situation.AVAILABLE,
        is_riding=vehicle.is_rideable and not may_start(user),
    )


def _away(metres: float | None) -> str:
    if metres is None:
        return ""
    if metres < BESIDE_M:
        return _("Right here")
    walk = {"distance": distance(metres), "minutes": walking_minutes(metres)}
    return _("%(distance)s · %(minutes)d min walk") % walk


def _book_url(vehicle: Vehicle, start: datetime | None, end: datetime | None) -> str:
    if end is None:
        return ""
    return f"{row_url('fleet:vehicle_book', vehicle.city, vehicle.public_id)}?{book_query(start, end)}"
