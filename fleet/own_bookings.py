"""A rider's own reservations and bookings. Those of their page come from statements that are compiled once."""

import uuid
from datetime import datetime

from accounts.models import User
from movr_project.db.prepared import Prepared
from movr_project.web.pagination import Page

from .models import Allocation
from .models.choices import AllocationKind
from .querysets.allocations import AllocationQuerySet

PAGE_SIZE = 25


def own_allocations(user: User) -> AllocationQuerySet:
    """Return the user's reservations and bookings in all cities. On CockroachDB this queries every region."""
    kinds = [AllocationKind.RESERVATION, AllocationKind.BOOKING]
    return Allocation.objects.for_rider(user).filter(kind__in=kinds)


def current_allocations(user: User, now: datetime) -> list[Allocation]:
    """Return those in effect or in the future, in order, with their vehicles."""
    return _current.objects(None, _values(user, now))


def past_allocations(user: User, now: datetime, number: int) -> Page[Allocation]:
    """Return a page of those that are over, newest first, with their vehicles and ``with_outcome``."""
    rows = _past.objects(number, _values(user, now))
    return Page(rows[:PAGE_SIZE], number, has_next=len(rows) > PAGE_SIZE)


def _values(user: User, now: datetime) -> dict[str, str | uuid.UUID | datetime]:
    return {"rider_city": user.city, "rider_id": user.id, "now": now}


def _build_current(_shape: None, *, rider_city: str, rider_id: uuid.UUID, now: datetime) -> AllocationQuerySet:
    mine = own_allocations(User(city=rider_city, id=rider_id))
    return mine.from_now_on(now).select_related("vehicle").in_order()


def _build_past(number: int, *, rider_city: str, rider_id: uuid.UUID, now: datetime) -> AllocationQuerySet:
    mine = own_allocations(User(city=rider_city, id=rider_id))
    past = mine.over(now).with_outcome().select_related("vehicle").order_by("-starts_at", "-id")
    start = (number - 1) * PAGE_SIZE
    return past[start : start + PAGE_SIZE + 1]


_current = Prepared(_build_current)
_past = Prepared(_build_past)
