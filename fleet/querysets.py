from datetime import datetime, timedelta
from math import cos, radians
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import (
    BooleanField,
    Case,
    Exists,
    ExpressionWrapper,
    F,
    FilteredRelation,
    FloatField,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Sqrt
from django.utils import timezone

from accounts.models import User

from . import geohash
from .choices import AllocationKind, Outcome, VehicleStatus
from .intervals import Interval


def guard() -> timedelta:
    """So long before somebody else's booking nobody may set out any more."""
    return timedelta(minutes=settings.BOOKING_GUARD_MINUTES)


class AllocationQuerySet(models.QuerySet):
    """Availability in one place, with ``VehicleQuerySet``."""

    def in_city(self, city: str) -> Self:
        return self.filter(city=city)

    def live(self) -> Self:
        """Not cancelled. Those that were in effect stay, with the end that they had."""
        return self.filter(cancelled_at__isnull=True)

    def overlapping(self, interval: Interval) -> Self:
        """Half-open on both sides: those that touch it do not count (row I15)."""
        found = self
        if interval.end is not None:
            found = found.filter(Q(starts_at__isnull=True) | Q(starts_at__lt=interval.end))
        if interval.start is not None:
            found = found.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=interval.start))
        return found

    def from_now_on(self, now: datetime) -> Self:
        """In effect, or ahead."""
        return self.live().overlapping(Interval(start=now))

    def bookings(self) -> Self:
        return self.filter(kind=AllocationKind.BOOKING)

    def for_rider(self, rider: User) -> Self:
        """A person's own, in every city: on CockroachDB this asks each region."""
        return self.filter(rider_city=rider.city, rider_id=rider.id)

    def not_for(self, rider: User) -> Self:
        # Maintenance and pauses are for nobody, and nobody is NULL.
        return self.filter(Q(rider_id__isnull=True) | ~Q(rider_id=rider.id))

    def meeting_a_ride(self, now: datetime) -> Self:
        """Bookings that have begun while somebody else still rides the vehicle."""
        vehicle = self.model._meta.get_field("vehicle").related_model
        rides = vehicle._meta.get_field("rides").related_model.objects
        ride = rides.filter(city=OuterRef("city"), vehicle_id=OuterRef("vehicle_id"), end_time__isnull=True)
        late = self.bookings().live().filter(starts_at__lte=now, ends_at__gt=now)
        return late.filter(Exists(ride.filter(~Q(rider_id=OuterRef("rider_id")))))

    def with_outcome(self) -> Self:
        """Each with what the vehicle's log says became of it: ``ride_id``, the first ride on it, and ``ended_as``, by
        the act that ended it before its time. ``outcome`` reads both.
        """
        log = self.model._meta.get_field("events").related_model.objects
        of_its_vehicle = log.filter(city=OuterRef("city"), vehicle_id=OuterRef("vehicle_id"))
        on_it = of_its_vehicle.filter(occurred_at__gte=OuterRef("starts_at"), occurred_at__lte=OuterRef("ends_at"))
        rides = on_it.filter(allocation_id=OuterRef("id"), ride_id__isnull=False).order_by("occurred_at")
        by_rider = Q(actor_id=OuterRef("rider_id"))
        ended_as = Case(
            When(by_rider & Q(allocation_id=OuterRef("id")), then=Value(Outcome.GIVEN_BACK.value)),
            When(by_rider & Q(allocation__kind=AllocationKind.BOOKING), then=Value(Outcome.BOOKED.value)),
            default=Value(Outcome.CANCELLED_BY_US.value),
        )
        # An act is written down for the moment that it gives the allocation as its end.
        end = of_its_vehicle.filter(occurred_at=Coalesce(OuterRef("cancelled_at"), OuterRef("ends_at")))
        return self.annotate(
            ride_id=Subquery(rides.values("ride_id")[:1]),
            ended_as=Subquery(end.annotate(word=ended_as).values("word")[:1]),
        )

    def in_order(self) -> Self:
        return self.order_by(F("starts_at").asc(nulls_first=True))


