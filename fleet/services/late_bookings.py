"""Bookings that begin while somebody still rides the vehicle."""

import uuid

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext as _

from accounts.notices import tell
from cities.models import City
from cities.registry import registry
from movr_project.db.retry import retry_transaction

from ..models import Allocation
from ..querysets import AllocationQuerySet


def tell_late_bookings() -> int:
    """Tell everybody whose booked vehicle is not back, once for each booking; returns how many those are now.

    The booking's own page says so at any time; this is for those who are on their way to the vehicle.
    """
    return sum(_tell_in(city) for city in registry)


def _tell_in(city: City) -> int:
    ids = list(_late_in(city).values_list("id", flat=True))
    for id_ in ids:
        _tell(city, id_)
    return len(ids)


@retry_transaction(idempotent=True)
def _tell(city: City, booking_id: uuid.UUID) -> None:
    booking = _late_in(city).filter(id=booking_id).select_related("vehicle", "rider").first()
    if booking is None or booking.rider is None:
        return  # the vehicle is back, or the person has left
    tell(
        booking.rider,
        code="booking_late",
        text=lazy(_sentence, str)(booking.vehicle.code),
        url=reverse("fleet:booking_detail", args=[booking.city, booking.id]),
        mail=True,
        key=str(booking.id),
    )


def _late_in(city: City) -> AllocationQuerySet:
    return Allocation.objects.in_city(city.name).meeting_a_ride(timezone.now())


def _sentence(code: str) -> str:
    sentence = _("Your booking of %(code)s has begun, but somebody still rides it. We show you what is free nearby.")
    return sentence % {"code": code}
