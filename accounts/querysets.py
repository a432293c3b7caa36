from typing import TYPE_CHECKING, Self

from django.contrib.auth.models import UserManager as DjangoUserManager
from django.db import models

if TYPE_CHECKING:
    from .models import User


class UserQuerySet(models.QuerySet):
    def active(self) -> Self:
        return self.filter(is_active=True)

    def in_city(self, city: str) -> Self:
        return self.filter(city=city)

    def locked(self, person: "User") -> "User | None":
        """Lock a user's row and return it, or None if they have moved or their account is removed.

        Counts, checks and erasures for this person are reliable afterwards, and nothing new can reference a removed
        account.
        """
        for row in self.active().filter(id=person.id, city=person.city).select_for_update():
            return row
        return None

    def listed(self) -> Self:
        """Return people whose profile is visible to others."""
        return self.filter(is_listed=True)

    def shown_to(self, viewer: "User") -> Self:
        """Return people whose profile is visible to others, and the viewer."""
        return self.filter(models.Q(is_listed=True) | models.Q(id=viewer.id))

    def by_username(self) -> Self:
        return self.order_by("username")

    def identified_by(self, login: str) -> Self:
        """Filter by username or e-mail address. Searches all cities, as both are unique across them."""
        return self.filter(email=login) if "@" in login else self.filter(username=login)


class UserManager(DjangoUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]  # a class made at run time
    """Django's ``create_user`` and ``create_superuser``, with the methods of ``UserQuerySet``."""
