"""Rendered rows of past rides, with all values computed here instead of in the template."""

from collections.abc import Iterable

from django.utils.safestring import SafeString

from fleet.models.choices import VehicleType
from movr_project.templatetags.movr import duration, iso_duration, local_span
from movr_project.web.kept_parts import kept_part
from movr_project.web.row_urls import row_url

from .models import Ride

UNKNOWN = "–"  # noqa: RUF001  (a dash, as in tables)


def past_rows(rides: Iterable[Ride]) -> list[SafeString]:
    names = {type_.value: str(type_.label) for type_ in VehicleType}
    return [_row(ride, names[ride.vehicle.type]) for ride in rides]


def _row(ride: Ride, type_name: str) -> SafeString:
    city, vehicle = ride.served_city, ride.vehicle
    slots = {
        "url": row_url("rides:ride_detail", ride.city, ride.id),
        "type_name": type_name,
        "code": vehicle.code,
        "start": ride.start_spot,
        "end": ride.end_spot or UNKNOWN,
        "span": local_span(ride.start_time, ride.end_time, city),
        "iso_duration": iso_duration(ride.duration),
        "duration": duration(ride.duration),
        "city": city,
    }
    return kept_part("rides/_past_ride.html", slots, type=vehicle.type)
