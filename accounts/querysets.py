from datetime import datetime
from typing import Self

from django.contrib.auth.models import UserManager as DjangoUserManager
from django.db import models

NOTICES_IN_BANNER = 3


class UserQuerySet(models.QuerySet):
    def active(self) -> Self:
        return self.filter(is_active=True)

    def in_city(self, city: str) -> Self:
        return self.filter(city=city)

    def listed(self) -> Self:
        """Who lets other people see them."""
        return self.filter(is_listed=True)

    def by_username(self) -> Self:
        return self.order_by("username")

    def identified_by(self, login: str) -> Self:
        """Whose username or e-mail address this is. Looks across cities: a name is unique in all of them."""
        return self.filter(email=login) if "@" in login else self.filter(username=login)


class UserManager(DjangoUserManager.from_queryset(UserQuerySet)):
    """Django's ``create_user`` and ``create_superuser`` with our named filters."""


class NoticeQuerySet(models.QuerySet):
    def in_city(self, city: str) -> Self:
        return self.filter(city=city)

    def unread(self) -> Self:
        return self.filter(read_at__isnull=True)

    def read_before(self, moment: datetime) -> Self:
        return self.filter(read_at__lt=moment)

    def newest_first(self) -> Self:
        return self.order_by("-created_at", "-id")

    def for_banner(self) -> Self:
        """What a page shows above its content."""
        return self.unread().newest_first()[:NOTICES_IN_BANNER]
