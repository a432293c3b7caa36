"""Determine whether a person is at a vehicle: they have just opened its label's page.

The signed session stores this for the last few vehicles. If the browser sends a position, it must be nearby.
"""

from django.http import HttpRequest
from django.utils import timezone

from cities.geography import great_circle_km

from .models import Vehicle

OPENED = "labels_opened"
SECONDS = 10 * 60
VEHICLES = 3
NEAR_KM = 0.1


def note_label_opened(request: HttpRequest, vehicle: Vehicle) -> None:
    """Store in the session when a person opened a vehicle's label. It survives logging in."""
    opened = request.session.get(OPENED, {})
    opened.pop(str(vehicle.pk), None)
    opened[str(vehicle.pk)] = int(timezone.now().timestamp())
    request.session[OPENED] = dict(list(opened.items())[-VEHICLES:])


def is_at(request: HttpRequest, vehicle: Vehicle, position: tuple[float, float] | None = None) -> bool:
    """Return whether the person opened the vehicle's label in the last ten minutes. A ``position`` must be near it."""
    opened_at = request.session.get(OPENED, {}).get(str(vehicle.pk))
    if opened_at is None or not 0 <= timezone.now().timestamp() - opened_at < SECONDS:
        return False
    if position is None or vehicle.position is None:
        return True
    return great_circle_km(*position, *vehicle.position) <= NEAR_KM
