"""Existing logs and calendars of vehicles, so that added rows fit in, and rides as events."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from operator import itemgetter
from uuid import UUID, uuid5

from django.db.models import OuterRef, Subquery
from django.utils import timezone

from cities.models import City
from fleet.calendar.intervals import Interval
from fleet.models import Allocation, Vehicle, VehicleEvent
from fleet.models.choices import EventType, VehicleState
from rides.models import Ride

MOMENT = timedelta(microseconds=1)
BY_TIME = itemgetter(0)


class Log:
    """The times of a vehicle's events, and its allocations."""

    def __init__(self) -> None:
        self.events: list[tuple[datetime, str]] = []
        self.taken: list[tuple[Interval, str]] = []

    def state_at(self, moment: datetime) -> str | None:
        """Return the state at a time, or None if the vehicle was not on the street yet."""
        index = bisect_right(self.events, moment, key=BY_TIME)
        if not index:
            return None
        if self.events[index - 1][1] == VehicleState.ON_TRIP:
            return VehicleState.ON_TRIP
        return next((state for interval, state in self.taken if moment in interval), VehicleState.AVAILABLE)

    def is_quiet(self, start: datetime, end: datetime) -> bool:
        """Return whether the vehicle was free at the start and nothing happened until the end."""
        happened = bisect_left(self.events, start, key=BY_TIME) < bisect_right(self.events, end, key=BY_TIME)
        return not happened and self.state_at(start) == VehicleState.AVAILABLE

    def is_open_for(self, interval: Interval) -> bool:
        return not any(other.overlaps(interval) for other, _state in self.taken)

    def after_all(self, moment: datetime) -> datetime:
        return max(moment, self.events[-1][0] + MOMENT)

    def add(self, events: Iterable[VehicleEvent], allocation: Allocation | None = None) -> None:
        for event in events:
            insort(self.events, (event.occurred_at, event.state), key=BY_TIME)
        if allocation:
            kept = Interval(allocation.starts_at, allocation.until(timezone.now()))
            self.taken.append((kept, allocation.state))


def lock_logs(city: City, vehicle_ids: Collection[UUID]) -> dict[UUID, Log]:
    """Return the logs of listed vehicles by id. Locks the vehicles."""
    vehicles = Vehicle.objects.in_city(city.name).listed().filter(id__in=vehicle_ids, last_event_at__isnull=False)
    logs = {id_: Log() for id_ in vehicles.select_for_update().values_list("id", flat=True)}
    events = VehicleEvent.objects.filter(city=city.name, vehicle_id__in=logs).order_by("occurred_at")
    for id_, moment, state in events.values_list("vehicle_id", "occurred_at", "state"):
        logs[id_].events.append((moment, state))
    for allocation in Allocation.objects.in_city(city.name).live().filter(vehicle_id__in=logs):
        logs[allocation.vehicle_id].add([], allocation)
    return logs


def set_last_events(city: City, vehicle_ids: Collection[UUID]) -> None:
    events = VehicleEvent.objects.filter(city=city.name, vehicle_id=OuterRef("id")).order_by("-occurred_at")
    newest = Subquery(events.values("occurred_at")[:1])
    vehicles = Vehicle.objects.in_city(city.name).filter(id__in=vehicle_ids)
    vehicles.filter(last_event_at__lt=newest).update(last_event_at=newest)


def on_the_street(vehicle: Vehicle) -> VehicleEvent:
    here = (vehicle.last_location, vehicle.latitude, vehicle.longitude)
    return happened(
        vehicle.city, vehicle.id, vehicle.last_event_at, [EventType.PROVIDER_DROP_OFF], VehicleState.AVAILABLE, here
    )


def events_of(ride: Ride) -> list[VehicleEvent]:
    rider = (ride.rider_city, ride.rider_id)
    place = (ride.start_location, ride.start_latitude, ride.start_longitude)
    start = happened(
        ride.city, ride.vehicle_id, ride.start_time, [EventType.TRIP_START], VehicleState.ON_TRIP, place, rider
    )
    events = [start]
    if not ride.is_open:
        place = (ride.end_location, ride.end_latitude, ride.end_longitude)
        end = happened(
            ride.city, ride.vehicle_id, ride.end_time, [EventType.TRIP_END], VehicleState.AVAILABLE, place, rider
        )
        events.append(end)
    for event in events:
        event.ride_id = ride.id
    return events


def happened(
    city: str,
    vehicle_id: UUID,
    moment: datetime,
    types: list[EventType],
    state: VehicleState,
    place: tuple[str, float | None, float | None],
    by: tuple[str, UUID] | None = None,
) -> VehicleEvent:
    """Return an unsaved event. ``by`` is a home city and a user id."""
    actor_city, actor_id = by or (None, None)
    return VehicleEvent(
        city=city,
        id=uuid5(vehicle_id, moment.isoformat()),
        vehicle_id=vehicle_id,
        state=state,
        event_types=[str(type_) for type_ in types],
        occurred_at=moment,
        recorded_at=moment,
        place=place[0],
        latitude=place[1],
        longitude=place[2],
        actor_city=actor_city,
        actor_id=actor_id,
    )
