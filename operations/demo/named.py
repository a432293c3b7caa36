"""People with known names: Carl and, in DEBUG, the accounts to log in with.

Each is added with vehicles and rides in one transaction, under an id that is independent of the seed. ``demo_password``
and ``log_ins`` make sure that no one can log in to these accounts unless DEBUG is on.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import partial
from uuid import UUID, uuid5

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.utils.translation import gettext as _

from accounts.models import User
from cities.registry import registry
from fleet.models import Vehicle
from fleet.models.choices import AllocationKind, VehicleType
from rides.models import Ride

from ..models import ProblemKind
from .calendars import Parked, Plan, Planner, notice_of, report
from .inserts import in_transaction, insert_allocations, insert_ended_rides, insert_people, insert_vehicles, names_taken
from .places import PLACES, Place
from .streams import next_id, stream
from .trips import Rider, begun
from .vehicles import energy, lock_code

DEMO_PASSWORD = "ride-around-town"  # noqa: S105  (public, and valid only with DEBUG on)
NAMESPACE = UUID("5d0f4a3e-8a4b-4d0e-9a36-0f7f3c6f1d52")
HOME = "paris"
CARL = UUID("2804df7c-d8fd-4b1c-9799-b1d44452554b")
LOG_INS = ["rider", "owner", "staff"]


@dataclass
class Guest:
    """A person with their vehicles, rides and allocations."""

    user: User
    vehicles: list[Vehicle] = field(default_factory=list)
    rides: list[Ride] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)


def guests(now: datetime) -> list[Guest]:
    """Return Carl and, in DEBUG, the rider, the owner and the staff member."""
    password = demo_password()
    return [carl(now, password), *log_ins(now, password)]


def demo_password() -> str:
    """Return the demo password's hash or, with DEBUG off, an unusable password."""
    return make_password(DEMO_PASSWORD if settings.DEBUG else None)


def log_ins(now: datetime, password: str) -> list[Guest]:
    """Return the accounts to log in with. None if DEBUG is off."""
    if not settings.DEBUG:
        return []
    return [rider(now, password), owner(now, password), staff(now, password)]


def carl(now: datetime, password: str) -> Guest:
    """Return the rows that MovR has always included."""
    joined = datetime(2020, 1, 16, 21, 0, tzinfo=UTC)
    user = User(
        id=CARL,
        city="new york",
        username="carl",
        email="carl@cockroachlabs.com",
        first_name="Carl",
        last_name="Kimball",
        password=password,
        date_joined=joined,
        email_confirmed_at=joined,
        is_listed=True,
    )
    id_ = UUID("142b7c9e-6227-4dbb-b188-b1dac57d5521")
    vehicle = new_vehicle("new york", id_, "NYC2M8KT", VehicleType.SCOOTER, "Razor", "Blue", now)
    vehicle.owner_id = user.id
    there = Place("Time Square", 40.7580, -73.9855)
    park(vehicle, there)
    start = Place("Cockroach Labs, 23rd Street", 40.7433, -73.9921)
    start_time = datetime(2020, 1, 16, 21, 20, 48, 224453, tzinfo=UTC)
    vehicle.last_event_at = start_time - timedelta(hours=1)  # on the street before that ride
    ride = demo_ride("carl", user, vehicle, start, start_time, there, timedelta(seconds=3, microseconds=821360))
    return Guest(user, [vehicle], [ride])


def rider(now: datetime, password: str) -> Guest:
    """A rider who lives in Paris and has ridden there and in Amsterdam. Not riding now."""
    user = account("rider", "Camille", "Moreau", now, password)
    bike = demo_vehicle("rider 1", "PAR4V7RA", VehicleType.BIKE, "Gazelle", "Green", now)
    scooter = demo_vehicle("rider 2", "PAR9C3XD", VehicleType.SCOOTER, "Segway", "Black", now)
    canal_bike = demo_vehicle("rider 3", "AMS6T2NE", VehicleType.E_BIKE, "VanMoof", "White", now, city="amsterdam")
    # Vehicle, from, to, days ago, local hour, minutes. In chronological order per vehicle.
    trips = [
        (canal_bike, "Amsterdam Centraal", "Museumplein", 23, 10.3, 17),
        (bike, "Gare de Lyon", "Place de la République", 12, 8.6, 14),
        (scooter, "Louvre", "Eiffel Tower", 9, 19.2, 19),
        (bike, "Place de la République", "Canal Saint-Martin", 5, 18.1, 6),
        (scooter, "Eiffel Tower", "Opéra", 2, 12.7, 16),
    ]
    rides = []
    for vehicle, start, end, days_ago, hour, minutes in trips:
        there = place_in(vehicle.city, end)
        park(vehicle, there)
        start_time = local_time(vehicle.city, now, days_ago, hour)
        length = timedelta(minutes=minutes, seconds=7 * days_ago % 60)
        name = f"rider {start}"
        rides.append(demo_ride(name, user, vehicle, place_in(vehicle.city, start), start_time, there, length))
    return Guest(user, [bike, scooter, canal_bike], rides, bookings_of(user, bike, scooter, now))


