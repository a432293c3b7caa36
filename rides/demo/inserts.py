"""Writes of the demo's rows, each part of a transaction.

What is there already, by its id, is left alone; counters move with what is added. Every function returns how
many rows that were, and takes as many statements for a thousand rows as for one, but for the INSERT, which
some engines need in several pieces.
"""

from collections.abc import Callable, Sequence

from django.db import IntegrityError
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import User
from cities.models import City
from fleet.choices import VehicleStatus
from fleet.models import Vehicle
from fleet.services import new_code
from movr_project.db.retry import run_transaction
from rides.models import Ride

TRIES = 5


def in_transaction(insert: Callable[[], int]) -> int:
    """Run one of the functions below, and again where somebody else was adding the same rows just then.

    Doing so is safe, and so is a second run after a successful first one: what is there is found by its id.
    """
    for _try in range(TRIES - 1):
        try:
            return run_transaction(insert, idempotent=True, name="seed_demo")
        except IntegrityError:
            continue
    return run_transaction(insert, idempotent=True, name="seed_demo")


def missing(rows: Sequence, table: QuerySet) -> list:
    """Those of the rows whose ids the table does not have."""
    there = set(table.filter(id__in=[row.id for row in rows]).values_list("id", flat=True))
    return [row for row in rows if row.id not in there]


def insert_people(people: Sequence[User]) -> int:
    new = missing(people, User.objects.all())
    _find_free_names(new)
    User.objects.bulk_create(new)
    return len(new)


def names_taken(people: Sequence[User]) -> set[str]:
    """Usernames and e-mail addresses of theirs that somebody has: in any city, as they are unique in all."""
    taken = Q(username__in=[user.username for user in people]) | Q(email__in=[user.email for user in people])
    return {name for names in User.objects.filter(taken).values_list("username", "email") for name in names}


def _find_free_names(people: Sequence[User]) -> None:
    taken = names_taken(people)
    for user in people:
        if user.username in taken or user.email in taken:
            user.username = f"{user.username}.{user.id.hex[:8]}"
            user.email = f"{user.username}@example.com"


def insert_vehicles(city: City, vehicles: Sequence[Vehicle]) -> int:
    """Add vehicles of one city; ``owned_vehicles`` of their owners is counted anew."""
    new = missing(vehicles, Vehicle.objects.in_city(city.name))
    _find_free_codes(city, new)
    Vehicle.objects.bulk_create(new)
    owners = {vehicle.owner_id for vehicle in new if vehicle.owner_id}
    if owners:
        owned = Vehicle.objects.in_city(city.name).not_removed().filter(owner_id=OuterRef("id"))
        number = owned.order_by().values("owner_id").annotate(number=Count("id")).values("number")
        users = User.objects.in_city(city.name).filter(id__in=owners)
        users.update(owned_vehicles=Coalesce(Subquery(number), 0))
    return len(new)


def _find_free_codes(city: City, vehicles: Sequence[Vehicle]) -> None:
    """Give a new label, by chance, to each vehicle whose label another one of the city has."""
    in_city = Vehicle.objects.in_city(city.name)
    taken: set[str] = set()
    while vehicles:
        taken |= set(in_city.filter(code__in=[vehicle.code for vehicle in vehicles]).values_list("code", flat=True))
        without_label = []
        for vehicle in vehicles:
            if vehicle.code in taken:
                vehicle.code = new_code(city)
                without_label.append(vehicle)
            else:
                taken.add(vehicle.code)
        vehicles = without_label


def insert_ended_rides(city: City, rides: Sequence[Ride]) -> int:
    new = missing(rides, Ride.objects.in_city(city.name))
    Ride.objects.bulk_create(new)
    return len(new)


def insert_open_rides(city: City, rides: Sequence[Ride]) -> int:
    """Start rides whose vehicle is free and whose rider rides nothing else; the others are left out.

    Locks the vehicles, then the riders.
    """
    new = missing(rides, Ride.objects.in_city(city.name))
    vehicles = Vehicle.objects.in_city(city.name).available()
    free = vehicles.filter(id__in=[ride.vehicle_id for ride in new]).select_for_update()
    free_ids = {vehicle.id for vehicle in free}
    idle = (
        User.objects.active()
        .filter(
            # More than one city: visitors ride as well.
            city__in={ride.rider_city for ride in new},
            id__in=[ride.rider_id for ride in new],
            open_rides=0,
        )
        .select_for_update()
    )
    idle_ids = {user.id for user in idle}
    new = [ride for ride in new if ride.vehicle_id in free_ids and ride.rider_id in idle_ids]
    Ride.objects.bulk_create(new)
    vehicles.filter(id__in=[ride.vehicle_id for ride in new]).update(status=VehicleStatus.ON_TRIP)
    riders = User.objects.filter(city__in={ride.rider_city for ride in new}, id__in=[ride.rider_id for ride in new])
    riders.update(open_rides=F("open_rides") + 1)
    return len(new)
