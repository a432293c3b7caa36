"""Half-open intervals, possibly unbounded on either side."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from fleet.calendar.intervals import Interval, first_gap
from fleet.models import Allocation
from fleet.tests.factories import VehicleFactory

HOUR = timedelta(hours=1)
MIDNIGHT = datetime(2030, 5, 1, tzinfo=UTC)


def at(hour: float | None) -> datetime | None:
    return None if hour is None else MIDNIGHT + hour * HOUR


def interval(start: float | None, end: float | None) -> Interval:
    return Interval(at(start), at(end))


TEN_TO_TWENTY = interval(10, 20)

MEETINGS = [
    ("encloses it", (5, 23)),
    ("is the same", (10, 20)),
    ("lies within", (12, 15)),
    ("runs into it", (5, 11)),
    ("begins in it", (19, 23)),
    ("begins with it", (10, 11)),
    ("ends with it", (19, 20)),
    ("from infinity beyond it", (None, 23)),
    ("from infinity into it", (None, 11)),
    ("from before it to infinity", (5, None)),
    ("from within it to infinity", (19, None)),
    ("for ever", (None, None)),
]
FREE = [
    ("touches its beginning", (5, 10)),
    ("touches its end", (20, 23)),
    ("lies before", (1, 2)),
    ("lies after", (22, 23)),
    ("from infinity to its beginning", (None, 10)),
    ("from its end to infinity", (20, None)),
]


@pytest.mark.parametrize(("_what", "bounds"), MEETINGS, ids=[what for what, _ in MEETINGS])
def test_what_shares_a_moment_overlaps(_what, bounds):
    assert interval(*bounds).overlaps(TEN_TO_TWENTY)
    assert TEN_TO_TWENTY.overlaps(interval(*bounds))


@pytest.mark.parametrize(("_what", "bounds"), FREE, ids=[what for what, _ in FREE])
def test_what_only_touches_does_not(_what, bounds):
    assert not interval(*bounds).overlaps(TEN_TO_TWENTY)
    assert not TEN_TO_TWENTY.overlaps(interval(*bounds))


def test_intervals_without_an_end_on_opposite_sides_are_apart():
    assert not interval(None, 5).overlaps(interval(10, None))  # formerly a TypeError


def some_intervals() -> list[Interval]:
    bounds = [None, 1, 2, 3, 4]
    return [interval(start, end) for start, end in product(bounds, bounds) if None in (start, end) or start < end]


def test_overlapping_is_sharing_a_moment():
    moments = [at(quarter / 2) for quarter in range(12)]
    for one, other in product(some_intervals(), some_intervals()):
        shared = any(moment in one and moment in other for moment in moments)
        assert one.overlaps(other) == shared, (one, other)


@pytest.mark.django_db
def test_the_database_thinks_the_same_of_overlapping():
    vehicle = VehicleFactory()
    stored = [
        Allocation(
            city="paris",
            vehicle_id=vehicle.id,
            kind="maintenance",
            state="non_operational",
            starts_at=each.start,
            ends_at=each.end,
        )
        for each in some_intervals()
    ]
    Allocation.objects.bulk_create(stored)
    for wanted in some_intervals():
        found = set(Allocation.objects.in_city("paris").overlapping(wanted).values_list("id", flat=True))
        assert found == {row.id for row in stored if row.interval.overlaps(wanted)}, wanted


@pytest.mark.parametrize(("start", "end"), [(20, 10), (10, 10)])
def test_an_end_before_the_start_is_invalid(start, end):
    with pytest.raises(ValueError, match="ends after"):
        interval(start, end)


def test_naive_times_are_invalid():
    with pytest.raises(ValueError, match="time zone"):
        Interval(datetime(2030, 5, 1), None)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("taken", "start", "hours", "found"),
    [
        ([], 9, 2, 9),
        ([(10, 12)], 9, 1, 9),
        ([(10, 12)], 9, 2, 12),
        ([(10, 12), (13, 14)], 9, 2, 14),
        ([(10, 12), (14, 15)], 9, 2, 12),
        ([(None, 12)], 9, 2, 12),
        ([(10, None)], 9, 2, None),
        ([(10, None)], 9, 1, 9),
        ([(None, None)], 9, 1, None),
        ([(1, 2)], 9, 1, 9),
    ],
)
def test_the_first_gap_is_long_enough(taken, start, hours, found):
    assert first_gap([interval(*each) for each in taken], start=at(start), length=hours * HOUR) == at(found)
