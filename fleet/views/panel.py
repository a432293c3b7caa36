"""The panel of a vehicle's page: its text for the viewer, and buttons for what they can do."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.timesince import timeuntil
from django.utils.translation import gettext as _

from cities.local_times import local_clock
from cities.models import City
from movr_project.templatetags.movr import icon_svg, local_soon
from movr_project.web.row_urls import row_url

from ..calendar.availability import Availability
from ..models import Allocation, Vehicle
from ..models.choices import Situation
from .cards import countdown
from .starting import may_start

TAKEN = {Situation.IN_USE, Situation.RESERVED, Situation.BOOKED}


@dataclass(frozen=True)
class Button:
    """A link or, with ``template`` "button_form", a form that sends a POST request."""

    template: str
    url: str
    icon: SafeString | str
    label: str
    css: str = "btn-outline-primary"
    next: str = ""  # where to return after the form


@dataclass(frozen=True)
class Panel:
    """The panel's content. ``template`` renders its middle part."""

    template: str
    sentence: str = ""
    heading: str = ""
    countdown: dict = field(default_factory=dict)
    can_reserve: bool = False
    held_until: str = ""  # another reservation of the rider's
    own_booking_url: str = ""
    offers_nearby: bool = False
    buttons: tuple[Button, ...] = ()
    own_ahead: tuple[Allocation, ...] = ()


def panel_for(
    request: HttpRequest, vehicle: Vehicle, availability: Availability, *, wrong_city: City | None, at_it: bool
) -> Panel:
    """Return the panel for a logged-in viewer. Requires ``seen_by``."""
    if vehicle.situation == Situation.AWAITS_APPROVAL:
        return Panel("fleet/panels/sentence.html", _("Riders will see this vehicle once it's approved."))
    around = {
        **_heading(vehicle, availability),
        "buttons": tuple(_buttons(request, vehicle, availability)),
        "own_ahead": tuple(availability.own_ahead),
    }
    if vehicle.is_rideable and not may_start(request.user):
        return Panel("fleet/panels/riding.html", **around)
    if wrong_city and vehicle.is_rideable:
        return Panel(**_elsewhere(request, wrong_city, at_it), **around)
    if vehicle.is_rideable and not availability.is_due:
        return Panel(**_start(request, vehicle, availability), **around)
    return Panel(**_unavailable(request, vehicle, availability), **around)


def _heading(vehicle: Vehicle, availability: Availability) -> dict:
    own = availability.own_current
    if own is None:
        return {}
    if vehicle.is_on_trip:
        return {
            "heading": _("Your booking lasts until %(time)s") % {"time": local_soon(own.ends_at, availability.city)}
        }
    heading = _("Reserved for you") if own.is_reservation else _("Booked by you")
    if own.start_by:
        sentence = _("Booked by you. Start your ride by %(time)s.")
        heading = sentence % {"time": local_soon(own.start_by, availability.city)}
    return {"heading": heading, "countdown": countdown(own.ends_at, availability.city)}


def _elsewhere(request: HttpRequest, there: City, at_it: bool) -> dict:
    cities = {"there": there, "here": request.city}
    if at_it:
        sentence = _(
            "This vehicle is in %(there)s, and you're browsing %(here)s. Starting the ride switches you to %(there)s."
        )
        return {"template": "fleet/panels/start.html", "sentence": sentence % cities}
    sentence = _("This vehicle is in %(there)s, and you're browsing %(here)s. Switch city to ride it.")
    return {"template": "fleet/panels/switch_city.html", "sentence": sentence % cities}


def _start(request: HttpRequest, vehicle: Vehicle, availability: Availability) -> dict:
    user, due_at = request.user, availability.due_at
    is_free = vehicle.situation == Situation.AVAILABLE
    warning = ""
    if due_at:
        warning = _("Booked from %(time)s, so you can ride for up to %(left)s.") % {
            "time": local_clock(due_at, availability.city),
            "left": timeuntil(due_at, availability.now),
        }
    holds_another = user.is_holding and is_free
    return {
        "template": "fleet/panels/start.html",
        "sentence": warning,
        "can_reserve": is_free and not user.is_holding and availability.can_be_held,
        "held_until": local_clock(user.hold_until, availability.city) if holds_another else "",
    }


def _unavailable(request: HttpRequest, vehicle: Vehicle, availability: Availability) -> dict:
    own, is_owner = availability.own_current, vehicle.owner_id == request.user.id
    part = {"template": "fleet/panels/unavailable.html", "sentence": _why(vehicle, availability, is_owner)}
    if own:
        return part | {"own_booking_url": own.get_absolute_url()}
    is_own_pause = vehicle.situation == Situation.PAUSED and is_owner
    return part | {"offers_nearby": not is_own_pause}


def _why(vehicle: Vehicle, availability: Availability, is_owner: bool) -> str:
    situation = vehicle.situation
    if availability.own_current and vehicle.is_on_trip:
        return _("Still in use. It's yours when that ride ends.")
    if situation in TAKEN:
        return _("Someone else has it right now.")
    if situation == Situation.PAUSED:
        return _("You have paused it. No one can ride or book it.") if is_owner else _("Paused by its owner.")
    if situation.is_off:
        return _("Out of service. Our team is on it.")
    time = local_clock(availability.due_at, availability.city) if availability.due_at else ""
    return _("Booked from %(time)s, so it's too late to start now.") % {"time": time}


def _buttons(request: HttpRequest, vehicle: Vehicle, availability: Availability) -> Iterator[Button]:
    own = availability.own_current
    if own and own.is_reservation:
        url = reverse("fleet:booking_cancel", args=[own.city, own.id])
        label = _("Cancel the reservation")
        yield Button("button_form", url, "", label, "btn-outline-danger", next=vehicle.get_absolute_url())
    if not own and availability.next_start:
        yield Button(
            "button_link", _url("fleet:vehicle_book", vehicle), icon_svg("calendar-event"), _("Book for later")
        )
    if vehicle.owner_id == request.user.id and vehicle.situation == Situation.PAUSED:
        url = _url("fleet:vehicle_resume", vehicle)
        yield Button("button_form", url, icon_svg("play-circle"), _("Resume"), "btn-primary")
    elif vehicle.owner_id == request.user.id and vehicle.situation in {Situation.AVAILABLE, Situation.BOOKED_SOON}:
        yield Button("button_form", _url("fleet:vehicle_pause", vehicle), icon_svg("pause-circle"), _("Pause"))


def _url(view_name: str, vehicle: Vehicle) -> str:
    return row_url(view_name, vehicle.city, vehicle.public_id)
