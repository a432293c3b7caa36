"""The nine initial cities of MovR, in three regions."""

from typing import Any

US_EAST, US_WEST, EUROPE = "gcp-us-east1", "gcp-us-west1", "gcp-europe-west1"

FIELDS = ("name", "display_name", "code", "region", "latitude", "longitude", "radius_km", "time_zone", "currency")
CITIES = (
    ("new york", "New York", "NYC", US_EAST, 40.7128, -74.0060, 35, "America/New_York", "USD"),
    ("boston", "Boston", "BOS", US_EAST, 42.3601, -71.0589, 25, "America/New_York", "USD"),
    ("washington dc", "Washington DC", "WAS", US_EAST, 38.9072, -77.0369, 25, "America/New_York", "USD"),
    ("san francisco", "San Francisco", "SFO", US_WEST, 37.7749, -122.4194, 25, "America/Los_Angeles", "USD"),
    ("seattle", "Seattle", "SEA", US_WEST, 47.6062, -122.3321, 25, "America/Los_Angeles", "USD"),
    ("los angeles", "Los Angeles", "LAX", US_WEST, 34.0522, -118.2437, 50, "America/Los_Angeles", "USD"),
    ("amsterdam", "Amsterdam", "AMS", EUROPE, 52.3676, 4.9041, 20, "Europe/Amsterdam", "EUR"),
    ("paris", "Paris", "PAR", EUROPE, 48.8566, 2.3522, 25, "Europe/Paris", "EUR"),
    ("rome", "Rome", "ROM", EUROPE, 41.9028, 12.4964, 25, "Europe/Rome", "EUR"),
)

# What people call the regions.
REGION_NAMES = {US_EAST: "US East", US_WEST: "US West", EUROPE: "Europe"}


def add_region_names(apps: Any, using: str) -> None:
    """Add the missing names of regions. ``apps`` is the registry of a migration or a test."""
    regions = apps.get_model("cities", "Region").objects.using(using)
    for name, display_name in REGION_NAMES.items():
        regions.get_or_create(name=name, defaults={"display_name": display_name})


def set_clocks(apps: Any, using: str) -> None:
    """Set the 12-hour clock of the cities in the United States."""
    cities = apps.get_model("cities", "City").objects.using(using)
    cities.filter(name__in=[values[0] for values in CITIES if values[3] != EUROPE]).update(uses_24_hours=False)


def add_served_cities(apps: Any, using: str) -> None:
    """Add the missing cities. ``apps`` is the registry of a migration or a test."""
    cities = apps.get_model("cities", "City").objects.using(using)
    for values in CITIES:
        row = dict(zip(FIELDS, values, strict=True))
        cities.get_or_create(name=row.pop("name"), defaults=row)


def remove_served_cities(apps: Any, using: str) -> None:
    cities = apps.get_model("cities", "City").objects.using(using)
    cities.filter(name__in=[values[0] for values in CITIES]).delete()
