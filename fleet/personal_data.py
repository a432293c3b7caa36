"""The fleet's part of ``accounts.personal_data``: the vehicles a person owns or owned."""

from typing import Any

from accounts.models import User
from accounts.personal_data import PersonalData, register

FIELDS = (
    "city",
    "id",
    "code",
    "type",
    "brand",
    "color",
    "status",
    "date_added",
    "approved_at",
    "last_location",
    "latitude",
    "longitude",
)


def export(user: User) -> list[dict[str, Any]]:
    return list(user.vehicles.newest_first().values(*FIELDS))


def release_removed_vehicles(user: User) -> None:
    """Vehicles that were taken off the road no longer point at who owned them. Part of a transaction."""
    user.vehicles.removed().update(owner_id=None)


register(PersonalData("vehicles", export, release_removed_vehicles))
