"""The card of an open ride. Its template prints values and decides by flags only."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.timesince import timeuntil
from django.utils.translation import gettext as _

from fleet.views.cards import battery_icon, seconds_left
from movr_project.templatetags.movr import distance, duration, iso_duration, local_clock, local_time
from movr_project.web.kept_parts import kept_part
from movr_project.web.row_urls import row_url
from photos.fields import ACCEPTED

from .forms import EndRideForm
from .locks import Instructions, lock, opens_by_command
from .models import Ride


def open_ride_card(ride: Ride, *, token: str) -> SafeString:
    """Return the card of a ride with ``due_at`` and ``end_form``. ``token`` is the page's CSRF token."""
    vehicle, now = ride.vehicle, timezone.now()
    is_parked, may_park_for = ride.is_parked_at(now), ride.may_park_for(now)
    unlock = lock().unlock_instructions(ride)
    instructions = unlock or Instructions()
    slots = {
        **_facts(ride),
        **_actions(ride),
        "token": token,
        "unlock_code": instructions.code,
        "unlock_text": instructions.text,
        "park_minutes": may_park_for // timedelta(minutes=1),
    }
    return kept_part(
        "rides/_open_ride.html",
        slots,
        type=vehicle.type,
        is_due=ride.due_at is not None,
        is_overdue=ride.due_at is not None and ride.due_at <= now,
        has_errors=bool(ride.end_form.errors),
        is_parked=is_parked,
        is_pause_over=ride.paused_at is not None and not is_parked,
        may_park=not is_parked and bool(may_park_for),
        has_unlock=unlock is not None,
        has_code=bool(instructions.code),
        has_text=bool(instructions.text),
        opens_by_command=opens_by_command(),
        battery_icon=battery_icon(vehicle.battery_percent),
        has_range=vehicle.range_m is not None,
    )


def _facts(ride: Ride) -> dict[str, Any]:
    vehicle, city = ride.vehicle, ride.served_city
    return {
        "id": ride.id,
        "type_name": vehicle.get_type_display(),
        "code": vehicle.code,
        "city": city,
        "iso_duration": iso_duration(ride.duration),
        "duration": duration(ride.duration),
        "start": ride.start_spot,
        "started": local_time(ride.start_time, city),
        "percent": vehicle.battery_percent,
        "range": distance(vehicle.range_m),
        "pause_until": local_clock(ride.pause_until, city) if ride.pause_until else "",
        "pause_seconds": seconds_left(ride.pause_until) if ride.pause_until else 0,
        "due_time": local_clock(ride.due_at, city) if ride.due_at else "",
        "due_left": timeuntil(ride.due_at) if ride.due_at else "",
    }


def _actions(ride: Ride) -> dict[str, Any]:
    """Return the URLs of what the rider can do, and the fields of the form that ends the ride."""
    return {
        "unlock_url": row_url("rides:ride_unlock", ride.city, ride.id),
        "report_url": row_url("operations:vehicle_report", ride.vehicle.city, ride.vehicle.public_id),
        "pause_url": row_url("rides:ride_pause", ride.city, ride.id),
        "resume_url": row_url("rides:ride_resume", ride.city, ride.id),
        "end_url": row_url("rides:ride_end", ride.city, ride.id),
        "end_fields": _end_fields(ride),
        "place_url": reverse("rides:place_words", args=[ride.city]),
    }


def _photo_field(form: EndRideForm, *, is_required: bool) -> SafeString:
    if form.is_photo_kept or form["photo"].errors:
        return render_to_string("rides/_end_photo.html", {"form": form})
    label = _("Photo of the parked vehicle") if is_required else _("Photo of the parked vehicle (optional)")
    slots = {"id": form["photo"].auto_id, "label": label}
    return kept_part("photos/_photo_field.html", slots, accept=ACCEPTED, is_required=is_required)


def _end_fields(ride: Ride) -> SafeString:
    context = {
        "form": ride.end_form,
        "city": ride.served_city,
        "start": ride.vehicle.position,
        "code": ride.vehicle.code,
        "photo": _photo_field(ride.end_form, is_required=settings.PARKING_PHOTO_REQUIRED),
        "photo_first": settings.PARKING_PHOTO_REQUIRED,
    }
    return render_to_string("rides/_end_form.html", context)
