"""Cards of the vehicle list, and parts they share with a vehicle's page."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from movr_project.templatetags.movr import distance, local_clock
from movr_project.web.kept_parts import kept_part
from movr_project.web.row_urls import row_url

from ..models import Vehicle
from ..models.choices import Situation, VehicleType
from .permissions import knows_every_code
from .starting import far_question, may_hold, may_start

BATTERY_ICONS = ((60, "battery-full"), (25, "battery-half"), (0, "battery-low"))


@dataclass(frozen=True)
class Offer:
    """What the cards of a list offer to their viewer."""

    book_query: str  # to book instead of starting a ride
    asks_far: bool  # before starting a ride far from the viewer's own position
    may_start: bool
    may_hold: bool


def vehicle_cards(
    vehicles: Iterable[Vehicle], request: HttpRequest, *, book_query: str = "", asks_far: bool = False
) -> list[SafeString]:
    """Return a card for each vehicle from ``vehicles_page``. With ``book_query`` they can be booked, not started.

    With ``asks_far``, distances are from the viewer's own position.
    """
    names = {type_.value: str(type_.label) for type_ in VehicleType}
    viewer, knows_all = request.user, knows_every_code(request)
    offer = Offer(book_query, asks_far, may_start(viewer), may_hold(viewer))
    cards = []
    for vehicle in vehicles:
        vehicle.is_known_to_viewer = knows_all or vehicle.is_taken_by_viewer or vehicle.owner_id == viewer.pk
        cards.append(_card(vehicle, names[vehicle.type], offer))
    return cards


def _card(vehicle: Vehicle, type_name: str, offer: Offer) -> SafeString:
    tone, status = status_of(vehicle)
    metres = getattr(vehicle, "distance_m", None)
    question = far_question(metres) if offer.asks_far else ""
    has_countdown = vehicle.is_taken_by_viewer and not vehicle.is_taken_later and not vehicle.is_on_trip
    slots = {
        "plate": vehicle.plate,
        "id": vehicle.public_id,
        "url": vehicle.get_absolute_url(),
        "type_name": type_name,
        "status": status,
        "distance": distance(metres),
        "place": vehicle.place,
        "battery": battery_text(vehicle),
        "looks": f"{vehicle.color_name}, {vehicle.brand}" if vehicle.brand else vehicle.color_name,
        "date": _short_date(vehicle.date_added, get_language()),
        "question": question,
        "book_url": f"{_url('fleet:vehicle_book', vehicle)}?{offer.book_query}",
        "start_url": _url("rides:ride_start", vehicle),
        "reserve_url": _url("fleet:vehicle_reserve", vehicle),
    }
    if has_countdown:
        slots |= countdown(vehicle.taken_until, vehicle.served_city)
    return kept_part(
        "fleet/_vehicle_card.html",
        slots,
        type=vehicle.type,
        tone=tone,
        has_countdown=has_countdown,
        has_distance=metres is not None,
        battery_icon=battery_icon(vehicle.battery_percent),
        is_bookable=bool(offer.book_query),
        can_start=offer.may_start and vehicle.is_rideable,
        asks_first=bool(question),
        can_reserve=offer.may_hold and vehicle.situation == Situation.AVAILABLE,
    )


def status_of(vehicle: Vehicle) -> tuple[str, str]:
    """Return the tone and text of what a vehicle is doing for its viewer. Requires ``seen_by``."""
    situation = vehicle.situation
    if situation == Situation.AVAILABLE:
        return "available", str(situation.label)
    if vehicle.is_taken_by_viewer and situation == Situation.RESERVED:
        return "available", _("Reserved for you")
    if vehicle.is_taken_by_viewer and situation == Situation.BOOKED:
        return "available", _("Booked by you")
    return ("off" if situation.is_off else "busy"), str(situation.for_riders)


def countdown(end: datetime, city: object) -> dict[str, str | int]:
    """Return the slots of ``_countdown.html``: the time left until ``end``."""
    return {"seconds": seconds_left(end), "until": _("until %(time)s") % {"time": local_clock(end, city)}}


def seconds_left(end: datetime) -> int:
    """Return the whole seconds from now until ``end``, or 0 if it has passed."""
    return max(0, int((end - timezone.now()).total_seconds()))


@lru_cache(maxsize=1000)
def _short_date(day: date, language: str) -> str:
    """Format a date. ``language`` is the active one, as part of the cache's key."""
    return date_format(day, "SHORT_DATE_FORMAT")


def battery_icon(percent: int | None) -> str:
    if percent is None:
        return ""
    return next(name for least, name in BATTERY_ICONS if percent >= least)


def battery_text(vehicle: Vehicle) -> str:
    """Return charge and range, as far as they are known."""
    return _battery_text(vehicle.battery_percent, vehicle.range_m, get_language())


@lru_cache(maxsize=10_000)
def _battery_text(percent: int | None, range_m: int | None, language: str) -> str:
    """Format charge and range. ``language`` is the active one, as part of the cache's key."""
    if percent is None:
        return ""
    charge = _("%(percent)s%% charged") % {"percent": percent}
    if range_m is None:
        return charge
    range_left = _("%(range)s range") % {"range": distance(range_m)}
    return f"{charge} · {range_left}"


def _url(view_name: str, vehicle: Vehicle) -> str:
    return row_url(view_name, vehicle.city, vehicle.public_id)
