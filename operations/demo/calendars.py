"""Allocations in past weeks, now and in the coming weeks, and problem reports.

Rides took place in the last six weeks, so past allocations are in the week before.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from math import ceil
from random import Random
from typing import NamedTuple
from uuid import UUID, uuid5

from cities.models import City
from fleet.calendar.states import entering, leaving
from fleet.models import Allocation, Vehicle, VehicleEvent
from fleet.models.choices import AllocationKind, EventType, VehicleState
from notifications.models import Notification

from ..models import ProblemKind, ProblemReport
from .logs import happened
from .streams import next_id, stream
from .trips import HISTORY_DAYS, Rider

BOOKING, RESERVATION = AllocationKind.BOOKING, AllocationKind.RESERVATION
MAINTENANCE, PAUSED = AllocationKind.MAINTENANCE, AllocationKind.PAUSED
MISSING, PICKED_UP = VehicleState.MISSING, VehicleState.REMOVED

GOING_ON = 0.3  # maximum share of a city's allocations
TAKEN_NOW = 0.15  # maximum share of its vehicles
SLOT = timedelta(hours=2)
PAST_DAYS, AHEAD_DAYS = 6, 29
PAST_SLOTS, AHEAD_SLOTS = PAST_DAYS * 12, AHEAD_DAYS * 12
STEP = 5  # coprime to both, so that each slot is used once per round
NEXT_VEHICLE = 37
MINUTE = timedelta(minutes=1)
EVERY_NTH_REPORTED, EVERY_NTH_NO_SHOW = 3, 6

NOW = [RESERVATION, MAINTENANCE, BOOKING, PAUSED, MISSING, ProblemKind.BRAKES, PICKED_UP, BOOKING, RESERVATION]
PAST_OR_AHEAD = [
    (BOOKING, True),
    (BOOKING, False),
    (MAINTENANCE, False),
    (BOOKING, True),
    (MAINTENANCE, True),
    (BOOKING, True),
    (RESERVATION, False),
]
REPORTED = {
    ProblemKind.BRAKES: ("The rear brake does nothing.", "New brake pads."),
    ProblemKind.LIGHTS: ("No light at the back.", "Bulb replaced."),
    ProblemKind.WHEELS: ("The front tire loses air.", "Tire replaced."),
    ProblemKind.DIRTY: ("There is coffee on the seat.", "Cleaned."),
    ProblemKind.BATTERY: ("It stops on every hill.", "Battery swapped."),
}
REASONS = ["Inspection", "New tires", "Firmware update", "Battery check"]


class Parked(NamedTuple):
    """A vehicle, as far as its calendar needs it."""

    id: UUID
    code: str
    owner_id: UUID | None
    place: tuple[str, float | None, float | None]

    @classmethod
    def of(cls, vehicle: Vehicle) -> "Parked":
        return cls(
            vehicle.id, vehicle.code, vehicle.owner_id, (vehicle.last_location, vehicle.latitude, vehicle.longitude)
        )


@dataclass
class Plan:
    """An allocation with its events and any problem report about the vehicle."""

    allocation: Allocation
    acts: list[VehicleEvent] = field(default_factory=list)
    report: ProblemReport | None = None
    notice: Notification | None = None
    is_ahead: bool = False

    def move(self, moment: datetime, state: str) -> None:
        """Set the time at which a future allocation was made, and the vehicle's state at that time."""
        for act in self.acts:
            act.occurred_at = act.recorded_at = moment
            act.id = uuid5(act.vehicle_id, moment.isoformat())
            act.state = state
        self.allocation.created_at = moment
        if state == VehicleState.ON_TRIP:
            self.allocation.start_by = None


def plans(
    city: City, number: int, *, vehicles: Sequence[Parked], riders: Sequence[Rider], seed: int, now: datetime
) -> Iterator[Plan]:
    """Yield a city's unsaved allocations. Current ones are for the last vehicles, which have no rides."""
    if not (vehicles and riders):
        return
    planner = Planner(city, seed, now)
    going_on = min(ceil(number * GOING_ON), ceil(len(vehicles) * TAKEN_NOW))
    used: set[UUID] = set()
    free = (vehicle for vehicle in reversed(vehicles) if vehicle.id not in used)
    owned = (vehicle for vehicle in reversed(vehicles) if vehicle.owner_id and vehicle.id not in used)
    for index in range(going_on):
        what = NOW[index % len(NOW)]
        vehicle = (next(owned, None) if what == PAUSED else None) or next(free)
        used.add(vehicle.id)
        yield planner.going_on(what, vehicle, riders[-1 - index % len(riders)])
    others = [vehicle for vehicle in vehicles if vehicle.id not in used] or vehicles
    for index in range(min(number - going_on, len(others) * AHEAD_SLOTS)):
        turn, which = divmod(index, len(others))
        kind, is_ahead = PAST_OR_AHEAD[(which + turn) % len(PAST_OR_AHEAD)]
        rider = riders[(which + 7 * turn) % len(riders)]
        slot = turn * STEP + which * NEXT_VEHICLE
        if is_ahead or turn >= PAST_SLOTS:
            yield planner.ahead(MAINTENANCE if kind == MAINTENANCE else BOOKING, others[which], rider, slot)
        else:
            yield planner.past(kind, others[which], rider, slot)


