"""``vehicle_status.json``: the vehicles that are on the street now."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F, QuerySet
from django.utils import timezone

from cities.models import City
from fleet.calendar.intervals import Interval, booking_buffer
from fleet.models import Vehicle
from fleet.models.choices import OFF_THE_STREET, Situation, VehicleType
from movr_project.db.follower_reads import follower_reads
from movr_project.db.prepared import Prepared, with_hyphens
from movr_project.web.row_urls import row_url

DECIMALS = 6  # of degrees: about 10 cm
# Plain strings, whose hashes are computed faster.
RESERVED = {Situation.RESERVED.value, Situation.BOOKED.value}
NOT_THERE = {situation.value for situation in OFF_THE_STREET.values()}
FULL_RANGE_M = {type_.value: type_.full_range_m for type_ in VehicleType if type_.is_motorised}
NIL = UUID(int=0)


def _published(_shape: None, *, city: str, now: datetime, soon: datetime) -> QuerySet:
    """Return the vehicles that nobody is riding and whose position is known.

    A booking counts from the time on when others can't start a ride any more: ``soon`` is that far ahead. The order is
    that of the public IDs: any other one would tell which vehicle has got a new ID.
    """
    vehicles = Vehicle.objects.in_city(city).available().filter(latitude__isnull=False)
    vehicles = vehicles.with_situations(Interval(now, soon))
    vehicles = vehicles.order_by("public_id", F("entry__starts_at").asc(nulls_first=True))
    return vehicles.values_list("public_id", "type", "latitude", "longitude", "battery_percent", "range_m", "situation")


_rows = Prepared(_published)


def vehicle_status(city: City) -> dict[str, Any]:
    now = timezone.now()
    with follower_reads():
        rows = _rows.rows(None, {"city": city.name, "now": now, "soon": now + booking_buffer()})
    # Of a URL, only the ID differs.
    before, after = (settings.SITE_URL + row_url("gbfs:rental", city.name, NIL)).split(str(NIL))
    by_id: dict[Any, tuple] = {}
    for row in rows:
        by_id.setdefault(row[0], row)  # the first of two entries in the calendar
    return {"vehicles": [_vehicle(before, after, *row) for row in by_id.values() if row[-1] not in NOT_THERE]}


def _vehicle(
    before: str,
    after: str,
    public_id: UUID | str,
    type_: str,
    latitude: float,
    longitude: float,
    battery_percent: int | None,
    range_m: int | None,
    situation: str | None,
) -> dict[str, Any]:
    id_ = with_hyphens(public_id)
    is_reserved = situation in RESERVED
    vehicle = {
        "vehicle_id": id_,
        "lat": round(latitude, DECIMALS),
        "lon": round(longitude, DECIMALS),
        "is_reserved": is_reserved,
        "is_disabled": situation is not None and not is_reserved,
        "vehicle_type_id": type_,
        "rental_uris": {"web": f"{before}{id_}{after}"},
    }
    if type_ in FULL_RANGE_M:
        vehicle["current_range_meters"] = range_m if range_m is not None else _likely_range_m(type_, battery_percent)
    if battery_percent is not None:
        vehicle["current_fuel_percent"] = battery_percent / 100
    return vehicle


def _likely_range_m(type_: str, battery_percent: int | None) -> int:
    """Estimate the range, which GBFS requires, from the charge. Assume a full battery or tank if it isn't known."""
    return FULL_RANGE_M[type_] * (100 if battery_percent is None else battery_percent) // 100
