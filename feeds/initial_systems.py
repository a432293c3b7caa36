"""What the feeds say about a city until its operator says something else."""

from typing import Any

from cities.served_cities import CITIES

LANGUAGES = ["en", "es"]


def initial_values(city_name: str, display_name: str) -> dict[str, Any]:
    """Return the values of a city's ``System``. An empty e-mail address or brand is the site's own."""
    return {
        "system_id": f"movr_{city_name.replace(' ', '_')}",
        "name": dict.fromkeys(LANGUAGES, f"MovR {display_name}"),
        "operator": "MovR",
        "languages": LANGUAGES,
        "opening_hours": "24/7",
        "license_id": "CC0-1.0",
        "brand_color": "#12201a",
    }


def add_systems(apps: Any, using: str) -> None:
    """Add the systems of the nine initial cities. ``apps`` is the registry of a migration or a test."""
    systems = apps.get_model("feeds", "System").objects.using(using)
    served = set(apps.get_model("cities", "City").objects.using(using).values_list("name", flat=True))
    for city_name, display_name, *_rest in CITIES:
        if city_name in served:
            systems.get_or_create(city_id=city_name, defaults=initial_values(city_name, display_name))


def remove_systems(apps: Any, using: str) -> None:
    apps.get_model("feeds", "System").objects.using(using).all().delete()
