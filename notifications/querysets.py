from datetime import datetime
from typing import Self

from django.db import models

NOTIFICATIONS_IN_BANNER = 3


class NotificationQuerySet(models.QuerySet):
    def in_city(self, city: str) -> Self:
        return self.filter(city=city)

    def unread(self) -> Self:
        return self.filter(read_at__isnull=True)

    def read_before(self, moment: datetime) -> Self:
        return self.filter(read_at__lt=moment)

    def newest_first(self) -> Self:
        return self.order_by("-created_at", "-id")

    def for_banner(self) -> Self:
        """Return what a page shows above its content."""
        return self.unread().newest_first()[:NOTIFICATIONS_IN_BANNER]
