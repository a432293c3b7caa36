from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Case, F, FilteredRelation, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import User

from ..calendar.intervals import Interval
from ..models.choices import AllocationKind, Outcome
from ..models.event import VehicleEvent


class AllocationQuerySet(models.QuerySet):
    """Queries about availability, together with ``VehicleQuerySet``."""

    def in_city(self, city: str) -> Self:
        return self.filter(city=city)

    def live(self) -> Self:
        """Exclude cancelled allocations. Those that were in effect are included, with their actual end, and so are
        released bookings: ``overlapping``, ``covering`` and ``from_now_on`` know when these ended.
        """
        return self.filter(cancelled_at__isnull=True)

    def overlapping(self, interval: Interval, *, now: datetime | None = None) -> Self:
        """Filter by overlap with a half-open interval. Adjacent allocations don't overlap.

        A booking that may still be released overlaps with all of its time, a released one until ``start_by``.
        """
        return self.filter(overlaps(interval, now or timezone.now()))

    def covering(self, moment: Any) -> Self:
        """Filter allocations that are in effect at a time, not a future one: a datetime or an expression."""
        begun = Q(starts_at__isnull=True) | Q(starts_at__lte=moment)
        going_on = Q(ends_at__isnull=True) | Q(ends_at__gt=moment)
        return self.live().filter(begun, going_on, _is_not_released(moment))

    def from_now_on(self, now: datetime) -> Self:
        """Filter allocations that are in effect or in the future."""
        return self.live().overlapping(Interval(start=now), now=now)

    def over(self, now: datetime) -> Self:
        """Filter allocations that have ended, were cancelled or released."""
        return self.filter(Q(cancelled_at__isnull=False) | Q(ends_at__lte=now) | Q(start_by__lte=now))

    def bookings(self) -> Self:
        return self.filter(kind=AllocationKind.BOOKING)

    def for_rider(self, rider: User) -> Self:
        """Filter by rider, in all cities. On CockroachDB this queries every region."""
        return self.filter(rider_city=rider.city, rider_id=rider.id)

    def not_for(self, rider: User) -> Self:
        # Maintenance and pauses have no rider: their rider_id is NULL.
        return self.filter(Q(rider_id__isnull=True) | ~Q(rider_id=rider.id))

    def meeting_a_ride(self, now: datetime) -> Self:
        """Filter bookings that have started while another person is still riding the vehicle."""
        late = self.bookings().covering(now)
        late = late.alias(ride=FilteredRelation("vehicle__rides", condition=Q(vehicle__rides__end_time__isnull=True)))
        # By an alias, or exclude() would look for the ride again, in a subquery that does not name the city.
        return late.alias(ridden_by=F("ride__rider_id")).exclude(ridden_by=F("rider_id")).filter(ride__id__isnull=False)

    def with_outcome(self) -> Self:
        """Annotate with how each ended according to the log: ``ride_id``, the first ride on it, and ``ended_as``, the
        event that ended it early. ``outcome`` needs both.
        """
        of_its_vehicle = VehicleEvent.objects.filter(city=OuterRef("city"), vehicle_id=OuterRef("vehicle_id"))
        on_it = of_its_vehicle.filter(occurred_at__gte=OuterRef("starts_at"), occurred_at__lte=OuterRef("ends_at"))
        rides = on_it.filter(allocation_id=OuterRef("id"), ride_id__isnull=False).order_by("occurred_at")
        by_rider = Q(actor_id=OuterRef("rider_id"))
        ended_as = Case(
            When(by_rider & Q(allocation_id=OuterRef("id")), then=Value(Outcome.GIVEN_BACK.value)),
            When(by_rider & Q(allocation__kind=AllocationKind.BOOKING), then=Value(Outcome.BOOKED.value)),
            default=Value(Outcome.CANCELLED_BY_US.value),
        )
        # An early end and the event that caused it have the same time.
        end = of_its_vehicle.filter(occurred_at=Coalesce(OuterRef("cancelled_at"), OuterRef("ends_at")))
        return self.annotate(
            ride_id=Subquery(rides.values("ride_id")[:1]),
            ended_as=Subquery(end.annotate(word=ended_as).values("word")[:1]),
        )

    def in_order(self) -> Self:
        return self.order_by(F("starts_at").asc(nulls_first=True))


def overlaps(interval: Interval, now: datetime, at: str = "") -> Q:
    """Return the condition of ``overlapping``, for allocations at the end of a relation: ``at="allocations__"``."""
    condition = Q()
    if interval.end is not None:
        condition &= Q(**{f"{at}starts_at__isnull": True}) | Q(**{f"{at}starts_at__lt": interval.end})
    if interval.start is not None:
        condition &= Q(**{f"{at}ends_at__isnull": True}) | Q(**{f"{at}ends_at__gt": interval.start})
        condition &= _is_not_released(min(interval.start, now), at)
    return condition


def _is_not_released(moment: Any, at: str = "") -> Q:
    return Q(**{f"{at}start_by__isnull": True}) | Q(**{f"{at}start_by__gt": moment})
