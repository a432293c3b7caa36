"""Services that suspend people.

Suspending deactivates the account first, after which the person can make nothing new. Their reservations, bookings and
vehicles follow, each vehicle in its own transaction. If that is interrupted, suspend the person again to finish it.
"""

import uuid
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User, new_session_epoch
from fleet.calendar.events import record_calendar
from fleet.calendar.intervals import Interval
from fleet.calendar.locking import LockedVehicle, lock_vehicle
from fleet.models import Allocation, Vehicle
from fleet.models.choices import AllocationKind, VehicleState
from fleet.services.allocations import cancel_conflicting, create_allocation, end_allocation
from movr_project.db.retry import retry_transaction
from movr_project.errors import Refused
from movr_project.mail import send_mail


class SuspensionRefused(Refused):
    """Codes: ``account_gone``, ``colleague``, ``not_suspended``."""


def suspend_person(*, person: User, reason: str, by: User) -> None:
    """Deactivate a person's account, log them out everywhere, and call ``release_holdings``. Idempotent.

    The person reads the reason when they try to log in, and gets it by e-mail. Only superusers can suspend staff, and
    no one can suspend themselves; the view checks other permissions. Locks the person, then each vehicle and its
    people. Raises ``SuspensionRefused``: ``account_gone``, ``colleague``.
    """
    _suspend(person, reason, by)
    release_holdings(person=person, by=by)


@retry_transaction(idempotent=True)
def lift_suspension(*, person: User, by: User) -> None:
    """Reactivate a suspended account. The person's vehicles stay paused until they resume them.

    For staff; the view checks permissions. Locks the person. Raises ``SuspensionRefused``: ``not_suspended``,
    ``colleague``.
    """
    _refuse_colleague(person, by)
    row = User.objects.filter(id=person.id, city=person.city, suspended_at__isnull=False)
    if not row.update(is_active=True, suspended_at=None, suspension_reason=""):
        raise SuspensionRefused(_("This person is not suspended."), code="not_suspended")
    send_mail("suspension_lifted", to=person.email, user=person, language=person.language)


def release_holdings(*, person: User, by: User | None) -> None:
    """End an inactive person's reservations and bookings in all cities, and pause their vehicles.

    Open rides are not ended, as staff must find the vehicle first. The admin lists them.
    """
    held = Allocation.objects.for_rider(person).from_now_on(timezone.now()).values_list("city", "id", "vehicle_id")
    for city, allocation_id, vehicle_id in list(held.order_by("city", "vehicle_id", "starts_at")):
        _release(person, city, vehicle_id, allocation_id, by)
    own = Vehicle.objects.in_city(person.city).listed().filter(owner_id=person.id).order_by("id")
    for vehicle_id in list(own.values_list("id", flat=True)):
        _pause(person, person.city, vehicle_id, by)


@retry_transaction(idempotent=True)
def _suspend(person: User, reason: str, by: User) -> None:
    row = User.objects.filter(id=person.id, city=person.city).select_for_update().first()
    if row is None or row.is_removed:
        raise SuspensionRefused(_("This account has been deleted or has changed."), code="account_gone")
    _refuse_colleague(row, by)
    if row.suspended_at is not None:
        return
    User.objects.filter(id=row.id, city=row.city).update(
        is_active=False, suspended_at=timezone.now(), suspension_reason=reason, session_epoch=new_session_epoch()
    )
    send_mail("account_suspended", to=row.email, user=row, context={"reason": reason}, language=row.language)


def _refuse_colleague(person: User, by: User) -> None:
    if person.id == by.id or ((person.is_staff or person.is_superuser) and not by.is_superuser):
        raise SuspensionRefused(
            _("Only superusers can do this for staff, and no one can do it for themselves."), code="colleague"
        )


@retry_transaction(idempotent=True)
def _release(person: User, city: str, vehicle_id: uuid.UUID, allocation_id: uuid.UUID, by: User | None) -> None:
    locked = lock_vehicle(city, vehicle_id)
    if locked is None or _is_back(person):
        return
    for allocation in locked.calendar:
        if allocation.id == allocation_id:
            before = locked.current
            end_allocation(locked, allocation)
            record_calendar(locked, before=before, actor=by, allocation=allocation)
            return


@retry_transaction(idempotent=True)
def _pause(owner: User, city: str, vehicle_id: uuid.UUID, by: User | None) -> None:
    """Pause a vehicle until further notice, cancelling riders' allocations. Pause it around any maintenance."""
    locked = lock_vehicle(city, vehicle_id)
    if locked is None or locked.vehicle.is_removed or _is_back(owner):
        return
    gaps = _gaps(locked)
    if all(_is_paused(locked, gap) for gap in gaps):
        return
    before = locked.current
    others = [other for other in locked.calendar if not other.is_maintenance]
    cancel_conflicting(locked, others, by=owner)
    pauses = [
        create_allocation(locked, AllocationKind.PAUSED, gap, state=VehicleState.NON_OPERATIONAL, by=owner)
        for gap in gaps
    ]
    record_calendar(locked, before=before, actor=by, allocation=pauses[0])


def _gaps(locked: LockedVehicle) -> list[Interval]:
    """Return the intervals from now on that are free of maintenance."""
    gaps: list[Interval] = []
    free_from: datetime | None = locked.now
    for maintenance in (other for other in locked.calendar if other.is_maintenance):
        if free_from is not None and maintenance.starts_at is not None and maintenance.starts_at > free_from:
            gaps.append(Interval(free_from, maintenance.starts_at))
        free_from = maintenance.ends_at
        if free_from is None:
            return gaps
    return [*gaps, Interval(free_from)]


def _is_paused(locked: LockedVehicle, gap: Interval) -> bool:
    """Return whether a single pause already fills the gap."""
    met = locked.conflicts_with(gap)
    return len(met) == 1 and met[0].is_paused and met[0].ends_at == gap.end


def _is_back(person: User) -> bool:
    """Return whether the account has been reactivated."""
    return User.objects.active().filter(id=person.id, city=person.city).exists()
