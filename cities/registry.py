"""All served cities and the names of their regions, cached in memory: reading a city costs no query."""

from collections.abc import Iterator
from itertools import groupby

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from movr_project.db.memory import InMemory

from .models import City, Region


class Menu:
    """Cities by region. Menus with the same content are equal."""

    def __init__(self, cities: dict[str, City], regions: dict[str, Region]) -> None:
        self._made_of = cities, regions
        known = [(regions.get(city.region) or unnamed_region(city.region), city) for city in cities.values()]
        known.sort(key=lambda pair: (pair[0].display_name, pair[0].name, pair[1].name))
        self.regions = [
            (region, [city for _region, city in group]) for region, group in groupby(known, key=lambda pair: pair[0])
        ]
        self._shown = tuple((region.name, region.display_name, city.name, city.display_name) for region, city in known)
        self._hash = hash(self._shown)

    def is_made_of(self, cities: dict[str, City], regions: dict[str, Region]) -> bool:
        return self._made_of[0] is cities and self._made_of[1] is regions

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Menu) and self._shown == other._shown

    def __hash__(self) -> int:
        return self._hash


def unnamed_region(name: str) -> Region:
    """Return a region that staff haven't named. It is called what the database calls it."""
    return Region(name=name, display_name=name)


class RegionRegistry(InMemory[dict[str, Region]]):
    """The regions that have a name for people, by the database's name."""

    def load(self) -> dict[str, Region]:
        return {region.name: region for region in Region.objects.all()}

    def of(self, city: City) -> Region:
        return self.kept.get(city.region) or unnamed_region(city.region)


class CityRegistry(InMemory[dict[str, City]]):
    """The served cities by name, slug and code."""

    _menu: "Menu | None" = None

    def load(self) -> dict[str, City]:
        return {city.name: city for city in City.objects.all()}

    @property
    def menu(self) -> "Menu":
        """Return the cities by region, computed once per loaded set of cities and names."""
        loaded = self.by_name, regions.kept
        if self._menu is None or not self._menu.is_made_of(*loaded):
            self._menu = Menu(*loaded)
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

    def by_region(self) -> list[tuple[Region, list[City]]]:
        """Return ``[(region, [city, …]), …]``, both in alphabetical order."""
        return self.menu.regions

    def choices(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """Return choices for a form's select, grouped by region."""
        return [(str(region), [(city.name, str(city)) for city in group]) for region, group in self.by_region()]

    def _check_not_empty(self) -> None:
        if not self.by_name:
            raise ImproperlyConfigured("No city is served. Add one in the admin, or run migrate.")


regions = RegionRegistry(Region)
registry = CityRegistry(City)
