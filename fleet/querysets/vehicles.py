import uuid
from math import cos, radians
from typing import Self

from django.db import models
from django.db.models import (
    BooleanField,
    Case,
    Exists,
    ExpressionWrapper,
    F,
    FilteredRelation,
    OuterRef,
    Q,
    Subquery,
    UUIDField,
    Value,
    When,
)
from django.db.models.functions import Sqrt
from django.utils import timezone

from accounts.models import User
from cities import geohash
from movr_project.db.expressions import float_value

from ..calendar.intervals import Interval, booking_buffer
from ..models.allocation import Allocation
from ..models.choices import OFF_THE_STREET, Situation, VehicleState
from .allocations import AllocationQuerySet, overlaps


class VehicleQuerySet(models.QuerySet):
    def in_city(self, city: str) -> Self:
        return self.filter(city=city)

    def listed(self) -> Self:
        """Exclude removed vehicles and those awaiting approval."""
        return self.not_removed().filter(approved_at__isnull=False)

    def not_removed(self) -> Self:
        # "Not equal" instead of IN, so that the planner keeps the index that gives the list's order.
        return self.exclude(status=VehicleState.REMOVED)

    def removed(self) -> Self:
        return self.filter(status=VehicleState.REMOVED)

    def available(self) -> Self:
        """Filter vehicles that nobody is riding. They may still be allocated: see ``rideable_by``."""
        return self.filter(status=VehicleState.AVAILABLE, approved_at__isnull=False)

    def rideable_by(self, user: User) -> Self:
        """Filter vehicles that the person can ride now: their own at the moment, or free until a booking's buffer."""
        viewer_id = user.id if user.is_authenticated else None
        soon = Interval.lasting(timezone.now(), booking_buffer())
        return self.available().filter(self._is_free_for(viewer_id, soon))

    def shown_to(self, user: User) -> Self:
        """Filter what riders look for: vehicles they can ride now, and parked ones of their own."""
        viewer_id = user.id if user.is_authenticated else None
        return self.open_to(viewer_id, Interval.lasting(timezone.now(), booking_buffer()))

    def open_to(self, viewer_id: uuid.UUID | None, soon: Interval) -> Self:
        """Like ``shown_to``. ``soon`` is from now until the buffer before a booking begins."""
        # "Not any of" instead of "available", so that the planner keeps the indexes of the map and of the list's order.
        parked = self.exclude(status__in=[VehicleState.REMOVED, VehicleState.ON_TRIP]).filter(approved_at__isnull=False)
        return parked.filter(self._is_free_for(viewer_id, soon, or_owned=True))

    def free_for(self, interval: Interval) -> Self:
        """Filter vehicles that are free for a whole interval, with neither allocations nor a ride.

        The end of a ride is unknown, so a current ride conflicts with intervals that start within the buffer.
        """
        free = self.listed().filter(~Exists(self._allocations().overlapping(interval)))
        if interval.start is None or interval.start < timezone.now() + booking_buffer():
            free = free.available()
        return free

    def _allocations(self) -> AllocationQuerySet:
        """Return the live allocations of each vehicle, for a subquery."""
        return Allocation.objects.live().filter(city=OuterRef("city"), vehicle_id=OuterRef("id"))

    def _is_free_for(self, viewer_id: uuid.UUID | None, soon: Interval, *, or_owned: bool = False) -> Q:
        """Return a condition: no other person's allocation soon, or the viewer's own now.

        With ``or_owned``, the viewer's vehicles fulfil it whatever their calendar says.
        """
        conflicts = self._allocations().overlapping(soon, now=soon.start)
        if viewer_id is None:
            return Q(~Exists(conflicts))
        # Inside the subquery: with OR outside it, PostgreSQL would read all allocations.
        others = conflicts.filter(Q(rider_id__isnull=True) | ~Q(rider_id=viewer_id))
        same = Allocation.objects.filter(city=OuterRef("city"), vehicle_id=OuterRef("vehicle_id"))
        own_now = same.covering(soon.start).filter(rider_id=viewer_id)
        if or_owned:
            others = others.alias(owner=ExpressionWrapper(OuterRef("owner_id"), UUIDField()))
            others = others.filter(Q(owner__isnull=True) | ~Q(owner=viewer_id))
        return Q(~Exists(others.filter(~Exists(own_now))))

    def with_situation(self) -> Self:
        """Annotate ``allocated_as``, what the calendar makes of each vehicle now: ``staff_situation`` reads it."""
        return self.annotate(allocated_as=Subquery(_covering_now().values("situation")[:1]))

    def with_situations(self, soon: Interval) -> Self:
        """Annotate ``situation``: what the calendar makes of each vehicle between now and the end of ``soon``.

        A vehicle with two entries in that time comes twice; order by ``entry__starts_at``. This is a join because it is
        for all vehicles of a city, most of which have no entry: a subquery takes PostgreSQL seven times as long.
        """
        now = soon.start or timezone.now()
        is_live = Q(allocations__cancelled_at__isnull=True) & overlaps(soon, now, at="allocations__")
        entry = FilteredRelation("allocations", condition=is_live)
        return self.alias(entry=entry).annotate(situation=_situation(at="entry__"))

    def allocated_as(self, *situations: Situation) -> Self:
        return self.filter(Exists(_covering_now().filter(situation__in=situations)))

    def not_allocated(self) -> Self:
        return self.filter(~Exists(_covering_now()))

    def of_type(self, type_: str) -> Self:
        return self.filter(type=type_)

    def charged(self, percent: int) -> Self:
        """Filter by the battery's charge. Vehicles without a battery, and those with an unknown charge, don't match."""
        return self.filter(battery_percent__gte=percent)

    def reaching(self, metres: int) -> Self:
        """Filter by the remaining range. Vehicles without a motor, and those with an unknown range, don't match."""
        return self.filter(range_m__gte=metres)

    def seen_by(self, user: User) -> Self:
        """Annotate with ``is_ridden_by_viewer``, and with the first allocation between now and the end of the buffer:
        ``taken_kind``, ``taken_from``, ``taken_until``, ``taken_is_own``.
        """
        return self.with_own_ride(user)._with_what_takes_it(user)

    def _with_what_takes_it(self, user: User) -> Self:
        now = timezone.now()
        first = self._allocations().overlapping(Interval.lasting(now, booking_buffer())).in_order()
        is_own = Case(When(rider_id=user.id, then=True), default=False) if user.is_authenticated else Value(False)
        first = first.annotate(is_own=is_own)
        taken = {"kind": "kind", "from": "starts_at", "until": "ends_at", "is_own": "is_own"}
        return self.annotate(**{f"taken_{name}": Subquery(first.values(field)[:1]) for name, field in taken.items()})

    def with_own_ride(self, user: User) -> Self:
        """Use the relation that rides declare, as the fleet may not import them."""
        if not (user.is_authenticated and user.is_riding):
            return self.annotate(is_ridden_by_viewer=Value(False))
        own_ride = Q(rides__end_time__isnull=True, rides__rider_city=user.city, rides__rider_id=user.id)
        return self.annotate(
            own_ride=FilteredRelation("rides", condition=own_ride),
            is_ridden_by_viewer=ExpressionWrapper(Q(own_ride__id__isnull=False), BooleanField()),
        )

    def in_public_order(self) -> Self:
        """Order by public ID: supported by an index, and spreading demand.

        By code, the position in a list would identify a vehicle after its public ID has changed.
        """
        return self.order_by("public_id")

    def addressed_as(self, id_: uuid.UUID) -> Self:
        """Filter by public or permanent ID, for pages that only the owner or staff can open."""
        return self.filter(Q(public_id=id_) | Q(id=id_))

    def had_by(self, user: User) -> Self:
        """Filter vehicles that the person owns, rides, or has reserved or booked."""
        held = Allocation.objects.from_now_on(timezone.now()).for_rider(user)
        held = held.filter(city=OuterRef("city"), vehicle_id=OuterRef("id"))
        rides = Q(rides__end_time__isnull=True, rides__rider_city=user.city, rides__rider_id=user.id)
        return self.filter(Q(owner_id=user.id) | rides | Exists(held))

    def in_order(self) -> Self:
        """Order by code, for people who know it."""
        return self.order_by("code")

    def newest_first(self) -> Self:
        return self.order_by("-date_added", "code")

    def around(self, latitude: float, longitude: float) -> Self:
        """Filter by the geohash cell of a point in degrees and its eight neighbours."""
        return self.filter(cell__in=geohash.neighbourhood(latitude, longitude))

    def by_distance(self, latitude: float, longitude: float) -> Self:
        """Order by distance, annotated as ``distance_m`` in metres. Vehicles without a position come last.

        Within a city the earth is treated as flat: longitude is scaled by the cosine of the latitude.
        """
        north = F("latitude") - float_value(latitude)
        east = (F("longitude") - float_value(longitude)) * float_value(cos(radians(latitude)))
        distance = Sqrt(north * north + east * east) * float_value(geohash.METRES_PER_DEGREE)
        return self.annotate(distance_m=distance).order_by(F("distance_m").asc(nulls_last=True), "public_id")


def _covering_now() -> AllocationQuerySet:
    """Return each vehicle's allocation that covers now, with its ``situation``, for a subquery."""
    there = Allocation.objects.filter(city=OuterRef("city"), vehicle_id=OuterRef("id"))
    return there.covering(timezone.now()).annotate(situation=_situation())


def _situation(at: str = "") -> Case:
    off_the_street = [When(**{f"{at}state": state}, then=Value(one.value)) for state, one in OFF_THE_STREET.items()]
    return Case(*off_the_street, default=F(f"{at}kind"))
