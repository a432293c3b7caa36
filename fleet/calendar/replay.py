"""Replay a vehicle's states from its event log and calendar alone.

Events record actions. The start and expiry of allocations are not stored, so replaying merges them in. The changes
between two events follow from the current calendar: an allocation that has started is ended by moving its end, one
that has not is cancelled, and a booking is released when its ``start_by`` passes.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ..models import Allocation, VehicleEvent
from ..models.choices import EventType, VehicleState
from .states import AVAILABLE, ON_TRIP, OUT_OF_SERVICE, REMOVED, ImpossibleEvent, entering, follow, leaving

BEGINNING = datetime.min.replace(tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


class BrokenLog(RuntimeError):
    """A vehicle's events do not follow from one another and from its calendar."""


@dataclass(frozen=True)
class Change:
    """An event and the state after it. ``event`` is None for a change that follows from the calendar."""

    occurred_at: datetime
    types: list[EventType]
    state: VehicleState
    event: VehicleEvent | None = None


def present_state(events: Iterable[VehicleEvent], allocations: Iterable[Allocation], moment: datetime) -> VehicleState:
    """Return a vehicle's state at a time after its first event. Pass all of its events. Raises ``BrokenLog``."""
    state = None
    for change in replay(events, allocations, moment):
        state = change.state
    if state is None:
        raise BrokenLog("It has no event.")
    return state


def replay(events: Iterable[VehicleEvent], allocations: Iterable[Allocation], moment: datetime) -> Iterator[Change]:
    """Yield all changes until a time. ``events`` must be sorted. The state before the first one is unknown.

    The first one may be of any type, as old events are deleted. Raises ``BrokenLog``.
    """
    calendar = Calendar(allocations)
    apart: VehicleState | None = None
    since: datetime | None = None
    for event in events:
        if event.occurred_at > moment:
            break
        if since is not None:
            if event.occurred_at <= since:
                raise _broken(event, "it comes no later than the one before it")
            yield from calendar.changes(apart, after=since, before=event.occurred_at)
        state, types = _follow(event, calendar.states_before(apart, event.occurred_at))
        apart = _apart_from_calendar(event, state, types, apart, calendar)
        since = event.occurred_at
        yield Change(since, types, state, event)
    if since is not None:
        yield from calendar.changes(apart, after=since, before=moment + MOMENT)


class Calendar:
    """A vehicle's allocations, past and present. Live ones do not overlap."""

    def __init__(self, allocations: Iterable[Allocation]):
        allocations = list(allocations)
        self.live = sorted((one for one in allocations if one.cancelled_at is None), key=_start)
        self.starts = [_start(one) for one in self.live]
        # Cancelled at the time at which it started: an action on a vehicle that had just been allocated.
        self.cancelled_at_start = [one for one in allocations if one.cancelled_at and one.cancelled_at == one.starts_at]

    def at(self, moment: datetime) -> Allocation | None:
        one = self._last_before(bisect_right(self.starts, moment))
        return one if one and one.covers(moment) else None

    def states_before(self, apart: VehicleState | None, moment: datetime) -> list[VehicleState]:
        """Return the states that an event may have found, as the calendar may have changed at the same time."""
        if apart is None:
            return list(VehicleState)
        before = self._last_before(bisect_left(self.starts, moment))
        until = before.until(moment) if before else None
        if before and (until is None or until > moment):
            return [_state(apart, before)]
        found = [before if until == moment else None, None, self.at(moment)]
        found += [one for one in self.cancelled_at_start if one.starts_at == moment]
        return [_state(apart, one) for one in found]

    def changes(self, apart: VehicleState | None, *, after: datetime, before: datetime) -> Iterator[Change]:
        """Yield the starts and expiries between two times. During a ride, they do not change the state."""
        if apart != AVAILABLE:
            return
        first = max(bisect_right(self.starts, after) - 1, 0)
        begun = {one.starts_at: one for one in self.live[first : bisect_left(self.starts, before)]}
        ended = {one.until(before): one for one in begun.values()}
        moments = {moment for moment in (*begun, *ended) if moment is not None and after < moment < before}
        for moment in sorted(moments):
            types = [leaving(ended[moment])] if moment in ended else []
            types += [entering(begun[moment])] if moment in begun else []
            yield Change(moment, types, _state(AVAILABLE, begun.get(moment)))

    def _last_before(self, index: int) -> Allocation | None:
        return self.live[index - 1] if index else None


def _start(allocation: Allocation) -> datetime:
    return allocation.starts_at or BEGINNING


def _state(apart: VehicleState, allocation: Allocation | None) -> VehicleState:
    """Like ``state_of``, with the log's state in place of the vehicle's row."""
    if allocation is None or apart in {ON_TRIP, REMOVED}:
        return apart
    return VehicleState(allocation.state)


def _follow(event: VehicleEvent, found: list[VehicleState]) -> tuple[VehicleState, list[EventType]]:
    """Return the event's state and types. The types must lead to it from one of the states found."""
    try:
        types, stored = [EventType(type_) for type_ in event.event_types], VehicleState(event.state)
    except ValueError as error:
        raise _broken(event, f"MDS knows no such thing: {error}") from None
    reached = {state: _reached(state, types) for state in found}
    if stored not in reached.values():
        led = ", ".join(f"from {state} to {after or 'nowhere'}" for state, after in reached.items())
        raise _broken(event, f"it says {stored}, and leads {led}" if types else "it has no type")
    return stored, types


def _reached(state: VehicleState, types: list[EventType]) -> VehicleState | None:
    try:
        return follow(state, types) if types else None
    except ImpossibleEvent:
        return None


def _apart_from_calendar(
    event: VehicleEvent, state: VehicleState, types: list[EventType], before: VehicleState | None, calendar: Calendar
) -> VehicleState:
    """Return the vehicle's state after the event without its calendar, as the vehicle's row tells it."""
    covering = calendar.at(event.occurred_at)
    if state == ON_TRIP:
        after = ON_TRIP
    elif EventType.DECOMMISSIONED in types or (before == REMOVED and EventType.PROVIDER_DROP_OFF not in types):
        after = REMOVED
    elif covering is None and state == OUT_OF_SERVICE and (types[-1] == EventType.OFF_HOURS or before != AVAILABLE):
        after = OUT_OF_SERVICE  # awaiting approval
    else:
        after = OUT_OF_SERVICE if before == OUT_OF_SERVICE and covering else AVAILABLE
    if _state(after, covering) != state:
        raise _broken(event, f"it says {state}, and the calendar {_state(after, covering)}")
    return after


def _broken(event: VehicleEvent, sentence: str) -> BrokenLog:
    return BrokenLog(f"Event {event.id} at {event.occurred_at.isoformat()} is wrong: {sentence}.")
