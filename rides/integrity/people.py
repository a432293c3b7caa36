"""People, and what their rows count."""

from functools import reduce
from operator import or_

from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Lower
from django.utils import timezone

from accounts.models import Notice, TermsAcceptance, User
from cities.models import City
from fleet.choices import AllocationKind
from fleet.models import Allocation, ProblemReport, Vehicle, VehicleEvent

from ..models import Ride
from .counting import number_of
from .rules import rule


@rule("A person's open_rides is how many rides they have open, in whichever city.")
def person_open_rides(city: City) -> QuerySet:
    """Looks across the rides' cities: people of this one ride as guests in others."""
    open_rides = Ride.objects.open().filter(rider_city=city.name)
    # Only those who ride, by either account: to count for everybody would read every ride there ever was.
    riding = User.objects.in_city(city.name).filter(Q(open_rides__gt=0) | Q(id__in=open_rides.values("rider_id")))
    return riding.exclude(open_rides=number_of(open_rides.filter(rider_id=OuterRef("id")), "rider_id"))


@rule("A person's owned_vehicles is how many vehicles of theirs are not removed.")
def person_owned_vehicles(city: City) -> QuerySet:
    owned = Vehicle.objects.in_city(city.name).not_removed().filter(owner_id=OuterRef("id"))
    return User.objects.in_city(city.name).exclude(owned_vehicles=number_of(owned, "owner_id"))


@rule("A person's unread_notices is how many of their notices are unread.")
def person_unread_notices(city: City) -> QuerySet:
    unread = Notice.objects.in_city(city.name).unread()
    # Only those who have some, by either account.
    told = User.objects.in_city(city.name).filter(Q(unread_notices__gt=0) | Q(id__in=unread.values("user_id")))
    return told.exclude(unread_notices=number_of(unread.filter(user_id=OuterRef("id")), "user_id"))


@rule("A person's hold_until is when their one reservation ends, as long as that goes on.")
def person_hold(city: City) -> QuerySet:
    """Looks across the vehicles' cities: people of this one hold vehicles as guests in others."""
    now = timezone.now()
    live = Allocation.objects.live().filter(kind=AllocationKind.RESERVATION, rider_city=city.name, ends_at__gt=now)
    # A clock that was set back shows one that has just been given back: its vehicle's log knows better.
    held = live.filter(vehicle__last_event_at__lt=F("ends_at"))
    # Only those who hold one, by either account.
    holding = User.objects.in_city(city.name).filter(Q(hold_until__gt=now) | Q(id__in=held.values("rider_id")))
    own = held.filter(rider_id=OuterRef("id"))
    agreed = live.filter(rider_id=OuterRef("id"), ends_at=OuterRef("hold_until"))
    counted = holding.annotate(held=number_of(own, "rider_id"), agreed=number_of(agreed, "rider_id"))
    return counted.exclude(held__lte=1, agreed=1)


@rule("Usernames and e-mail addresses are in lower case.")
def person_names(city: City) -> QuerySet:
    lower = Q(username=Lower("username")) & (Q(email__isnull=True) | Q(email=Lower("email")))
    return User.objects.in_city(city.name).exclude(lower)


@rule("A person's terms_version is the newest version that they accepted, or 0.")
def person_terms(city: City) -> QuerySet:
    accepted = TermsAcceptance.objects.filter(user_id=OuterRef("id")).order_by().values("user_id")
    newest = Coalesce(Subquery(accepted.annotate(newest=Max("version")).values("newest")), 0)
    return User.objects.in_city(city.name).exclude(terms_version=newest)


@rule("Nothing points at an account that was removed.")
def removed_account(city: City) -> QuerySet:
    """Looks across the rides' cities."""
    theirs = Ride.objects.filter(rider_city=city.name, rider_id=OuterRef("id"))
    owned = Vehicle.objects.in_city(city.name).filter(owner_id=OuterRef("id"))
    told = Notice.objects.in_city(city.name).filter(user_id=OuterRef("id"))
    had = Allocation.objects.filter(rider_city=city.name, rider_id=OuterRef("id"))
    reported = ProblemReport.objects.filter(reporter_city=city.name, reporter_id=OuterRef("id"))
    made = Allocation.objects.filter(made_by_city=city.name, made_by_id=OuterRef("id"))
    acted = VehicleEvent.objects.filter(actor_city=city.name, actor_id=OuterRef("id"))
    pointing = [Exists(rows) for rows in (theirs, owned, told, had, made, reported, acted)]
    removed = User.objects.in_city(city.name).filter(is_active=False, email__isnull=True)
    return removed.filter(reduce(or_, pointing))
