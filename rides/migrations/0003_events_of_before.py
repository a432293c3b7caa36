"""The vehicles that are there already get the events that their log would hold, had there been one.

What is known: when a vehicle was approved or added, its rides, and that it was removed (when that was is not
known: just after the last of the rest). In transactions of a few hundred vehicles and a few thousand rides, so
that a million take no lock for long; interrupted, it goes on with those that have no log yet.
"""

from datetime import UTC, datetime, time, timedelta
from functools import partial
from itertools import groupby, pairwise
from uuid import UUID

from django.db import migrations
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from movr_project.db.retry import run_transaction

BATCH = 500
MOST_RIDES = 5000  # of a batch; of one vehicle they may be more
NOTE = "From before there was a log."
MOMENT = timedelta(microseconds=1)
AVAILABLE, ON_TRIP, OUT_OF_SERVICE, REMOVED = "available", "on_trip", "non_operational", "removed"


def add_events(apps, schema_editor):
    in_batches(apps, schema_editor, add_batch)


def remove_events(apps, schema_editor):
    """What has happened since stays, and such a vehicle's log begins with that."""
    in_batches(apps, schema_editor, remove_batch)


def in_batches(apps, schema_editor, batch):
    using = schema_editor.connection.alias
    for city in apps.get_model("cities", "City").objects.using(using).order_by("name").values_list("name", flat=True):
        last = UUID(int=0)
        while last is not None:
            last = run_transaction(partial(batch, apps, using, city, last), idempotent=True, name="log", using=using)


def add_batch(apps, using, city, after):
    """Returns the last of the vehicles; None when there were none left."""
    vehicles = apps.get_model("fleet", "Vehicle").objects.using(using).filter(city=city)
    events = apps.get_model("fleet", "VehicleEvent").objects.using(using)
    batch = list(vehicles.filter(id__gt=after, last_event_at=None).order_by("id").select_for_update()[:BATCH])
    if not batch:
        return None
    batch, rides = _with_rides(batch, apps.get_model("rides", "Ride").objects.using(using).filter(city=city))
    ids = [vehicle.id for vehicle in batch]
    by_vehicle = {id_: list(own) for id_, own in groupby(rides, lambda ride: ride.vehicle_id)}
    now = timezone.now()
    log = [row for vehicle in batch for row in events_of(vehicle, by_vehicle.get(vehicle.id, []), now)]
    events.bulk_create([events.model(city=city, recorded_at=now, note=NOTE, **row) for row in log], batch_size=1000)
    _set_last_event(vehicles.filter(id__in=ids), events)
    return ids[-1]


def _with_rides(vehicles, rides):
    """As many of the vehicles as have ``MOST_RIDES`` together, the first one at the least, and their rides."""
    ids = [vehicle.id for vehicle in vehicles]
    found = list(rides.filter(vehicle_id__in=ids).order_by("vehicle_id")[:MOST_RIDES])
    if len(found) < MOST_RIDES:
        return vehicles, found
    cut = found[-1].vehicle_id  # there may be more of it
    if cut == ids[0]:
        return vehicles[:1], list(rides.filter(vehicle_id=cut))
    return vehicles[: ids.index(cut)], [ride for ride in found if ride.vehicle_id != cut]


def remove_batch(apps, using, city, after):
    vehicles = apps.get_model("fleet", "Vehicle").objects.using(using).filter(city=city)
    events = apps.get_model("fleet", "VehicleEvent").objects.using(using)
    ids = list(vehicles.filter(id__gt=after).order_by("id").select_for_update().values_list("id", flat=True)[:BATCH])
    if not ids:
        return None
    events.filter(city=city, vehicle_id__in=ids, note=NOTE).delete()
    _set_last_event(vehicles.filter(id__in=ids), events)
    return ids[-1]


def _set_last_event(vehicles, events):
    own = events.filter(city=OuterRef("city"), vehicle_id=OuterRef("id")).order_by("-occurred_at")
    vehicles.update(last_event_at=Subquery(own.values("occurred_at")[:1]))


def events_of(vehicle, rides, now):
    """A vehicle's log, in order, no two at the same moment."""
    # An open ride is the last one, whatever the clocks said.
    rides = sorted(rides, key=lambda ride: (ride.end_time is None, ride.start_time))
    rows = [_put_on_the_street(vehicle, rides, now)]
    for ride in rides:
        rows.append(_event(vehicle, ride.start_time, ON_TRIP, ["trip_start"], _place(ride, "start"), ride))
        if ride.end_time is not None:
            rows.append(_event(vehicle, ride.end_time, AVAILABLE, ["trip_end"], _place(ride, "end"), ride))
    if vehicle.approved_at is None and rows[-1]["state"] == AVAILABLE:
        rows[-1]["event_types"].append("off_hours")
        rows[-1]["state"] = OUT_OF_SERVICE
    if vehicle.status == "removed" and rows[-1]["state"] != ON_TRIP:
        here = (vehicle.last_location, vehicle.latitude, vehicle.longitude)
        rows.append(_event(vehicle, rows[-1]["occurred_at"], REMOVED, ["decommissioned"], here))
    for before, row in pairwise(rows):
        row["occurred_at"] = max(row["occurred_at"], before["occurred_at"] + MOMENT)
    return rows


def _put_on_the_street(vehicle, rides, now):
    added = datetime.combine(vehicle.date_added, time.min, UTC)
    # Staff can have typed a moment ahead.
    at = min([vehicle.approved_at or added, now, *(ride.start_time - MOMENT for ride in rides)])
    here = (vehicle.last_location, vehicle.latitude, vehicle.longitude)
    return _event(vehicle, at, AVAILABLE, ["provider_drop_off"], _place(rides[0], "start") if rides else here)


def _place(ride, end):
    return tuple(getattr(ride, f"{end}_{name}") for name in ("location", "latitude", "longitude"))


def _event(vehicle, at, state, types, where, ride=None):
    place, latitude, longitude = where
    known = ride is not None and ride.rider_id is not None
    return {
        "vehicle_id": vehicle.id,
        "state": state,
        "event_types": types,
        "occurred_at": at,
        "place": place,
        "latitude": latitude,
        "longitude": longitude,
        "ride_id": ride.id if ride else None,
        "actor_city": ride.rider_city if known else None,
        "actor_id": ride.rider_id if known else None,
    }


class Migration(migrations.Migration):
    atomic = False  # each batch has its own transaction

    dependencies = [
        ("rides", "0002_staff_roles"),
        ("fleet", "0002_calendar"),
        ("cities", "0002_served_cities"),
    ]

    operations = [migrations.RunPython(add_events, remove_events)]