def bookings_of(user: User, bike: Vehicle, scooter: Vehicle, now: datetime) -> list[Plan]:
    """Return a booking for tomorrow, two past ones, and a report that staff have closed."""
    planner = Planner(registry[HOME], 0, now)
    person = Rider(user.city, user.id)
    tomorrow = planner.booked(Parked.of(bike), person, local_time(HOME, now, -1, 9.0), timedelta(hours=2), now)
    past = [
        planner.booked(
            Parked.of(vehicle),
            person,
            local_time(HOME, now, days_ago, hour),
            timedelta(hours=3),
            local_time(HOME, now, days_ago + 1, hour),
        )
        for vehicle, days_ago, hour in [(bike, 20, 10.0), (scooter, 15, 14.0)]
    ]
    answered = report(
        HOME,
        Parked.of(scooter),
        ProblemKind.LIGHTS,
        person,
        local_time(HOME, now, 2, 13.0),
        closed_at=local_time(HOME, now, 1, 9.0),
    )
    past[-1].report, past[-1].notice = answered, notice_of(answered, scooter.code, read_at=None)
    return [tomorrow, *past]


def owner(now: datetime, password: str) -> Guest:
    """An owner who lives in Paris and has three vehicles there."""
    user = account("owner", "Théo", "Lambert", now, password)
    vehicles = [
        demo_vehicle("owner 1", "PAR5H8WQ", VehicleType.E_BIKE, "Cowboy", "Black", now),
        demo_vehicle("owner 2", "PAR7K3M2", VehicleType.MOPED, "Vespa", "Turquoise", now),
        demo_vehicle("owner 3", "PAR3F9ZB", VehicleType.CAR, "Renault", "Yellow", now),
    ]
    for vehicle, place in zip(vehicles, ["Bastille", "Notre-Dame", "Montparnasse"], strict=True):
        vehicle.owner_id = user.id
        park(vehicle, place_in(HOME, place))
    planner = Planner(registry[HOME], 1, now)
    moped, car = Parked.of(vehicles[1]), Parked.of(vehicles[2])
    himself = Rider(user.city, user.id)
    paused = planner.going_on(AllocationKind.PAUSED, car, himself)
    booked = planner.booked(moped, himself, local_time(HOME, now, -2, 18.0), timedelta(hours=1), now)
    booked.report = report(HOME, moped, ProblemKind.LIGHTS, himself, local_time(HOME, now, 1, 20.0))
    return Guest(user, vehicles, plans=[paused, booked])


def staff(now: datetime, password: str) -> Guest:
    """A superuser."""
    user = account("staff", "Sarah", "Benali", now, password)
    user.is_staff = user.is_superuser = True
    return Guest(user)


def account(username: str, first_name: str, last_name: str, now: datetime, password: str) -> User:
    joined = now - timedelta(days=90)
    return User(
        id=uuid5(NAMESPACE, username),
        city=HOME,
        username=username,
        email=f"{username}@example.com",
        first_name=first_name,
        last_name=last_name,
        password=password,
        date_joined=joined,
        email_confirmed_at=joined,
        is_listed=True,
    )


def demo_vehicle(
    name: str, code: str, type_: VehicleType, brand: str, color: str, now: datetime, *, city: str = HOME
) -> Vehicle:
    return new_vehicle(city, uuid5(NAMESPACE, name), code, type_, brand, color, now - timedelta(days=75))