class VehicleQuerySet(models.QuerySet):
    def in_city(self, city: str) -> Self:
        return self.filter(city=city)

    def listed(self) -> Self:
        """On the road: neither removed nor waiting for approval."""
        return self.not_removed().filter(approved_at__isnull=False)

    def not_removed(self) -> Self:
        # "Not equal", rather than "one of the others": no index is tempted to leave the list's order.
        return self.exclude(status=VehicleStatus.REMOVED)

    def removed(self) -> Self:
        return self.filter(status=VehicleStatus.REMOVED)

    def available(self) -> Self:
        """Nobody rides it now. It may be set aside all the same: see ``rideable_by``."""
        return self.filter(status=VehicleStatus.AVAILABLE, approved_at__isnull=False)

    def rideable_by(self, user: User) -> Self:
        """Nobody rides it, and it is the person's own now, or nobody's until the guard before a booking begins."""
        return self.available().filter(self._is_free_for(user))

    def free_for(self, interval: Interval) -> Self:
        """Nothing in its calendar for a whole interval, and no ride either (row IB15).

        Nobody knows when a ride ends. One that goes on is in the way of what begins before the guard is over.
        """
        free = self.listed().filter(~Exists(self._allocations().overlapping(interval)))
        if interval.start is None or interval.start < timezone.now() + guard():
            free = free.available()
        return free

    def _allocations(self) -> AllocationQuerySet:
        """The live allocations of each vehicle, for a subquery."""
        allocations = self.model._meta.get_field("allocations").related_model.objects
        return allocations.live().filter(city=OuterRef("city"), vehicle_id=OuterRef("id"))

    def with_is_free(self, user: User | None = None) -> Self:
        """Each with ``is_free``: whether ``rideable_by`` would keep it; without a user, for anybody."""
        free = Q(status=VehicleStatus.AVAILABLE, approved_at__isnull=False) & self._is_free_for(user)
        return self.annotate(is_free=ExpressionWrapper(free, BooleanField()))

    def _is_free_for(self, user: User | None) -> Q:
        """Nothing in its calendar from now until the guard, but for the person's own; what is theirs now, is."""
        now = timezone.now()
        in_the_way = self._allocations().overlapping(Interval.lasting(now, guard()))
        if user is None or not user.is_authenticated:
            return Q(~Exists(in_the_way))
        # Within, not beside it with OR: PostgreSQL would read all allocations there are.
        others = in_the_way.not_for(user)
        same = others.model.objects.live().filter(city=OuterRef("city"), vehicle_id=OuterRef("vehicle_id"))
        own_now = same.filter(rider_id=user.id, starts_at__lte=now, ends_at__gt=now)
        return Q(~Exists(others.filter(~Exists(own_now))))

    def of_type(self, type_: str) -> Self:
        return self.filter(type=type_)

    def seen_by(self, user: User) -> Self:
        """Each with ``is_ridden_by_viewer``: whether it is this person who rides it now; and with what is first
        in its calendar from now until the guard: ``taken_kind``, ``taken_from``, ``taken_until``, ``taken_is_own``.
        """
        return self._with_own_ride(user)._with_what_takes_it(user)

    def _with_what_takes_it(self, user: User) -> Self:
        now = timezone.now()
        first = self._allocations().overlapping(Interval.lasting(now, guard())).in_order()
        is_own = Case(When(rider_id=user.id, then=True), default=False) if user.is_authenticated else Value(False)
        first = first.annotate(is_own=is_own)
        taken = {"kind": "kind", "from": "starts_at", "until": "ends_at", "is_own": "is_own"}
        return self.annotate(**{f"taken_{name}": Subquery(first.values(field)[:1]) for name, field in taken.items()})

    def _with_own_ride(self, user: User) -> Self:
        """Rides stand above the fleet: they are reached through the relation they declare."""
        if not (user.is_authenticated and user.is_riding):
            return self.annotate(is_ridden_by_viewer=Value(False))
        own_ride = Q(rides__end_time__isnull=True, rides__rider_city=user.city, rides__rider_id=user.id)
        return self.annotate(
            own_ride=FilteredRelation("rides", condition=own_ride),
            is_ridden_by_viewer=ExpressionWrapper(Q(own_ride__id__isnull=False), BooleanField()),
        )

    def in_order(self) -> Self:
        """A stable order that an index gives for nothing; codes are random, so demand spreads."""
        return self.order_by("code")

    def newest_first(self) -> Self:
        return self.order_by("-date_added", "code")

    def around(self, latitude: float, longitude: float) -> Self:
        """In the geohash cell of a point in degrees, or in one of its eight neighbours."""
        return self.filter(cell__in=geohash.neighbourhood(latitude, longitude))

    def by_distance(self, latitude: float, longitude: float) -> Self:
        """Nearest first, each with ``distance_m`` in metres; those of unknown position last.

        Within a city the globe is flat: degrees of longitude shrink by the cosine of the latitude.
        """
        north = F("latitude") - _number(latitude)
        east = (F("longitude") - _number(longitude)) * _number(cos(radians(latitude)))
        distance = Sqrt(north * north + east * east) * _number(geohash.METRES_PER_DEGREE)
        return self.annotate(distance_m=distance).order_by(F("distance_m").asc(nulls_last=True), "code")


def _number(value: float) -> Any:
    return Value(float(value), output_field=FloatField())
