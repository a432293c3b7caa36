"""Whether a page offers to start a ride, and whether it asks first."""

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.models import User
from cities.geography import great_circle_km
from movr_project.templatetags.movr import distance

from ..models import Vehicle

METRES_PER_MINUTE = 80  # on foot


def may_start(user: User) -> bool:
    """Return whether the user can start another ride. Someone who is riding sees no button that would be refused."""
    return not user.is_authenticated or user.open_rides < settings.MAX_OPEN_RIDES


def may_hold(user: User) -> bool:
    """Return whether the user can reserve a vehicle, once logged in."""
    return not user.is_authenticated or not user.is_holding


def metres_between(vehicle: Vehicle, position: tuple[float, float] | None) -> float | None:
    """Return the distance from a position in degrees, or None if one of the two is unknown."""
    if position is None or vehicle.position is None:
        return None
    return 1000 * great_circle_km(*position, *vehicle.position)


def far_question(metres: float | None) -> str:
    """Return what to ask someone who isn't at the vehicle before they start it, or ""."""
    if metres is None or metres <= settings.FAR_START_M:
        return ""
    return _("You're %(distance)s away. Start anyway?") % {"distance": distance(metres)}


def walking_minutes(metres: float) -> int:
    return max(1, round(metres / METRES_PER_MINUTE))