def new_vehicle(
    city: str, id_: UUID, code: str, type_: VehicleType, brand: str, color: str, added: datetime
) -> Vehicle:
    """Return a vehicle without a location. Its other values are derived from its code."""
    rng = stream(0, code)
    battery, range_m = energy(rng, type_)
    return Vehicle(
        city=city,
        id=id_,
        code=code,
        public_id=next_id(rng),
        type=type_,
        brand=brand,
        color=color,
        date_added=added.astimezone(UTC).date(),
        approved_at=added,
        battery_percent=battery,
        range_m=range_m,
        lock_code=lock_code(rng),
    )


def park(vehicle: Vehicle, place: Place) -> None:
    """Park the vehicle. If the place is outside the city's current area, set only its name."""
    name, *position = place
    city = registry.get(vehicle.city)
    vehicle.park(name, tuple(position) if city and city.contains(*position) else None)


def demo_ride(
    name: str, user: User, vehicle: Vehicle, start: Place, start_time: datetime, end: Place, length: timedelta
) -> Ride:
    ride = begun(
        vehicle.city, uuid5(NAMESPACE, f"ride {name}"), vehicle.id, Rider(user.city, user.id), start, start_time
    )
    ride.end_location, ride.end_latitude, ride.end_longitude = end
    ride.end_time, ride.length = start_time + length, length
    return ride


def place_in(city: str, name: str) -> Place:
    return next(place for place in PLACES[city] if place.name == name)


def local_time(city: str, now: datetime, days_ago: int, hour: float) -> datetime:
    served = registry.get(city)
    zone = served.tzinfo if served else UTC
    day = now.astimezone(zone).date() - timedelta(days=days_ago)
    return (datetime.combine(day, time.min, zone) + timedelta(hours=hour)).astimezone(UTC)


def reason_against(guest: Guest) -> str:
    """Return a sentence saying why this person can't be added, or "" if they can."""
    cities = {guest.user.city, *(vehicle.city for vehicle in guest.vehicles)}
    unserved = sorted(city for city in cities if city not in registry)
    if unserved:
        return _("“%(username)s” was skipped. %(city)s is not served.") % {
            "username": guest.user.username,
            "city": unserved[0],
        }
    if names_taken([guest.user]) and not User.objects.filter(id=guest.user.id).exists():
        return _("“%(username)s” was skipped. Someone else has that username or e-mail address.") % {
            "username": guest.user.username
        }
    return ""


def add_guest(guest: Guest, now: datetime) -> int:
    """Add a person with vehicles and rides in one transaction. Return 0 if they exist, else 1."""
    return in_transaction(partial(_insert_guest, guest, now))


def _insert_guest(guest: Guest, now: datetime) -> int:
    if not insert_people([guest.user]):
        return 0
    for city in sorted({vehicle.city for vehicle in guest.vehicles}):
        insert_vehicles(registry[city], [vehicle for vehicle in guest.vehicles if vehicle.city == city])
        insert_ended_rides(registry[city], [ride for ride in guest.rides if ride.city == city])
        insert_allocations(registry[city], [plan for plan in guest.plans if plan.allocation.city == city], now=now)
    return 1


def log_in_lines() -> Iterator[str]:
    """Yield how to log in to each account. With DEBUG off, say that it's impossible, or warn if it is possible."""
    if settings.DEBUG:
        yield from _how_to_log_in()
        return
    exposed = exposed_accounts()
    if exposed:
        yield _(
            "WARNING: the public demo password still works for %(usernames)s. Change it or remove these accounts."
        ) % {"usernames": ", ".join(exposed)}
    else:
        yield _("DEBUG is off, so no account accepts the demo password.")


def exposed_accounts() -> list[str]:
    """Return usernames that still have the demo password, because DEBUG was on earlier."""
    ids = [CARL, *(uuid5(NAMESPACE, username) for username in LOG_INS)]
    people = User.objects.active().filter(id__in=ids).order_by("username")
    return [user.username for user in people if user.check_password(DEMO_PASSWORD)]


def _how_to_log_in() -> Iterator[str]:
    roles = dict(zip(LOG_INS, [_("a rider"), _("an owner"), _("staff, also at /admin/")], strict=True))
    ids = [uuid5(NAMESPACE, username) for username in LOG_INS]
    there = set(User.objects.active().filter(id__in=ids).values_list("username", flat=True))
    if not there & set(roles):
        yield _("No demo accounts here. Run “manage.py seed_demo” to add them.")
        return
    yield _("Log in with the password %(password)s as") % {"password": DEMO_PASSWORD}
    for username, role in roles.items():
        if username in there:
            yield f"  {username}  ({role})"
