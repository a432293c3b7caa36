from typing import Self

from django.db import models

from accounts.models import User


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

    def newest_first(self) -> Self:
        return self.order_by("-start_time", "-id")
