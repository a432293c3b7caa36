from datetime import timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from accounts.models import User
from fleet.intervals import Interval
from fleet.models import Allocation


class RideQuerySet(models.QuerySet):
    def in_city(self, city: str) -> Self:
        return self.filter(city=city)

    def open(self) -> Self:
        return self.filter(end_time__isnull=True)

    def ended(self) -> Self:
        return self.filter(end_time__isnull=False)

    def of_rider(self, rider: User) -> Self:
        """A person's rides, in every city they rode in (row M25).

        The rider's own city is named, but the rides' cities are not: on CockroachDB this asks each region.
        """
        return self.filter(rider_city=rider.city, rider_id=rider.id)

    def with_due_at(self, rider: User) -> Self:
        """Each with ``due_at``: since or from when somebody else has booked its vehicle, if that is soon."""
        soon = Interval.lasting(timezone.now(), timedelta(minutes=settings.BOOKING_WARNING_MINUTES))
        bookings = Allocation.objects.bookings().live().overlapping(soon).not_for(rider).in_order()
        bookings = bookings.filter(city=OuterRef("city"), vehicle_id=OuterRef("vehicle_id"))
        return self.annotate(due_at=Subquery(bookings.values("starts_at")[:1]))

    def newest_first(self) -> Self:
        return self.order_by("-start_time", "-id")
