"""Bookings that begin while another person is still riding the vehicle."""

import uuid

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext as _

from cities.models import City
from cities.registry import registry
from fleet.models import Allocation
from fleet.querysets.allocations import AllocationQuerySet
from movr_project.db.retry import retry_transaction
from notifications.services import notify


def notify_late_bookings() -> int:
    """Notify everyone whose booked vehicle is still in use, once per booking. Return the number of such bookings.

    The booking's page says so too; the notification is for people on their way to the vehicle.
    """
    return sum(_notify_in(city) for city in registry)


def _notify_in(city: City) -> int:
    ids = list(_late_in(city).values_list("id", flat=True))
    for id_ in ids:
        _notify(city, id_)
    return len(ids)


@retry_transaction(idempotent=True)
def _notify(city: City, booking_id: uuid.UUID) -> None:
    booking = _late_in(city).filter(id=booking_id).select_related("vehicle", "rider").first()
    if booking is None:
        return  # the vehicle is back, or the person has left
    notify(
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
    sentence = _("Your booking of %(code)s has started, but the vehicle is still in use. See what's available nearby.")
    return sentence % {"code": code}
