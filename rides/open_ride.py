"""The card of an open ride. Its template prints values and decides by flags only."""

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.timesince import timeuntil

from fleet.views.cards import battery_icon
from movr_project.templatetags.movr import distance, duration, iso_duration, local_clock, local_time
from movr_project.web.kept_parts import kept_part
from movr_project.web.row_urls import row_url

from .locks import Instructions, lock, opens_by_command
from .models import Ride


def open_ride_card(ride: Ride, *, token: str) -> SafeString:
    """Return the card of a ride with ``due_at`` and ``end_form``. ``token`` is the page's CSRF token."""
    vehicle, city = ride.vehicle, ride.served_city
    unlock = lock().unlock_instructions(ride)
    instructions = unlock or Instructions()
    slots = {
        "id": ride.id,
        "token": token,
        "type_name": vehicle.get_type_display(),
        "code": vehicle.code,
        "city": city,
        "iso_duration": iso_duration(ride.duration),
        "duration": duration(ride.duration),
        "unlock_code": instructions.code,
        "unlock_text": instructions.text,
        "start": ride.start_spot,
        "started": local_time(ride.start_time, city),
        "percent": vehicle.battery_percent,
        "range": distance(vehicle.range_m),
        "unlock_url": row_url("rides:ride_unlock", ride.city, ride.id),
        "report_url": row_url("operations:vehicle_report", vehicle.city, vehicle.public_id),
        "end_url": row_url("rides:ride_end", ride.city, ride.id),
        "end_fields": _end_fields(ride),
        "due_time": local_clock(ride.due_at, city) if ride.due_at else "",
        "due_left": timeuntil(ride.due_at) if ride.due_at else "",
    }
    return kept_part(
        "rides/_open_ride.html",
        slots,
        type=vehicle.type,
        is_due=ride.due_at is not None,
        is_overdue=ride.due_at is not None and ride.due_at <= timezone.now(),
        has_unlock=unlock is not None,
        has_code=bool(instructions.code),
        has_text=bool(instructions.text),
        opens_by_command=opens_by_command(),
        battery_icon=battery_icon(vehicle.battery_percent),
        has_range=vehicle.range_m is not None,
    )


def _end_fields(ride: Ride) -> SafeString:
    context = {"form": ride.end_form, "city": ride.served_city, "start": ride.vehicle.position}
    return render_to_string("_form_with_position.html", context)
