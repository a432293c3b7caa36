"""Notify riders who have paused a ride: shortly before the pause ends, and when it has.

Each is sent once per pause, however often and wherever this runs.
"""

import uuid
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db.models import F
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext as _

from cities.local_times import local_clock
from cities.models import City
from cities.registry import registry
from movr_project.db.retry import retry_transaction
from notifications.services import notify

from .models import Ride
from .querysets import RideQuerySet

RidesIn = Callable[[City], RideQuerySet]
Sentence = Callable[[Ride], str]


def remind_of_pauses() -> int:
    """Remind everyone whose pause ends within RIDE_PAUSE_REMINDER_MINUTES. Return the number of such pauses."""
    return _notify_all("pause_reminder", _ending_in, _ends_soon)


def notify_ended_pauses() -> int:
    """Notify everyone whose pause has ended by the clock. Return the number of such pauses."""
    return _notify_all("pause_over", _over_in, _is_over)


def _notify_all(code: str, rides_in: RidesIn, sentence: Sentence) -> int:
    found = [(city, id_) for city in registry for id_ in rides_in(city).values_list("id", flat=True)]
    for city, id_ in found:
        _notify(city, id_, code, rides_in, sentence)
    return len(found)


@retry_transaction(idempotent=True)
def _notify(city: City, ride_id: uuid.UUID, code: str, rides_in: RidesIn, sentence: Sentence) -> None:
    ride = rides_in(city).filter(id=ride_id).select_related("vehicle").first()
    if ride is None or ride.rider is None or ride.paused_at is None:
        return  # the ride has ended or goes on
    notify(
        ride.rider,
        code=code,
        text=lazy(sentence, str)(ride),
        url=ride.get_absolute_url(),
        mail=True,
        key=f"{ride.id} {ride.paused_at.isoformat()}",
        stale_at=ride.pause_until if ride.is_parked else None,
    )


def _ending_in(city: City) -> RideQuerySet:
    """Return the rides whose pause ends soon, but not those with a pause so short that nobody needs a reminder."""
    before = timedelta(minutes=settings.RIDE_PAUSE_REMINDER_MINUTES)
    parked = Ride.objects.in_city(city.name).parked().filter(pause_until__lte=timezone.now() + before)
    return parked.filter(paused_at__lt=F("pause_until") - before)


def _over_in(city: City) -> RideQuerySet:
    return Ride.objects.in_city(city.name).open().filter(pause_until__lte=timezone.now())


def _ends_soon(ride: Ride) -> str:
    time = ride.pause_until and local_clock(ride.pause_until, ride.served_city)
    sentence = _("Your pause of %(code)s ends at %(time)s. Resume or end your ride by then.")
    return sentence % {"code": ride.vehicle.code, "time": time}


def _is_over(ride: Ride) -> str:
    return _("Your pause of %(code)s has ended. Your ride continues until you end it.") % {"code": ride.vehicle.code}
