"""Insert demo rows. Each function is part of a transaction.

Rows that exist, by id, are left unchanged, and counters change with the added rows. Each function returns the number of
added rows, and takes as many statements for a thousand rows as for one, except that some engines split the INSERT.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import User
from cities.models import City
from fleet.calendar.intervals import Interval
from fleet.models import Allocation, Vehicle, VehicleEvent
from fleet.models.choices import VehicleState
from fleet.services import new_code
from movr_project.db.retry import run_transaction
from notifications.models import Notification
from rides.models import Ride

from ..models import ProblemReport
from .calendars import Plan
from .logs import Log, events_of, lock_logs, on_the_street, set_last_events

TRIES = 5


def in_transaction(insert: Callable[[], int]) -> int:
    """Run one of the functions below in a transaction. Retry it if another process was adding the same rows.

    This is safe, as is a second run after a successful one: existing rows are recognised by id.
    """
    for _try in range(TRIES - 1):
        try:
            return run_transaction(insert, idempotent=True, name="seed_demo")
        except IntegrityError:
            continue
    return run_transaction(insert, idempotent=True, name="seed_demo")


def missing(rows: Sequence, table: QuerySet) -> list:
    """Return the rows whose ids are not in the table."""
    there = set(table.filter(id__in=[row.id for row in rows]).values_list("id", flat=True))
    return [row for row in rows if row.id not in there]


def insert_people(people: Sequence[User]) -> int:
    new = missing(people, User.objects.all())
    _find_free_names(new)
    User.objects.bulk_create(new)
    return len(new)


def names_taken(people: Sequence[User]) -> set[str]:
    """Return the usernames and e-mail addresses that are taken. Checks all cities, as they are unique across them."""
    taken = Q(username__in=[user.username for user in people]) | Q(email__in=[user.email for user in people])
    return {name for names in User.objects.filter(taken).values_list("username", "email") for name in names}


def _find_free_names(people: Sequence[User]) -> None:
    taken = names_taken(people)
    for user in people:
        if user.username in taken or user.email in taken:
            user.username = f"{user.username}.{user.id.hex[:8]}"
            user.email = f"{user.username}@example.com"


def insert_vehicles(city: City, vehicles: Sequence[Vehicle]) -> int:
    """Add vehicles of one city, and recount ``owned_vehicles`` of their owners."""
    new = missing(vehicles, Vehicle.objects.in_city(city.name))
    _find_free_codes(city, new)
    for vehicle in new:
        vehicle.last_event_at = vehicle.last_event_at or vehicle.approved_at
    Vehicle.objects.bulk_create(new)
    VehicleEvent.objects.bulk_create([on_the_street(vehicle) for vehicle in new])
    owners = {vehicle.owner_id for vehicle in new if vehicle.owner_id}
    if owners:
        owned = Vehicle.objects.in_city(city.name).not_removed().filter(owner_id=OuterRef("id"))
        number = owned.order_by().values("owner_id").annotate(number=Count("id")).values("number")
        users = User.objects.in_city(city.name).filter(id__in=owners)
        list(users.order_by("id").select_for_update())  # so that no vehicle is added or removed during the count
        users.update(owned_vehicles=Coalesce(Subquery(number), 0))
    return len(new)


def _find_free_codes(city: City, vehicles: Sequence[Vehicle]) -> None:
    """Give a new random code to each vehicle whose code another one in the city has."""
    in_city = Vehicle.objects.in_city(city.name)
    taken: set[str] = set()
    while vehicles:
        taken |= set(in_city.filter(code__in=[vehicle.code for vehicle in vehicles]).values_list("code", flat=True))
        without_label = []
        for vehicle in vehicles:
            if vehicle.code in taken:
                vehicle.code = new_code(city)
                without_label.append(vehicle)
            else:
                taken.add(vehicle.code)
        vehicles = without_label


def insert_ended_rides(city: City, rides: Sequence[Ride], *, fresh: Collection[UUID] = ()) -> int:
    """Add past rides. Those of ``fresh`` vehicles always fit; skip others if their vehicle was not free at the time."""
    new = missing(rides, Ride.objects.in_city(city.name))
    logs = _lock_logs(city, {ride.vehicle_id for ride in new if ride.vehicle_id not in fresh})
    kept = [ride for ride in new if ride.vehicle_id in fresh or _fits(ride, logs, until=ride.end_time)]
    _insert_rides(city, kept)
    return len(kept)


def _insert_rides(city: City, rides: Sequence[Ride]) -> None:
    Ride.objects.bulk_create(rides)
    VehicleEvent.objects.bulk_create([event for ride in rides for event in events_of(ride)])
    set_last_events(city, {ride.vehicle_id for ride in rides})


def _lock_logs(city: City, vehicle_ids: Collection[UUID]) -> dict[UUID, Log]:
    return lock_logs(city, vehicle_ids) if vehicle_ids else {}


def _fits(ride: Ride, logs: dict[UUID, Log], *, until: datetime) -> bool:
    log = logs.get(ride.vehicle_id)
    if not (log and log.is_quiet(ride.start_time, until) and log.is_open_for(Interval(ride.start_time, until))):
        return False
    log.add(events_of(ride))
    return True


def insert_open_rides(city: City, rides: Sequence[Ride], *, now: datetime) -> int:
    """Start rides, skipping those whose vehicle is not free or whose rider is already riding.

    Locks the vehicles, then the riders.
    """
    new = missing(rides, Ride.objects.in_city(city.name))
    vehicles = Vehicle.objects.in_city(city.name).available()
    logs = lock_logs(city, {ride.vehicle_id for ride in new})
    idle = (
        User.objects.active()
        .filter(
            # Several cities, as visitors ride too.
            city__in={ride.rider_city for ride in new},
            id__in=[ride.rider_id for ride in new],
            open_rides=0,
        )
        .select_for_update()
    )
    idle_ids = {user.id for user in idle}
    new = [ride for ride in new if ride.rider_id in idle_ids and _fits(ride, logs, until=now)]
    _insert_rides(city, new)
    vehicles.filter(id__in=[ride.vehicle_id for ride in new]).update(status=VehicleState.ON_TRIP)
    riders = User.objects.filter(city__in={ride.rider_city for ride in new}, id__in=[ride.rider_id for ride in new])
    riders.update(open_rides=F("open_rides") + 1)
    bookings = Allocation.objects.in_city(city.name).filter(vehicle_id__in=[ride.vehicle_id for ride in new])
    bookings.filter(start_by__gt=now).update(start_by=None)
    return len(new)


def insert_allocations(city: City, plans: Sequence[Plan], *, now: datetime) -> int:
    """Add allocations with their events and reports, if the vehicle is, or was, free for them.

    Locks the vehicles, then the riders.
    """
    there = Allocation.objects.in_city(city.name).filter(id__in=[plan.allocation.id for plan in plans])
    ids = set(there.values_list("id", flat=True))
    plans = [plan for plan in plans if plan.allocation.id not in ids]
    logs = lock_logs(city, {plan.allocation.vehicle_id for plan in plans})
    holders = _lock_holders([plan.allocation for plan in plans if _is_held(plan.allocation, now)], now)
    kept = [plan for plan in plans if _is_possible(plan, logs, holders, now)]
    Allocation.objects.bulk_create([plan.allocation for plan in kept])
    VehicleEvent.objects.bulk_create([act for plan in kept for act in plan.acts])
    ProblemReport.objects.bulk_create([plan.report for plan in kept if plan.report], ignore_conflicts=True)
    _insert_notifications([plan.notice for plan in kept if plan.notice])
    set_last_events(city, {plan.allocation.vehicle_id for plan in kept})
    for allocation in (plan.allocation for plan in kept if _is_held(plan.allocation, now)):
        holder = User.objects.filter(city=allocation.rider_city, id=allocation.rider_id)
        holder.update(hold_until=allocation.ends_at)
    return len(kept)


def _is_held(allocation: Allocation, now: datetime) -> bool:
    return allocation.is_reservation and allocation.ends_at > now


def _lock_holders(reservations: Sequence[Allocation], now: datetime) -> set[UUID]:
    """Return those of the people who have no reservation."""
    ids = {reservation.rider_id for reservation in reservations}
    people = User.objects.active().filter(Q(hold_until__isnull=True) | Q(hold_until__lte=now), id__in=ids)
    return {user.id for user in people.select_for_update()} if ids else set()


def _is_possible(plan: Plan, logs: dict[UUID, Log], holders: set[UUID], now: datetime) -> bool:
    allocation = plan.allocation
    log = logs.get(allocation.vehicle_id)
    if log is None or not log.is_open_for(allocation.interval):
        return False
    if plan.is_ahead:
        moment = log.after_all(now)
        plan.move(moment, log.state_at(moment))
    elif not log.is_quiet(plan.acts[0].occurred_at, min(allocation.ends_at or now, now)):
        return False
    if _is_held(allocation, now):
        if allocation.rider_id not in holders:
            return False
        holders.remove(allocation.rider_id)
    log.add(plan.acts, allocation)
    return True


def _insert_notifications(notifications: Sequence[Notification]) -> None:
    """Add notifications, numbered and counted in their people's rows."""
    for notice in notifications:
        reader = User.objects.filter(city=notice.city, id=notice.user_id)
        reader.update(
            unread_notifications=F("unread_notifications") + int(notice.is_unread),
            notification_sequence=F("notification_sequence") + 1,
        )
        notice.sequence = reader.values_list("notification_sequence", flat=True).get()
    Notification.objects.bulk_create(notifications)
