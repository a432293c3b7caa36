from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q


class AlertQuerySet(models.QuerySet):
    def in_city(self, city: str) -> Self:
        return self.filter(city=city)

    def not_over(self, now: datetime) -> Self:
        """Exclude past alerts. Those of the future are published in advance."""
        return self.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=now))

    def in_order(self) -> Self:
        return self.order_by("starts_at", "id")
