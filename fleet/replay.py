"""A vehicle's states, read off its log and its calendar alone.

Stored events record acts. That an allocation begins or expires is not stored: replaying merges both. What lies
between two events follows from the calendar as it stands today, because one that has begun is ended by moving
its end, and one that never began is cancelled.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from .choices import EventType, VehicleState
from .models import Allocation, VehicleEvent
from .states import AVAILABLE, ON_TRIP, OUT_OF_SERVICE, REMOVED, ImpossibleEvent, entering, follow, leaving

SINCE_EVER = datetime.min.replace(tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


class BrokenLog(RuntimeError):
    """A vehicle's events do not follow from one another and its calendar."""


@dataclass(frozen=True)
class Change:
    """What happened at a moment, and the vehicle's state from then on. ``event`` is None where nobody acted."""

    occurred_at: datetime
    types: list[EventType]
    state: VehicleState
    event: VehicleEvent | None = None


def present_state(events: Iterable[VehicleEvent], allocations: Iterable[Allocation], moment: datetime) -> VehicleState:
    """The state at a moment since the first event; of all of one vehicle's. Raises ``BrokenLog``."""
    state = None
    for change in replay(events, allocations, moment):
        state = change.state
    if state is None:
        raise BrokenLog("It has no event.")
    return state


def replay(events: Iterable[VehicleEvent], allocations: Iterable[Allocation], moment: datetime) -> Iterator[Change]:
    """Every change until a moment. ``events`` are in order; of what was before the first one nothing is known.

    Old events are forgotten, so that one may be any. Raises ``BrokenLog``.
    """
    calendar = Calendar(allocations)
    apart, since = None, None
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
    """A vehicle's allocations, looked at in the past tense. Those that are live do not overlap."""

    def __init__(self, allocations: Iterable[Allocation]):
        allocations = list(allocations)
        self.live = sorted((one for one in allocations if one.cancelled_at is None), key=_start)
        self.starts = [_start(one) for one in self.live]
        # Cancelled in the very moment in which it began: that was an act on a vehicle that had just been taken.
        self.stillborn = [one for one in allocations if one.cancelled_at and one.cancelled_at == one.starts_at]

    def at(self, moment: datetime) -> Allocation | None:
        one = self._last_before(bisect_right(self.starts, moment))
        return one if one and one.covers(moment) else None

    def states_before(self, apart: VehicleState | None, moment: datetime) -> list[VehicleState]:
        """What an act at a moment may have found: the calendar can have moved in the same one, before or by it."""
        if apart is None:
            return list(VehicleState)
        before = self._last_before(bisect_left(self.starts, moment))
        if before and (before.ends_at is None or before.ends_at > moment):
            return [_state(apart, before)]
        found = [before if before and before.ends_at == moment else None, None, self.at(moment)]
        found += [one for one in self.stillborn if one.starts_at == moment]
        return [_state(apart, one) for one in found]

    def changes(self, apart: VehicleState, *, after: datetime, before: datetime) -> Iterator[Change]:
        """The beginnings and expiries between two moments. While somebody rides the vehicle they change nothing."""
        if apart != AVAILABLE:
            return
        first = max(bisect_right(self.starts, after) - 1, 0)
        begun = {one.starts_at: one for one in self.live[first : bisect_left(self.starts, before)]}
        ended = {one.ends_at: one for one in begun.values() if one.ends_at}
        for moment in sorted(moment for moment in {*begun, *ended} - {None} if after < moment < before):
            types = [leaving(ended[moment])] if moment in ended else []
            types += [entering(begun[moment])] if moment in begun else []
            yield Change(moment, types, _state(apart, begun.get(moment)))

    def _last_before(self, index: int) -> Allocation | None:
        return self.live[index - 1] if index else None


def _start(allocation: Allocation) -> datetime:
    return allocation.starts_at or SINCE_EVER


def _state(apart: VehicleState, allocation: Allocation | None) -> VehicleState:
    """As ``state_of``, with what the log says in place of the vehicle's row."""
    if allocation is None or apart in {ON_TRIP, REMOVED}:
        return apart
    return VehicleState(allocation.state)


def _follow(event: VehicleEvent, found: list[VehicleState]) -> tuple[VehicleState, list[EventType]]:
    """Its state and types, which must lead to one another from some state that it may have found."""
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
    """What the vehicle is from this event on when its calendar is empty: the state that its row tells."""
    covering = calendar.at(event.occurred_at)
    if state == ON_TRIP:
        after = ON_TRIP
    elif EventType.DECOMMISSIONED in types or (before == REMOVED and EventType.PROVIDER_DROP_OFF not in types):
        after = REMOVED
    elif covering is None and state == OUT_OF_SERVICE and (types[-1] == EventType.OFF_HOURS or before != AVAILABLE):
        after = OUT_OF_SERVICE  # it waits for approval
    else:
        after = OUT_OF_SERVICE if before == OUT_OF_SERVICE and covering else AVAILABLE
    if _state(after, covering) != state:
        raise _broken(event, f"it says {state}, and the calendar {_state(after, covering)}")
    return after


def _broken(event: VehicleEvent, sentence: str) -> BrokenLog:
    return BrokenLog(f"Event {event.id} at {event.occurred_at.isoformat()} is wrong: {sentence}.")
