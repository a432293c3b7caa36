"""Rules for people and their counters."""

from functools import reduce
from operator import or_

from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Lower
from django.utils import timezone

from accounts.models import Passkey, User
from cities.models import City
from documents.models import TermsAcceptance
from fleet.models import Allocation, Vehicle, VehicleEvent
from fleet.models.choices import AllocationKind
from jobs.models import Job
from notifications.models import Notification, PushSubscription
from photos.models import Photo
from rides.models import Ride

from ..models import ProblemReport
from .counting import number_of
from .rules import rule


@rule("A person's open_rides is the number of their open rides, in any city.")
def person_open_rides(city: City) -> QuerySet:
    """Reads the rides of all cities, as people also ride elsewhere."""
    open_rides = Ride.objects.open().filter(rider_city=city.name)
    # Only people with rides, by either count: counting for everyone would read every ride.
    riding = User.objects.in_city(city.name).filter(Q(open_rides__gt=0) | Q(id__in=open_rides.values("rider_id")))
    return riding.exclude(open_rides=number_of(open_rides.filter(rider_id=OuterRef("id")), "rider_id"))


@rule("A person's owned_vehicles is the number of their vehicles that are not removed.")
def person_owned_vehicles(city: City) -> QuerySet:
    owned = Vehicle.objects.in_city(city.name).not_removed().filter(owner_id=OuterRef("id"))
    return User.objects.in_city(city.name).exclude(owned_vehicles=number_of(owned, "owner_id"))


@rule("A person's unread_notifications is how many of their notifications are unread.")
def person_unread_notifications(city: City) -> QuerySet:
    unread = Notification.objects.in_city(city.name).unread()
    # Only people with unread notifications, by either count.
    is_notified = Q(unread_notifications__gt=0) | Q(id__in=unread.values("user_id"))
    notified = User.objects.in_city(city.name).filter(is_notified)
    return notified.exclude(unread_notifications=number_of(unread.filter(user_id=OuterRef("id")), "user_id"))


@rule("A person's notification_sequence is at least that of each of their notifications.")
def person_notification_sequence(city: City) -> QuerySet:
    ahead = Notification.objects.in_city(city.name).filter(sequence__gt=OuterRef("notification_sequence"))
    return User.objects.in_city(city.name).filter(Exists(ahead.filter(user_id=OuterRef("id"))))


@rule("A person's active_jobs is the number of jobs that are in progress for them.")
def person_active_jobs(city: City) -> QuerySet:
    active = Job.objects.in_city(city.name).shown().active()
    # Only people with jobs, by either count.
    busy = User.objects.in_city(city.name).filter(Q(active_jobs__gt=0) | Q(id__in=active.values("user_id")))
    return busy.exclude(active_jobs=number_of(active.filter(user_id=OuterRef("id")), "user_id"))


@rule("A person's hold_until is the end of their current reservation.")
def person_hold(city: City) -> QuerySet:
    """Reads the vehicles of all cities, as people also reserve elsewhere."""
    now = timezone.now()
    live = Allocation.objects.live().filter(kind=AllocationKind.RESERVATION, rider_city=city.name, ends_at__gt=now)
    # If the clock was set back, a reservation that has just ended may look current: the log knows better.
    held = live.filter(vehicle__last_event_at__lt=F("ends_at"))
    # Only people with a reservation, by either count.
    holding = User.objects.in_city(city.name).filter(Q(hold_until__gt=now) | Q(id__in=held.values("rider_id")))
    own = held.filter(rider_id=OuterRef("id"))
    agreed = live.filter(rider_id=OuterRef("id"), ends_at=OuterRef("hold_until"))
    counted = holding.annotate(held=number_of(own, "rider_id"), agreed=number_of(agreed, "rider_id"))
    return counted.exclude(held__lte=1, agreed=1)


@rule("Usernames and e-mail addresses are in lower case.")
def person_names(city: City) -> QuerySet:
    lower = Q(username=Lower("username")) & (Q(email__isnull=True) | Q(email=Lower("email")))
    return User.objects.in_city(city.name).exclude(lower)


@rule("A suspended account is inactive and says why; only such a one says so.")
def person_suspension(city: City) -> QuerySet:
    suspended = Q(suspended_at__isnull=False, is_active=False) & ~Q(suspension_reason="")
    return User.objects.in_city(city.name).exclude(suspended | Q(suspended_at__isnull=True, suspension_reason=""))


@rule("A person's terms_version is the latest version they accepted, or 0.")
def person_terms(city: City) -> QuerySet:
    accepted = TermsAcceptance.objects.filter(user_id=OuterRef("id")).order_by().values("user_id")
    newest = Coalesce(Subquery(accepted.annotate(newest=Max("version")).values("newest")), 0)
    return User.objects.in_city(city.name).exclude(terms_version=newest)


@rule("Nothing refers to a deleted account.")
def removed_account(city: City) -> QuerySet:
    """Reads the rides of all cities."""
    theirs = Ride.objects.filter(rider_city=city.name, rider_id=OuterRef("id"))
    owned = Vehicle.objects.in_city(city.name).filter(owner_id=OuterRef("id"))
    notified = Notification.objects.in_city(city.name).filter(user_id=OuterRef("id"))
    pushed = PushSubscription.objects.filter(city=city.name, user_id=OuterRef("id"))
    passkeys = Passkey.objects.filter(city=city.name, user_id=OuterRef("id"))
    had = Allocation.objects.filter(rider_city=city.name, rider_id=OuterRef("id"))
    reported = ProblemReport.objects.filter(reporter_city=city.name, reporter_id=OuterRef("id"))
    made = Allocation.objects.filter(made_by_city=city.name, made_by_id=OuterRef("id"))
    photographed = Photo.objects.filter(photographer_city=city.name, photographer_id=OuterRef("id"))
    acted = VehicleEvent.objects.filter(actor_city=city.name, actor_id=OuterRef("id"))
    referring = (theirs, owned, notified, pushed, passkeys, had, made, reported, photographed, acted)
    pointing = [Exists(rows) for rows in referring]
    removed = User.objects.in_city(city.name).filter(is_active=False, email__isnull=True)
    return removed.filter(reduce(or_, pointing))
