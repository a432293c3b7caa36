"""Everyday actions, performed through HTTP."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID

from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import User
from cities.placement.locality import (
    BOOKED_EVERYWHERE,
    LOG_IN_BY_NAME,
    LOGGED_IN_PERSON,
    OWN_HISTORY,
    POSTS_OF_A_FEED,
    Exemption,
)
from cities.registry import regions, registry
from community.services import follow, publish_post
from documents.current import documents
from fleet.models import Vehicle
from fleet.services import book_vehicle, reserve_vehicle
from jobs import without_worker
from throttling.models import Throttle

from .made import NUMBERS, PASSWORD, add_open_ride, add_person, add_ride, add_vehicle, new_person
from .recording import Exempt, Step, recorded

LAST_ID = (1 << 128) - 1
VEHICLES = 30  # vehicles: more than fit on a page
LOGGED_IN = Exempt.by_rule("logged-in person", LOGGED_IN_PERSON, finds_one=True)
BY_NAME = Exempt.by_rule("log in by name", LOG_IN_BY_NAME, finds_one=True)
HISTORY = Exempt.by_rule("own history", OWN_HISTORY)
BOOKED = Exempt.by_rule("bookings", BOOKED_EVERYWHERE)
LAST_LOGIN = Exempt(
    "last login",
    "Written by Django's log-in, which filters by id only.",
    lambda sql: sql == 'UPDATE "users" SET "last_login" = %s WHERE "users"."id" = %s',
    finds_one=True,
)
SENT_TWICE = Exempt.by_rule(
    "sent twice",
    Exemption("users", frozenset({"id"}), "A form sent twice creates one account, so the id is looked up first."),
)
FEED = Exempt.by_rule("posts of a feed", POSTS_OF_A_FEED)
FOLLOWERS = Exempt.by_rule(
    "followers",
    Exemption(
        "follows",
        frozenset({"followed_city", "followed_id"}),
        "A person's followers in all cities. Filtered by the person's home city, which the index begins with.",
    ),
)
EVERYBODY = Exempt(
    "everybody's posts",
    "Explore and the search show posts of all cities: the newest of each region, or those that match.",
    lambda sql: sql.startswith("SELECT") and ' FROM "posts" INNER JOIN "users" ON ' in sql,
)
BY_USERNAME = Exempt(
    "person by username",
    "URLs of people's pages contain the username, which is unique across cities, and no city.",
    lambda sql: sql.startswith("SELECT") and ' FROM "users" ' in sql and '"users"."username" = ' in sql,
    finds_one=True,
)
PEOPLE_BY_NAME = Exempt(
    "people by name",
    "The search finds people of all cities by the beginning of their username.",
    lambda sql: sql.startswith("SELECT") and ' FROM "users" ' in sql and '"users"."username"::text LIKE ' in sql,
)

Ask = Callable[[], HttpResponse]


@dataclass
class Scene:
    """A rider whose home city may differ from the city they are browsing."""

    home: str
    here: str
    client: Client = field(default_factory=Client)

    def __post_init__(self):
        self.rider: User = add_person(self.home)
        self.client.force_login(self.rider)
        self.client.post("/city/", {"city": self.here})

    def vehicle(self) -> Vehicle:
        return add_vehicle(self.here)


@dataclass(frozen=True)
class Action:
    """An action. ``prepare`` creates what it needs and returns the request to measure."""

    name: str
    prepare: Callable[[Scene], Ask]
    exceptions: tuple[Exempt, ...] = (LOGGED_IN,)
    for_guests: bool = True


def vehicle_list(scene: Scene) -> Ask:
    for _number in range(VEHICLES):
        scene.vehicle()
    return lambda: scene.client.get("/vehicles/")


def nearest(scene: Scene) -> Ask:
    city = registry[scene.here]
    for _number in range(VEHICLES):
        scene.vehicle()
    return lambda: scene.client.get("/vehicles/", {"lat": city.latitude, "lon": city.longitude})


def vehicle_detail(scene: Scene) -> Ask:
    url = scene.vehicle().get_absolute_url()
    return lambda: scene.client.get(url)


def start_a_ride(scene: Scene) -> Ask:
    vehicle = scene.vehicle()
    return lambda: scene.client.post(f"/rides/start/{vehicle.served_city.slug}/{vehicle.public_id}/", {"token": "form"})


def start_reserved(scene: Scene) -> Ask:
    vehicle = scene.vehicle()
    _reserve(scene, vehicle)
    return lambda: scene.client.post(f"/rides/start/{vehicle.served_city.slug}/{vehicle.public_id}/", {"token": "form"})


def reserve_a_vehicle(scene: Scene) -> Ask:
    url = scene.vehicle().get_absolute_url()
    return lambda: scene.client.post(f"{url}reserve/", {"token": "form"})


def book_a_vehicle(scene: Scene) -> Ask:
    url = scene.vehicle().get_absolute_url()
    form = {"starts": f"{timezone.localdate() + timedelta(days=2)}T12:00", "length": "60", "token": "form"}
    return lambda: scene.client.post(f"{url}book/", form)


def cancel_a_booking(scene: Scene) -> Ask:
    vehicle, start = scene.vehicle(), timezone.now() + timedelta(days=2)
    booking = book_vehicle(
        rider=scene.rider,
        vehicle_city=vehicle.city,
        vehicle_id=vehicle.id,
        starts_at=start,
        ends_at=start + timedelta(hours=1),
        token="form",  # noqa: S106
    )
    return lambda: scene.client.post(f"{booking.get_absolute_url()}cancel/")


def _reserve(scene: Scene, vehicle: Vehicle) -> None:
    reserve_vehicle(
        rider=scene.rider,
        city=registry[scene.here],
        vehicle_city=vehicle.city,
        vehicle_id=vehicle.id,
        token="form",  # noqa: S106
    )


def end_a_ride(scene: Scene) -> Ask:
    ride = add_open_ride(scene.rider, scene.vehicle())
    return lambda: scene.client.post(f"/rides/{ride.city_slug}/{ride.id}/end/", {"end_location": "The station"})


def own_rides(scene: Scene) -> Ask:
    add_ride(scene.rider, scene.vehicle())
    add_open_ride(scene.rider, scene.vehicle())
    return lambda: scene.client.get("/rides/")


def add_a_vehicle(scene: Scene) -> Ask:
    form = {"type": "bike", "color": "red", "brand": "", "last_location": "The station", "token": "form"}
    return lambda: scene.client.post("/vehicles/add/", form)


def remove_a_vehicle(scene: Scene) -> Ask:
    url = add_vehicle(scene.home, scene.rider).get_absolute_url()
    return lambda: scene.client.post(f"{url}remove/")


def log_in(scene: Scene) -> Ask:
    form = {"username": scene.rider.username, "password": PASSWORD}
    return lambda: Client().post("/login/", form)


def register(scene: Scene) -> Ask:
    Throttle.objects.all().delete()  # as for the first request from this address
    new = new_person(scene.home)
    form = {"first_name": new.username, "email": new.email, "password": PASSWORD, "city": scene.home}
    return lambda: Client().post("/register/", form)


def community_home(scene: Scene) -> Ask:
    """Follow someone who lives in the city that the rider is browsing."""
    other = add_person(scene.here)
    follow(follower=scene.rider, followed=other)
    for author in (scene.rider, other):
        publish_post(author=author, body="The lift is broken", token="form")  # noqa: S106
    return lambda: scene.client.get("/community/")


def explore(scene: Scene) -> Ask:
    community_home(scene)
    return lambda: scene.client.get("/community/explore/")


def search(scene: Scene) -> Ask:
    community_home(scene)
    return lambda: scene.client.get("/search/", {"q": "lift"})


def publish(scene: Scene) -> Ask:
    """Write a post for a follower who lives in the city that the rider is browsing."""
    follow(follower=add_person(scene.here), followed=scene.rider)
    return lambda: scene.client.post("/community/", {"body": "The lift is broken", "token": "form"})


def follow_someone(scene: Scene) -> Ask:
    other = _someone(scene)
    publish_post(author=other, body="The lift is broken", token="form")  # noqa: S106
    return lambda: scene.client.post(f"/users/{other.username}/follow/")


def send_a_message(scene: Scene) -> Ask:
    other = _someone(scene)
    return lambda: scene.client.post(f"/messages/{other.username}/", {"body": "Hello", "token": "form"})


def _someone(scene: Scene) -> User:
    """Create someone who lives in the city that the rider is browsing, and is locked after the rider."""
    return add_person(scene.here, is_listed=True, id=UUID(int=LAST_ID - next(NUMBERS)))


ACTIONS = (
    Action("vehicle list", vehicle_list),
    Action("nearest vehicles", nearest),
    Action("vehicle detail", vehicle_detail),
    Action("start a ride", start_a_ride),
    Action("start a reserved vehicle", start_reserved),
    Action("end a ride", end_a_ride),
    Action("reserve a vehicle", reserve_a_vehicle),
    Action("book a vehicle", book_a_vehicle, (LOGGED_IN, BOOKED)),
    Action("cancel a booking", cancel_a_booking),
    Action("own rides", own_rides, (LOGGED_IN, HISTORY)),
    Action("add a vehicle", add_a_vehicle, for_guests=False),
    Action("remove a vehicle", remove_a_vehicle, for_guests=False),
    Action("log in", log_in, (LOGGED_IN, BY_NAME, LAST_LOGIN)),
    Action("register", register, (SENT_TWICE, LAST_LOGIN), for_guests=False),
    Action("community: home", community_home, (LOGGED_IN, FEED)),
    Action("community: explore", explore, (LOGGED_IN, EVERYBODY)),
    Action("community: search", search, (LOGGED_IN, EVERYBODY, PEOPLE_BY_NAME)),
    Action("community: publish a post", publish, (LOGGED_IN, FOLLOWERS)),
    Action("community: follow someone", follow_someone, (LOGGED_IN, BY_USERNAME)),
    Action("community: send a message", send_a_message, (LOGGED_IN, BY_USERNAME)),
)


def no_mail() -> AbstractContextManager[Any]:
    """Don't send e-mails: a server does so in a worker, or in a thread with a connection of its own."""
    return patch.object(without_worker, "run_without_worker")


def record(action: Action, home: str, here: str) -> list[Step]:
    """Return the round trips of an action by a rider of ``home`` who is browsing ``here``."""
    ask = action.prepare(Scene(home, here))
    for kept in (registry, regions, documents):
        kept.kept  # noqa: B018  (cached on a running server)
    with no_mail(), recorded(*action.exceptions) as steps:
        response = ask()
    if response.status_code not in {200, 302} or _errors(response):
        raise RuntimeError(f"{action.name}: answered with {response.status_code} {_errors(response)}")
    return steps


def _errors(response: HttpResponse) -> dict:
    form = (response.context or {}).get("form")
    return dict(form.errors) if form else {}