class Planner:
    def __init__(self, city: City, seed: int, now: datetime):
        self.city, self.now = city.name, now
        self.ids = stream(seed, "allocation ids", city.name)
        self.rng = stream(seed, "allocations", city.name)
        today = datetime.combine(now.astimezone(UTC).date(), time.min, UTC)
        self.past_from = today - timedelta(days=HISTORY_DAYS + 1 + PAST_DAYS)
        self.ahead_from = today + timedelta(days=1)

    def going_on(self, what: str, vehicle: Parked, rider: Rider) -> Plan:
        """Return an allocation that is in effect now."""
        owner = Rider(self.city, vehicle.owner_id) if vehicle.owner_id else None
        if what == PAUSED and not owner:
            what = BOOKING
        since = self.now - self.rng.randint(20, 100) * MINUTE
        if what == RESERVATION:
            since = self.now - self.rng.uniform(0.5, 4) * MINUTE
            return self._acted(self._for_rider(what, vehicle, rider, since, since + 10 * MINUTE), vehicle, rider)
        if what == BOOKING:
            until = self.now + self.rng.randint(30, 300) * MINUTE
            return self._acted(self._for_rider(what, vehicle, rider, since, until), vehicle, rider)
        if what == PAUSED:
            return self._acted(self._out_of_service(vehicle, since, None, kind=PAUSED, by=owner), vehicle, owner)
        if what in ProblemKind:
            return self._taken_off(ProblemKind(what), vehicle, rider, since)
        state = what if what in {MISSING, PICKED_UP} else VehicleState.NON_OPERATIONAL
        until = None if state != VehicleState.NON_OPERATIONAL else self.now + self.rng.randint(1, 30) * 60 * MINUTE
        return self._acted(self._out_of_service(vehicle, since, until, state=state), vehicle, None)

    def past(self, kind: AllocationKind, vehicle: Parked, rider: Rider, slot: int) -> Plan:
        start = self.past_from + slot % PAST_SLOTS * SLOT + self.rng.uniform(10, 30) * MINUTE
        end = start + self.rng.randint(20, 80) * MINUTE
        if kind == BOOKING:
            plan = self.booked(vehicle, rider, start, end - start, start - self.rng.uniform(1, 9) * MINUTE)
            if plan.allocation.id.int % EVERY_NTH_NO_SHOW == 0:
                plan.allocation.start_by = plan.allocation.deadline(free_from=start)
            return plan
        if kind == RESERVATION:
            return self._acted(self._for_rider(kind, vehicle, rider, start, start + 10 * MINUTE), vehicle, rider)
        plan = self._acted(self._out_of_service(vehicle, start, end), vehicle, None)
        back = self._act(vehicle, end, [leaving(plan.allocation)], VehicleState.AVAILABLE, None)
        back.allocation_id = plan.allocation.id
        plan.acts.append(back)
        if plan.allocation.id.int % EVERY_NTH_REPORTED == 0:
            self._reported_and_closed(plan, vehicle, rider)
        return plan

    def booked(self, vehicle: Parked, rider: Rider, start: datetime, length: timedelta, made_at: datetime) -> Plan:
        plan = Plan(self._for_rider(BOOKING, vehicle, rider, start, start + length), is_ahead=start > self.now)
        if plan.is_ahead:
            plan.allocation.start_by = plan.allocation.deadline(free_from=start)
        self._note(plan, vehicle, made_at, rider)
        return plan

    def ahead(self, kind: AllocationKind, vehicle: Parked, rider: Rider, slot: int) -> Plan:
        start = self.ahead_from + slot % AHEAD_SLOTS * SLOT + self.rng.randrange(0, 30, 5) * MINUTE
        end = start + self.rng.randrange(30, 90, 5) * MINUTE
        if kind == MAINTENANCE:
            plan = Plan(self._out_of_service(vehicle, start, end), is_ahead=True)
            self._note(plan, vehicle, self.now, None)
        else:
            plan = self.booked(vehicle, rider, start, end - start, self.now)
        return plan

    def _for_rider(
        self, kind: AllocationKind, vehicle: Parked, rider: Rider, start: datetime, end: datetime
    ) -> Allocation:
        return Allocation(
            city=self.city,
            id=next_id(self.ids),
            vehicle_id=vehicle.id,
            kind=kind,
            state=VehicleState.RESERVED,
            starts_at=start,
            ends_at=end,
            rider_city=rider.city,
            rider_id=rider.id,
            made_by_city=rider.city,
            made_by_id=rider.id,
            created_at=start,
        )

    def _out_of_service(
        self,
        vehicle: Parked,
        start: datetime,
        end: datetime | None,
        *,
        kind: AllocationKind = MAINTENANCE,
        state: VehicleState = VehicleState.NON_OPERATIONAL,
        by: Rider | None = None,
    ) -> Allocation:
        planned = kind == MAINTENANCE and state == VehicleState.NON_OPERATIONAL
        return Allocation(
            city=self.city,
            id=next_id(self.ids),
            vehicle_id=vehicle.id,
            kind=kind,
            state=state,
            starts_at=start,
            ends_at=end,
            description=self.rng.choice(REASONS) if planned else "",
            data={"event_type": str(EventType.MAINTENANCE_PICK_UP)} if state == PICKED_UP else {},
            made_by_city=by.city if by else None,
            made_by_id=by.id if by else None,
            created_at=start,
        )

    def _acted(self, allocation: Allocation, vehicle: Parked, by: Rider | None) -> Plan:
        """Add the event that started the allocation."""
        act = self._act(vehicle, allocation.starts_at, [entering(allocation)], VehicleState(allocation.state), by)
        act.allocation_id = allocation.id
        return Plan(allocation, [act])

    def _note(self, plan: Plan, vehicle: Parked, moment: datetime, by: Rider | None) -> None:
        """Add the event that created the allocation ahead of time."""
        act = self._act(vehicle, moment, [EventType.ALLOCATED], VehicleState.AVAILABLE, by)
        act.allocation_id = plan.allocation.id
        plan.allocation.created_at = moment
        plan.acts.append(act)

    def _act(
        self, vehicle: Parked, moment: datetime, types: list[EventType], state: VehicleState, by: Rider | None
    ) -> VehicleEvent:
        return happened(self.city, vehicle.id, moment, types, state, vehicle.place, by)

    def _taken_off(self, kind: ProblemKind, vehicle: Parked, rider: Rider, since: datetime) -> Plan:
        plan = self._acted(self._out_of_service(vehicle, since, None, by=rider), vehicle, rider)
        plan.report = report(self.city, vehicle, kind, rider, since, took_off=True)
        plan.allocation.description = str(kind.label)
        plan.allocation.data = {"report": str(plan.report.id)}
        return plan

    def _reported_and_closed(self, plan: Plan, vehicle: Parked, rider: Rider) -> None:
        kind = choice(self.rng, REPORTED)
        start, end = plan.allocation.starts_at, plan.allocation.ends_at
        plan.report = report(self.city, vehicle, kind, rider, start - 30 * MINUTE, closed_at=end)
        plan.notice = notice_of(plan.report, vehicle.code, read_at=end + 60 * MINUTE)


def choice(rng: Random, kinds: dict) -> ProblemKind:
    return rng.choice(list(kinds))


def report(
    city: str,
    vehicle: Parked,
    kind: ProblemKind,
    rider: Rider,
    moment: datetime,
    *,
    took_off: bool = False,
    closed_at: datetime | None = None,
) -> ProblemReport:
    text, resolution = REPORTED[kind]
    return ProblemReport(
        city=city,
        id=uuid5(vehicle.id, f"report {moment.isoformat()}"),
        vehicle_id=vehicle.id,
        kind=kind,
        text=text,
        reporter_city=rider.city,
        reporter_id=rider.id,
        created_at=moment,
        took_off=took_off,
        is_trusted=took_off,
        closed_at=closed_at,
        resolution=resolution if closed_at else "",
    )


def notice_of(report: ProblemReport, code: str, *, read_at: datetime | None) -> Notification:
    return Notification(
        city=report.reporter_city,
        id=uuid5(report.id, "notice"),
        user_id=report.reporter_id,
        code="report_closed",
        text=f"Thanks for your report ({code}). Outcome: {report.resolution}",
        created_at=report.closed_at,
        read_at=read_at,
    )
