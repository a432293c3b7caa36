"""Every operation of the API and its answer to each kind of caller: the table of ``test_api_table``, and its world."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.api_access.models import Scope
from accounts.models import User
from accounts.tests.factories import ApiTokenFactory, NotificationFactory, UserFactory
from community.tests.factories import PostFactory
from fleet.tests.factories import AllocationFactory, BookingFactory, ProblemReportFactory, VehicleFactory
from photos.models import Subject
from photos.tests.factories import PhotoFactory
from photos.tests.pictures import picture
from rides.tests.factories import OpenRideFactory, RideFactory

from .api import JSON, JsonClient, api_client, organisations_client

NOBODY, WRONG_SCOPE, OTHER, ELSEWHERE, SUSPENDED, RIGHT = (
    "nobody",
    "wrong scope",
    "other person",
    "other city's client",
    "suspended person",
    "right one",
)
CALLERS = [NOBODY, WRONG_SCOPE, OTHER, ELSEWHERE, SUSPENDED, RIGHT]
RIDER, WALKER, OWNER, CLIENT = "rider", "walker", "owner", "client"


class World:
    """A rider on a ride, with what riders have; a walker, who may start one; an owner; an organisation in Paris."""

    def __init__(self) -> None:
        self.people: dict[str, User] = {
            name: UserFactory(username=name) for name in (RIDER, WALKER, OWNER, "other", "suspended")
        }
        rider = self.people[RIDER]
        self.ride, self.past_ride = OpenRideFactory(rider=rider), RideFactory(rider=rider)
        self.notice = NotificationFactory(user=rider)
        self.vehicle = VehicleFactory()
        self.owned = VehicleFactory(owner=self.people[OWNER])
        self.booking = BookingFactory(rider=rider, vehicle=self.vehicle)
        self.reservation = AllocationFactory(reservation=True, rider=rider)
        self.report = ProblemReportFactory(reporter=rider, vehicle=self.vehicle)
        self.post = PostFactory(author=rider)
        for subject, thing in ((Subject.RIDE, self.ride), (Subject.REPORT, self.report)):
            PhotoFactory(subject=subject, subject_id=thing.id, photographer=rider)
        self.token = ApiTokenFactory(user=rider)
        self.clients = {name: api_client(person) for name, person in self.people.items()}
        self.clients |= {"nobody": JsonClient(), CLIENT: organisations_client(["paris"])}
        self.clients |= {ELSEWHERE: organisations_client(["boston"])}
        User.objects.filter(id=self.people["suspended"].id).update(is_active=False)

    def caller(self, who: str, row: "Row", scopes: set[str]) -> JsonClient:
        if who == WRONG_SCOPE:
            others = [scope for scope in Scope.values if scope not in scopes]
            return api_client(self.people[WALKER], *others[:1])
        names = {NOBODY: "nobody", OTHER: "other", SUSPENDED: "suspended", RIGHT: row.right}
        return self.clients[names.get(who, who)]

    def headers(self, who: str) -> dict[str, str]:
        """Return the headers of a caller, for clients other than Django's."""
        header = self.clients[who].defaults.get("HTTP_AUTHORIZATION")
        return {"Authorization": header} if header else {}

    def parameters(self, path: str) -> dict[str, str]:
        """Return what exists for each place in an address."""
        things = {
            "users": self.people[RIDER],
            "tokens": self.token,
            "notifications": self.notice,
            "rides": self.ride,
            "bookings": self.booking,
            "reservations": self.reservation,
            "reports": self.report,
            "posts": self.post,
        }
        values = {"slug": "paris", "kind": "scooters", "allocation_id": str(self.booking.id)}
        places = [part[1:-1] for part in path.split("/") if part.startswith("{")]
        if "id" in places:
            before = path.split("/{id}")[0].rsplit("/", 1)[-1]
            values["id"] = str(things[before].id if before in things else self.vehicle.public_id)
        return {name: values[name] for name in places}

    def fill(self, path: str) -> str:
        for name, value in self.parameters(path).items():
            path = path.replace(f"{{{name}}}", value)
        return path


@dataclass(frozen=True)
class Row:
    """An operation's answers. ``data`` makes the body of a request from the world, and ``needs_etag`` adds If-Match."""

    success: int
    right: str = RIDER
    other: int | None = None  # the same as ``success``, unless given
    elsewhere: int = 403
    nobody: int = 401
    wrong_scope: int = 403
    suspended: int = 401
    data: Any = field(default=lambda world: None)
    content_type: str = JSON
    needs_etag: bool = False

    def expected(self, who: str) -> int:
        return {
            NOBODY: self.nobody,
            WRONG_SCOPE: self.wrong_scope,
            OTHER: self.success if self.other is None else self.other,
            ELSEWHERE: self.elsewhere,
            SUSPENDED: self.suspended,
            RIGHT: self.success,
        }[who]


def public(success: int = 200, **others: Any) -> Row:
    """Return the row of an operation without authentication: a credential isn't looked at."""
    return Row(success, **dict.fromkeys(("nobody", "wrong_scope", "elsewhere", "suspended"), success) | others)


def _vehicle(world: World) -> dict[str, Any]:
    return {"city": "paris", "vehicle": str(world.owned.public_id)}


def _booking(world: World) -> dict[str, Any]:
    starts_at = timezone.now() + timedelta(days=2)
    return {"starts_at": starts_at.isoformat(), "ends_at": (starts_at + timedelta(hours=1)).isoformat()}


