"""All served cities, kept in memory: reading a city costs no query."""

from collections.abc import Iterator
from itertools import groupby

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from movr_project.memory import InMemory

from .models import City


class CityRegistry(InMemory[dict[str, City]]):
    """The served cities by name, slug and code."""

    def load(self) -> dict[str, City]:
        return {city.name: city for city in City.objects.all()}

    @property
    def by_name(self) -> dict[str, City]:
        return self.kept

    def __iter__(self) -> Iterator[City]:
        return iter(self.by_name.values())

    def __contains__(self, name: object) -> bool:
        return name in self.by_name

    def __getitem__(self, name: str) -> City:
        """The city of a row. One that is not known here was added by another process just now."""
        if name not in self.by_name:
            self.clear()
        return self.by_name[name]

    def get(self, name: str) -> City | None:
        return self.by_name.get(name)

    def with_slug(self, slug: str) -> City | None:
        return self.get(slug.replace("-", " "))

    def with_code(self, code: str) -> City | None:
        return next((city for city in self if city.code == code), None)

    def of_label(self, code: str) -> City | None:
        """The city whose code the code of a vehicle begins with."""
        return next((city for city in self if code.upper().startswith(city.code)), None)

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


registry = CityRegistry(City)
