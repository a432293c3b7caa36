"""All served cities, kept in memory: reading a city costs no query."""

import time
from collections.abc import Iterator
from itertools import groupby

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from movr_project.db.retry import retry_read

from .models import City

KEPT_FOR_SECONDS = 60  # after which another process's change is seen


class CityRegistry:
    """The served cities by name, slug and code. Refreshed after a change, and every minute."""

    def __init__(self) -> None:
        self._by_name: dict[str, City] = {}
        self.clear()

    def clear(self) -> None:
        """Read again at the next look. What is known stays: another thread may be looking at it."""
        self._loaded_at = float("-inf")

    @property
    def by_name(self) -> dict[str, City]:
        if time.monotonic() - self._loaded_at > KEPT_FOR_SECONDS:
            self._by_name = self._load()
            self._loaded_at = time.monotonic()
        return self._by_name

    @staticmethod
    @retry_read
    def _load() -> dict[str, City]:
        return {city.name: city for city in City.objects.all()}

    def __iter__(self) -> Iterator[City]:
        return iter(self.by_name.values())

    def __contains__(self, name: object) -> bool:
        return name in self.by_name

    def __getitem__(self, name: str) -> City:
        return self.by_name[name]

    def get(self, name: str) -> City | None:
        return self.by_name.get(name)

    def with_slug(self, slug: str) -> City | None:
        return self.get(slug.replace("-", " "))

    def with_code(self, code: str) -> City | None:
        return next((city for city in self if city.code == code), None)

    def nearest(self, latitude: float, longitude: float) -> City:
        """The served city nearest to a point in degrees, by great-circle distance."""
        self._refuse_to_be_empty()
        return min(self, key=lambda city: city.distance_km(latitude, longitude))

    def default(self) -> City:
        self._refuse_to_be_empty()
        return self.get(settings.DEFAULT_CITY) or next(iter(self))

    def by_region(self) -> list[tuple[str, list[City]]]:
        """``[(region, [city, …]), …]``, both in alphabetical order."""
        cities = sorted(self, key=lambda city: (city.region, city.name))
        return [(region, list(group)) for region, group in groupby(cities, key=lambda city: city.region)]

    def choices(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """For a form's select, grouped by region."""
        return [(region, [(city.name, str(city)) for city in group]) for region, group in self.by_region()]

    def _refuse_to_be_empty(self) -> None:
        if not self.by_name:
            raise ImproperlyConfigured("No city is served. Add one in the admin, or run migrate.")


registry = CityRegistry()


@receiver([post_save, post_delete], sender=City)
def forget_cities(using: str, **kwargs) -> None:
    registry.clear()
    # Until then, other threads read the old rows back in.
    transaction.on_commit(registry.clear, using=using)