def _allocation(world: World) -> dict[str, Any]:
    return {"allocation_type": "booking"} | _booking(world)


def _new_vehicle(world: World) -> dict[str, Any]:
    return {"type": "scooter", "brand": "Razor", "color": "red", "location": "Louvre"}


def _new_user(world: World) -> dict[str, Any]:
    password = "correct horse battery"
    return {"username": "nina", "email": "nina@example.com", "password": password, "first_name": "N", "city": "paris"}


def _post(world: World) -> dict[str, Any]:
    return {"body": "Hello", "ride": {"city": "paris", "id": str(world.past_ride.id)}}


ABOUT_ME = {"about_me": "Hello"}

TABLE = {
    "root": public(),
    "list_cities": public(),
    "read_city": public(),
    "list_places": public(),
    "read_avatar": public(),
    "create_user": public(201, data=_new_user),
    "session": Row(200, wrong_scope=200),
    "create_token": Row(401, wrong_scope=401, elsewhere=401),  # by Basic authentication alone
    "list_tokens": Row(200),
    "read_current_token": Row(200, wrong_scope=200),
    "revoke_current_token": Row(204, wrong_scope=204),
    "revoke_presented_token": Row(204, wrong_scope=204),
    "read_token": Row(200, other=404),
    "delete_token": Row(204, other=404),
    "list_users": Row(200),
    "read_user": Row(200),
    "update_user": Row(200, other=403, data=lambda world: ABOUT_ME, needs_etag=True),
    "patch_user": Row(200, other=403, data=lambda world: ABOUT_ME, needs_etag=True),
    "list_followers": Row(200),
    "list_following": Row(200),
    "list_followed": Row(200),
    "list_posts": Row(200),
    "list_feed": Row(200),
    "create_post": Row(201, other=404, data=_post),
    "list_posts_of_user": Row(200),
    "read_post": Row(200),
    "remove_post": Row(204, other=403),
    "follow_user": Row(204, WALKER),
    "unfollow_user": Row(204, WALKER),
    "read_profile": Row(200),
    "update_profile": Row(200, other=412, data=lambda world: ABOUT_ME, needs_etag=True),
    "list_notifications": Row(200),
    "read_notification": Row(200, other=404),
    "mark_notification_read": Row(204, other=404),
    "mark_notifications_read": Row(204),
    "list_vehicles": Row(200, elsewhere=404),
    "read_vehicle": Row(200, elsewhere=404),
    "create_vehicle": Row(201, CLIENT, elsewhere=404, data=_new_vehicle),
    "update_vehicle": Row(200, CLIENT, other=403, elsewhere=404, data=lambda world: {"color": "red"}, needs_etag=True),
    "decommission_vehicle": Row(204, CLIENT, other=403, elsewhere=404),
    "list_allocations": Row(200, elsewhere=404),
    "create_allocation": Row(201, CLIENT, elsewhere=404, data=_allocation),
    "read_allocation": Row(200, other=404, elsewhere=404),
    "delete_allocation": Row(204, other=404, elsewhere=404),
    "make_reservation": Row(201, WALKER, data=_vehicle),
    "list_reservations": Row(200),
    "read_reservation": Row(200, other=404),
    "cancel_reservation": Row(204, other=404),
    "make_booking": Row(201, data=lambda world: _vehicle(world) | _booking(world)),
    "list_bookings": Row(200),
    "read_booking": Row(200, other=404),
    "cancel_booking": Row(204, other=404),
    "list_addresses": Row(200),
    "list_events": Row(200, CLIENT, other=403, elsewhere=404),
    "list_vehicles_of_type": Row(200, elsewhere=200),
    "create_vehicle_of_type": Row(201, CLIENT, elsewhere=201, data=_new_vehicle),
    "read_vehicle_of_type": Row(200, elsewhere=404),
    "decommission_vehicle_of_type": Row(204, CLIENT, other=403, elsewhere=404),
    "list_allocations_of_type": Row(200, elsewhere=404),
    "create_allocation_of_type": Row(201, CLIENT, elsewhere=404, data=_allocation),
    "read_allocation_of_type": Row(200, other=404, elsewhere=404),
    "delete_allocation_of_type": Row(204, other=404, elsewhere=404),
    "read_any_allocation": Row(200, other=404, elsewhere=404),
    "delete_any_allocation": Row(204, other=404, elsewhere=404),
    "begin_ride": Row(201, WALKER, data=_vehicle),
    "list_rides": Row(200),
    "read_ride": Row(200, other=404),
    "finish_ride": Row(200, other=404, data=lambda world: {"location": "Louvre"}),
    "pause_own_ride": Row(200, other=404),
    "resume_own_ride": Row(200, other=404),
    "add_ride_photo": Row(204, other=404, data=lambda world: picture(), content_type="image/jpeg"),
    "read_ride_photo": Row(200, other=404),
    "add_photo": Row(204, other=404, data=lambda world: picture(), content_type="image/jpeg"),
    "read_report_photo": Row(200, other=404, elsewhere=404),
    "create_report": Row(201, data=lambda world: _vehicle(world) | {"kind": "lights"}),
    "list_own_reports": Row(200),
    "list_reports": Row(200, CLIENT, other=403, elsewhere=404),
    "read_report": Row(200, other=404, elsewhere=404),
    "finish_report": Row(200, CLIENT, other=403, elsewhere=404, data=lambda world: {"resolution": "Done"}),
}
