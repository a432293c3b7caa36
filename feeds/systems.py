"""All systems, kept in memory: reading one costs no query."""

from cities.models import City
from movr_project.db.memory import InMemory

from .models import System


class Systems(InMemory[dict[str, System]]):
    """The systems by city."""

    def load(self) -> dict[str, System]:
        return {system.city_id: system for system in System.objects.all()}

    def of(self, city: City) -> System:
        """Return what the operator has said about a city, or what is said until then: no feed is ever missing."""
        return self.kept.get(city.name) or System.initial(city)


systems = Systems(System)
