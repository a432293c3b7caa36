"""Remind riders before their booking begins and before their reservation ends."""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext as _

from cities.local_times import local_clock
from cities.models import City
from cities.registry import registry
from movr_project.db.retry import retry_transaction
from notifications.services import notify

from ..models import Allocation
from ..models.choices import AllocationKind
from ..querysets.allocations import AllocationQuerySet


def send_reminders() -> int:
    """Remind the riders of all bookings that begin soon and all reservations that end soon. Return their number.

    Each is reminded of once, however often and wherever this runs.
    """
    return sum(_remind_in(city) for city in registry)


def _remind_in(city: City) -> int:
    now = timezone.now()
    due = [
        *_bookings_due(city, now).values_list("id", flat=True),
        *_reservations_due(city, now).values_list("id", flat=True),
    ]
    return sum(_remind(city, id_) for id_ in due)


@retry_transaction(idempotent=True)
def _remind(city: City, allocation_id: uuid.UUID) -> bool:
    """Return whether this run reminded the rider: only one of several changes the row."""
    now = timezone.now()
    row = Allocation.objects.in_city(city.name).filter(id=allocation_id)
    if not row.from_now_on(now).filter(reminded_at__isnull=True).update(reminded_at=now):
        return False
    allocation = row.select_related("vehicle").get()
    if allocation.rider is None:
        return False
    notify(
        allocation.rider,
        code=f"{allocation.kind}_reminder",
        text=lazy(_sentence, str)(allocation),
        url=reverse("fleet:booking_list") if allocation.is_reservation else allocation.get_absolute_url(),
        mail=allocation.is_booking,  # nobody reads mail in the last minutes of a reservation
        stale_at=allocation.ends_at,
    )
    return True


def _bookings_due(city: City, now: datetime) -> AllocationQuerySet:
    """Return the bookings that begin soon, but not those made so late that their riders need no reminder."""
    before = timedelta(minutes=settings.BOOKING_REMINDER_MINUTES)
    soon = _unreminded(city).bookings().filter(starts_at__gt=now, starts_at__lte=now + before)
    return soon.filter(created_at__lt=F("starts_at") - before)


def _reservations_due(city: City, now: datetime) -> AllocationQuerySet:
    before = timedelta(minutes=settings.RESERVATION_REMINDER_MINUTES)
    # The start, for the index: reservations are short.
    begun = now - timedelta(minutes=settings.RESERVATION_MINUTES)
    recent = _unreminded(city).filter(kind=AllocationKind.RESERVATION, starts_at__gt=begun, starts_at__lte=now)
    return recent.filter(ends_at__gt=now, ends_at__lte=now + before)


def _unreminded(city: City) -> AllocationQuerySet:
    return Allocation.objects.in_city(city.name).live().filter(reminded_at__isnull=True, rider_id__isnull=False)


def _sentence(allocation: Allocation) -> str:
    moment = allocation.ends_at if allocation.is_reservation else allocation.starts_at
    if allocation.is_reservation:
        sentence = _("Your reservation of %(code)s ends at %(time)s. Start your ride by then.")
    else:
        sentence = _("Your booking of %(code)s begins at %(time)s.")
    time = moment and local_clock(moment, allocation.served_city)
    return sentence % {"code": allocation.vehicle.code, "time": time}
