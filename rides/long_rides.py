"""Notify riders of very long rides, which they may have forgotten to end."""

import uuid

from django.utils.functional import lazy
from django.utils.translation import gettext as _

from cities.models import City
from cities.registry import registry
from movr_project.db.retry import retry_transaction
from notifications.services import notify

from .models import Ride


def notify_long_rides() -> int:
    """Notify everyone riding for longer than RIDE_WARNING_HOURS, once per ride. Return the number of such rides.

    Their vehicles are unavailable to others. Staff see these rides in the admin and can end them.
    """
    return sum(_notify_in(city) for city in registry)


def _notify_in(city: City) -> int:
    ids = list(Ride.objects.in_city(city.name).long().values_list("id", flat=True))
    for id_ in ids:
        _notify(city, id_)
    return len(ids)


@retry_transaction(idempotent=True)
def _notify(city: City, ride_id: uuid.UUID) -> None:
    ride = Ride.objects.in_city(city.name).long().filter(id=ride_id).select_related("vehicle", "rider").first()
    if ride is None or ride.rider is None:
        return  # the ride has ended
    notify(
        ride.rider,
        code="ride_long",
        text=lazy(_sentence, str)(ride.vehicle.code),
        url=ride.get_absolute_url(),
        mail=True,
        key=str(ride.id),
    )


def _sentence(code: str) -> str:
    return _("You've been riding %(code)s for a long time. Have you forgotten to end your ride?") % {"code": code}
