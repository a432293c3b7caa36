"""Bookings that begin while somebody still rides the vehicle."""

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext as _

from accounts.notices import tell
from cities.models import City
from cities.registry import registry
from movr_project.db.retry import retry_transaction

from ..models import Allocation

LARGEST_BATCH = 500


def tell_late_bookings() -> int:
    """Tell everybody whose booked vehicle is not back, once for each booking; returns how many those are now.

    The booking's own page says so at any time; this is for those who are on their way to the vehicle.
    """
    return sum(_tell_in(city) for city in registry)


@retry_transaction(idempotent=True)
def _tell_in(city: City) -> int:
    late = Allocation.objects.in_city(city.name).meeting_a_ride(timezone.now())
    bookings = list(late.select_related("vehicle", "rider")[:LARGEST_BATCH])
    for booking in bookings:
        if booking.rider:
            tell(
                booking.rider,
                code="booking_late",
                text=lazy(_late, str)(booking.vehicle.code),
                url=reverse("fleet:booking_detail", args=[booking.city, booking.id]),
                mail=True,
                key=str(booking.id),
            )
    return len(bookings)


def _late(code: str) -> str:
    sentence = _("Your booking of %(code)s has begun, but somebody still rides it. We show you what is free nearby.")
    return sentence % {"code": code}
