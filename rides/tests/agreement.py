"""Invariants of vehicles, their calendars and their rides."""

from django.utils import timezone

from accounts.models import User
from cities.registry import registry
from fleet.calendar.intervals import Interval
from fleet.calendar.replay import present_state
from fleet.calendar.states import state_of
from fleet.models import Allocation, Vehicle, VehicleEvent
from operations.integrity.looking import findings
from rides.models import Ride

CITIES = ["paris", "rome"]


def calendars():
    by_vehicle = {}
    for allocation in Allocation.objects.live().filter(city__in=CITIES).in_order():
        by_vehicle.setdefault(allocation.vehicle_id, []).append(allocation)
    return by_vehicle


def assert_nothing_overlaps():
    last = dict(Vehicle.objects.filter(city__in=CITIES).values_list("id", "last_event_at"))
    for vehicle_id, calendar in calendars().items():
        # If the clock was set back, a vehicle's last event may be in the future.
        now = max(timezone.now(), last[vehicle_id] or timezone.now())
        kept = [Interval(one.starts_at, one.until(now)) for one in calendar]
        for number, one in enumerate(kept):
            for other in kept[number + 1 :]:
                assert not one.overlaps(other), f"{calendar[number]!r}: {one} and {other}"


def assert_one_ride_per_vehicle_and_person():
    ridden = list(Ride.objects.open().filter(city__in=CITIES).values_list("rider_id", "vehicle_id"))
    assert len(ridden) == len({rider for rider, _vehicle in ridden}) == len({vehicle for _rider, vehicle in ridden})


def assert_no_ride_started_in_what_was_somebody_elses():
    by_vehicle = calendars()
    for ride in Ride.objects.filter(city__in=CITIES):
        for allocation in by_vehicle.get(ride.vehicle_id, []):
            if allocation.covers(ride.start_time):
                # After a person has left, neither has a rider.
                assert allocation.is_for_a_rider, f"{ride!r} starts in {allocation!r}"
                assert allocation.rider_id == ride.rider_id, f"{ride!r} starts in {allocation!r}"


def assert_the_log_says_what_the_calendar_says():
    """A vehicle's replayed state matches its row and its calendar, at its last event and now."""
    by_vehicle = calendars()
    every = {}
    for allocation in Allocation.objects.filter(city__in=CITIES):
        every.setdefault(allocation.vehicle_id, []).append(allocation)
    log = {}
    for event in VehicleEvent.objects.filter(city__in=CITIES).order_by("occurred_at"):
        log.setdefault(event.vehicle_id, []).append(event)
    for vehicle in Vehicle.objects.filter(city__in=CITIES, id__in=list(log)):
        events = log[vehicle.id]
        assert events[-1].occurred_at == vehicle.last_event_at
        for moment in (vehicle.last_event_at, max(vehicle.last_event_at, timezone.now())):
            calendar = by_vehicle.get(vehicle.id, [])
            covering = next((each for each in calendar if each.covers(moment)), None)
            replayed = present_state(events, every.get(vehicle.id, []), moment)
            assert replayed == state_of(vehicle, covering), f"{events[-1]!r}, {vehicle!r}, {covering!r}"
        assert events[-1].state == present_state(events, every.get(vehicle.id, []), vehicle.last_event_at)


def assert_holds_agree(clock_was_set_back=False):
    """A rider has a ``hold_until`` if and only if they have a reservation."""
    now = timezone.now()
    held = Allocation.objects.from_now_on(now).filter(kind="reservation", city__in=CITIES, rider_id__isnull=False)
    # If the clock was set back, a vehicle's last event may be in the future.
    held = [hold for hold in held.select_related("vehicle") if hold.ends_at > max(now, hold.vehicle.last_event_at)]
    deadlines = {hold.rider_id: hold.ends_at for hold in held}
    assert len(deadlines) == len(held), "someone holds two"
    on_rows = dict(User.objects.filter(hold_until__gt=now).values_list("id", "hold_until"))
    assert deadlines.items() <= on_rows.items()
    assert clock_was_set_back or deadlines == on_rows


def assert_nothing_is_given_away_twice():
    assert_nothing_overlaps()
    assert_one_ride_per_vehicle_and_person()
    assert_no_ride_started_in_what_was_somebody_elses()


def assert_everything_agrees():
    assert_nothing_is_given_away_twice()
    assert_the_log_says_what_the_calendar_says()
    assert list(findings([registry[city] for city in CITIES])) == []
