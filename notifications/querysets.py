from datetime import datetime
from typing import Self

from django.db import models

from accounts.models import User

NOTIFICATIONS_IN_BANNER = 3


class NotificationQuerySet(models.QuerySet):
    def in_city(self, city: str) -> Self:
        return self.filter(city=city)

    def listed(self) -> Self:
        """Filter those that people read, not those for scripts alone."""
        return self.exclude(text="")

    def since(self, sequence: int) -> Self:
        """Filter what was written after a person's ``notification_sequence`` had a value, oldest first."""
        return self.filter(sequence__gt=sequence).order_by("sequence", "id")

    def unread(self) -> Self:
        return self.filter(read_at__isnull=True)

    def read_before(self, moment: datetime) -> Self:
        return self.filter(read_at__lt=moment)

    def newest_first(self) -> Self:
        return self.order_by("-created_at", "-id")

    def for_banner(self) -> Self:
        """Return what a page shows above its content."""
        return self.unread().newest_first()[:NOTIFICATIONS_IN_BANNER]


class PushSubscriptionQuerySet(models.QuerySet):
    def current(self, user: User) -> Self:
        """Filter those of sessions that go on. What ends a person's sessions ends their subscriptions."""
        return self.filter(epoch=user.session_epoch)

    def newest_first(self) -> Self:
        return self.order_by("-created_at", "-id")
