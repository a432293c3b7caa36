from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone

from accounts.models import User
from fleet.calendar.intervals import Interval
from fleet.models import Allocation

LONGEST_RIDE = timedelta(days=3)


class RideQuerySet(models.QuerySet):
    def in_city(self, city: str) -> Self:
        return self.filter(city=city)

    def open(self) -> Self:
        return self.filter(end_time__isnull=True)

    def ended(self) -> Self:
        return self.filter(end_time__isnull=False)

    def under_way(self, start: datetime, end: datetime) -> Self:
        """Filter rides that overlap ``[start, end)``. Open ones last until now.

        Ended rides that began more than LONGEST_RIDE before ``start`` are left out, so that an index finds the others.
        """
        is_under_way = Q(start_time__gte=start - LONGEST_RIDE, end_time__gt=start)
        if start <= timezone.now():
            is_under_way |= Q(end_time__isnull=True)
        return self.filter(is_under_way, start_time__lt=end)

    def parked(self) -> Self:
        """Filter open rides whose rider has parked the vehicle and keeps it."""
        return self.open().filter(pause_until__gt=timezone.now())

    def long(self) -> Self:
        """Filter open rides that are so long that the rider may have forgotten to end them."""
        return self.open().filter(start_time__lte=timezone.now() - timedelta(hours=settings.RIDE_WARNING_HOURS))

    def of_inactive_riders(self) -> Self:
        """Filter open rides of inactive accounts, which staff end. Looks across the riders' home cities."""
        return self.open().filter(rider__is_active=False)

    def short(self) -> Self:
        """Filter rides so short that they may have been started only for the unlock code."""
        return self.ended().filter(length__lt=timedelta(minutes=settings.SHORT_RIDE_MINUTES))

    def of_rider(self, rider: User) -> Self:
        """Filter by rider, in all cities.

        The rider's own city is named, but not the rides' cities: on CockroachDB this queries every region.
        """
        return self.filter(rider_city=rider.city, rider_id=rider.id)

    def with_due_at(self, rider: User, soon: Interval) -> Self:
        """Annotate with ``due_at``: the start of another person's booking, if it is ``soon`` or has passed."""
        bookings = Allocation.objects.bookings().live().overlapping(soon, now=soon.start).not_for(rider).in_order()
        bookings = bookings.filter(city=OuterRef("city"), vehicle_id=OuterRef("vehicle_id"))
        return self.annotate(due_at=Subquery(bookings.values("starts_at")[:1]))

    def newest_first(self) -> Self:
        return self.order_by("-start_time", "-id")
