from django.conf import settings
from django.core import checks


@checks.register(checks.Tags.database)
def default_city_is_served(databases: list[str] | None = None, **kwargs) -> list[checks.CheckMessage]:
    """Check that DEFAULT_CITY is one of the cities, if there are any (tag ``database``)."""
    from .models import City

    if "default" not in (databases or []) or not _migrated():
        return []
    names = set(City.objects.values_list("name", flat=True))
    if not names or settings.DEFAULT_CITY in names:
        return []
    return [checks.Warning(f"DEFAULT_CITY {settings.DEFAULT_CITY!r} is not served.", id="cities.W001")]


def _migrated() -> bool:
    from django.db import connection

    return "cities" in connection.introspection.table_names()
