"""All served cities, cached in memory: reading a city costs no query."""

from collections.abc import Iterator
from itertools import groupby

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from movr_project.db.memory import InMemory

from .models import City


class Menu:
    """Cities by region. Menus with the same content are equal."""

    def __init__(self, by_name: dict[str, City]) -> None:
        self.made_of = by_name
        cities = sorted(by_name.values(), key=lambda city: (city.region, city.name))
        self.regions = [(region, list(group)) for region, group in groupby(cities, key=lambda city: city.region)]
        self._shown = tuple((city.region, city.name, city.display_name) for city in cities)
        self._hash = hash(self._shown)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Menu) and self._shown == other._shown

    def __hash__(self) -> int:
        return self._hash


class CityRegistry(InMemory[dict[str, City]]):
    """The served cities by name, slug and code."""

    _menu: "Menu | None" = None

    def load(self) -> dict[str, City]:
        return {city.name: city for city in City.objects.all()}

    @property
    def menu(self) -> "Menu":
        """Return the cities by region, computed once per loaded set of cities."""
        if self._menu is None or self._menu.made_of is not self.by_name:
            self._menu = Menu(self.by_name)
        return self._menu

    @property
    def by_name(self) -> dict[str, City]:
        return self.kept

    def __iter__(self) -> Iterator[City]:
        return iter(self.by_name.values())

    def __contains__(self, name: object) -> bool:
        return name in self.by_name

    def __getitem__(self, name: str) -> City:
        """Return a row's city. Reload if it is unknown, as another process may have just added it."""
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
        """Return the city whose code a vehicle's code starts with."""
        return next((city for city in self if code.upper().startswith(city.code)), None)

    def nearest(self, latitude: float, longitude: float) -> City:
        """Return the served city nearest to a point in degrees, by great-circle distance."""
        self._check_not_empty()
        return min(self, key=lambda city: city.distance_km(latitude, longitude))

    def default(self) -> City:
        self._check_not_empty()
        return self.get(settings.DEFAULT_CITY) or next(iter(self))

    def by_region(self) -> list[tuple[str, list[City]]]:
        """Return ``[(region, [city, …]), …]``, both in alphabetical order."""
        return self.menu.regions

    def choices(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """Return choices for a form's select, grouped by region."""
        return [(region, [(city.name, str(city)) for city in group]) for region, group in self.by_region()]

    def _check_not_empty(self) -> None:
        if not self.by_name:
            raise ImproperlyConfigured("No city is served. Add one in the admin, or run migrate.")


registry = CityRegistry(City)
