"""Removing an account erases all personal data."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.utils import timezone

from accounts.api_access.models import ApiToken
from accounts.models import AuthenticatorApp, RecoveryCodes, User
from accounts.services import AccountRefused, remove_account
from accounts.tests.factories import (
    PASSWORD,
    ApiTokenFactory,
    NotificationFactory,
    PasskeyFactory,
    PushSubscriptionFactory,
    StaffFactory,
    UserFactory,
)
from community.models import Reason
from community.services import block, follow, publish_post, send_message
from community.services.moderation import Item, report_item
from community.tests.factories import DecisionFactory, MemberFactory
from documents.models import TermsAcceptance
from fleet.models import Allocation, VehicleEvent
from fleet.services import book_vehicle, remove_vehicle
from fleet.tests.calendars import log, reserve
from fleet.tests.factories import VehicleFactory
from jobs.tests.tasks import do_nothing
from jobs.tests.work import run_jobs
from operations.services.reports import report_problem
from photos.tests.factories import PhotoFactory
from rides.models import Ride
from rides.tests.factories import OpenRideFactory, RideFactory
from throttling.models import Throttle
from throttling.services import throttle

pytestmark = pytest.mark.django_db

URL = "/profile/delete/"
TRACES = ["xerxesname", "Xerxesfirst", "Xerxeslast", "xerxesmail", "Xerxes is me", "203.0.113.77"]


@pytest.fixture
def person():
    return UserFactory(
        username="xerxesname",
        first_name="Xerxesfirst",
        last_name="Xerxeslast",
        email="xerxesmail@example.com",
        about_me="Xerxes is me",
    )


def dump() -> str:
    """Return all values of all tables as text, in lower case."""
    with connection.cursor() as cursor:
        text = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            text += [f"{table}: {row}" for row in cursor.fetchall()]
    return "\n".join(text).lower()


def leave_traces(person, client):
    """Create rows that contain the person's name or address."""
    RideFactory(rider=person)
    vehicle = VehicleFactory(owner=person)
    remove_vehicle(city="paris", vehicle_id=vehicle.id, by=person)
    for name in (person.username, person.email, person.username.upper()):
        data = {"username": name, "password": "wrong"}
        client.post("/login/", data, REMOTE_ADDR="203.0.113.77")
    TermsAcceptance.objects.create(user=person, version=1)
    PushSubscriptionFactory(user=person)
    PasskeyFactory(user=person, name="Xerxesfirst's phone")
    NotificationFactory(user=person, text="Xerxesfirst, your booking was cancelled.")
    reported = VehicleFactory()
    report_problem(
        reporter=person,
        vehicle_city="paris",
        vehicle_id=reported.id,
        kind="dirty",
        text="Xerxesfirst saw it.",
        token="report",
    )
    leave_traces_in_the_community(person)
    starts_at = timezone.now() + timedelta(hours=1)
    book_vehicle(
        rider=person,
        vehicle_city="paris",
        vehicle_id=reported.id,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=1),
        description="Xerxesfirst moves",
        token="booking",
    )
    token = ApiTokenFactory(user=person, name="Xerxesfirst's phone")
    LogEntry.objects.create(
        user=StaffFactory(),
        content_type=ContentType.objects.get_for_model(ApiToken),
        object_id=str(token.pk),
        object_repr=str(token),
        action_flag=CHANGE,
        change_message="Revoked.",
    )
    throttle("reset", person.email, limit=5)
    LogEntry.objects.create(
        user=StaffFactory(),
        content_type=ContentType.objects.get_for_model(User),
        object_id=str(person.pk),
        object_repr=str(person),
        action_flag=CHANGE,
        change_message=f"renamed {person.username}",
    )


def leave_traces_in_the_community(person):
    friend, foe = MemberFactory(), MemberFactory()
    post = publish_post(author=person, body="Xerxesfirst was here.", token="post")
    for follower, followed in ((person, friend), (friend, person)):
        follow(follower=follower, followed=followed)
        send_message(sender=follower, recipient=followed, body=f"Hello, {followed.username}", token="message")
    report_item(reporter=person, item=Item.of(friend), reason=Reason.OTHER, details="Xerxesfirst saw it.")
    report_item(reporter=friend, item=Item.of(post), reason=Reason.SPAM)
    DecisionFactory(person=person, reasons="Xerxesfirst, be polite.")
    block(blocker=person, blocked=foe)
    block(blocker=foe, blocked=person)


def test_nothing_of_the_person_is_left_in_any_table(person, client, client_of):
    leave_traces(person, client)
    before = dump()
    for trace in TRACES:
        assert trace.lower() in before, "the test must be able to find it"
    client_of(person).post(URL, {"password": PASSWORD})
    run_jobs()  # the last e-mail is sent, and what it contained is erased
    after = dump()
    assert [trace for trace in TRACES if trace.lower() in after] == []


def rows_pointing_at(person) -> dict[str, int]:
    """Count the rows that refer to a person, for each model that can."""
    return {
        f"{model._meta.label}.{field.name}": model._base_manager.filter(**{field.name: person}).count()
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.get_fields()
        if field.many_to_one and field.related_model is User
    }


def test_of_all_rows_that_refer_to_a_person_only_their_acts_as_staff_still_do(person, client, photo_folder):
    leave_traces(person, client)
    PhotoFactory(photographer=person)
    do_nothing.using(user=person).enqueue()
    person.groups.add(Group.objects.first())
    person.user_permissions.add(Permission.objects.first())
    AuthenticatorApp.objects.create(user=person, name="app")
    RecoveryCodes.objects.create(user=person, name="codes")
    LogEntry.objects.create(user=person, action_flag=CHANGE)
    before = rows_pointing_at(person)
    assert [field for field, rows in before.items() if not rows] == [], "each model needs a row in this test"
    remove_account(user=person)
    after = {field: rows for field, rows in rows_pointing_at(person).items() if rows}
    assert after == {"admin.LogEntry.user": 1, "jobs.Job.user": 1}  # the job is the last e-mail


def test_the_emptied_row_is_as_new_and_opens_no_session(person):
    now = timezone.now()
    counted = {"hold_until": now, "recent_starts": 1, "starts_since": now, "last_seen": now, "unread_notifications": 1}
    counted |= {"unread_messages": 1, "post_count": 1, "follower_count": 1, "followed_count": 1, "silenced_until": now}
    User.objects.filter(pk=person.pk).update(**counted)
    before = User.objects.get(pk=person.pk)
    remove_account(user=before)
    after = User.objects.get(pk=person.pk)
    assert {name: getattr(after, name) or None for name in counted} == dict.fromkeys(counted)
    assert before.session_epoch != after.session_epoch
    assert before.proof_epoch != after.proof_epoch
    assert not after.has_usable_password()


def test_the_persons_reservations_and_bookings_are_free_again(person, client_of):
    held, booked = VehicleFactory(), VehicleFactory()
    reserve(person, held)
    starts_at = timezone.now() + timedelta(hours=1)
    booking = {"starts_at": starts_at, "ends_at": starts_at + timedelta(hours=1)}
    book_vehicle(rider=person, vehicle_city="paris", vehicle_id=booked.id, token="booking", **booking)
    client_of(person).post(URL, {"password": PASSWORD})
    assert not Allocation.objects.live().from_now_on(timezone.now()).exists()
    assert [types for types, _state in log(held)][1:] == [["reservation_start"], ["reservation_cancel"]]
    assert not VehicleEvent.objects.filter(actor_id__isnull=False).exists()


def test_the_ride_stays_without_its_person(person, client_of):
    ride = RideFactory(rider=person)
    client_of(person).post(URL, {"password": PASSWORD})
    ride = Ride.objects.get(pk=ride.pk)
    assert ride.rider is None
    assert ride.length


def test_the_name_and_the_address_are_free_again(person, client_of):
    client_of(person).post(URL, {"password": PASSWORD})
    again = UserFactory(username=person.username, email=person.email)
    assert again.pk != person.pk


def test_the_person_reads_that_it_is_done_and_is_logged_out_everywhere(person, client_of):
    client, other = client_of(person), client_of(person)
    page = client.post(URL, {"password": PASSWORD}, follow=True)
    assert "You have successfully deleted your account." in page.content.decode()
    assert client.get("/profile/").status_code == 302
    assert other.get("/profile/").status_code == 302


def test_a_last_mail_goes_to_the_old_address(person, client_of, mailoutbox, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        client_of(person).post(URL, {"password": PASSWORD})
    assert mailoutbox[0].to == ["xerxesmail@example.com"]


@pytest.mark.parametrize("password", ["", "wrong", "x" * 10_000, "null\0byte"])
def test_a_wrong_password_removes_nothing(person, client_of, password):
    page = client_of(person).post(URL, {"password": password})
    assert page.context["form"].errors["password"]
    assert User.objects.get(pk=person.pk).is_active


def test_nobody_leaves_while_riding(client_of):
    rider = OpenRideFactory().rider
    page = client_of(rider).post(URL, {"password": PASSWORD})
    assert "End your ride first" in page.content.decode()
    assert User.objects.get(pk=rider.pk).is_active


def test_nobody_leaves_vehicles_behind(person, client_of):
    VehicleFactory(owner=person)
    person.refresh_from_db()
    with pytest.raises(AccountRefused) as refused:
        remove_account(user=person)
    assert refused.value.code == "owns_vehicles"
    page = client_of(person).post(URL, {"password": PASSWORD})
    assert "Remove them first" in page.content.decode()


def test_a_refused_removal_erases_nothing(person):
    VehicleFactory(owner=person)
    ride = RideFactory(rider=person)
    TermsAcceptance.objects.create(user=person, version=1)
    with pytest.raises(AccountRefused):
        remove_account(user=person)
    ride.refresh_from_db()
    assert ride.rider_id == person.id
    assert person.terms_acceptances.exists()


def test_removing_twice_is_harmless(person):
    remove_account(user=person)
    remove_account(user=person)
    assert User.objects.filter(username__startswith="deleted-").count() == 1


def test_a_get_only_asks_for_confirmation(person, client_of):
    client_of(person).get(URL)
    assert User.objects.get(pk=person.pk).is_active


@pytest.mark.parametrize("log_of", [AccessAttempt, AccessFailureLog, AccessLog])
def test_no_log_of_log_ins_keeps_the_names(person, log_of):
    needed = {"failures_since_start": 1} if log_of is AccessAttempt else {}
    for name in (person.username, person.email, "somebody.else"):
        log_of.objects.create(username=name, ip_address="203.0.113.77", **needed)
    remove_account(user=person)
    assert [row.username for row in log_of.objects.all()] == ["somebody.else"]


def test_nothing_that_was_counted_for_the_person_stays(person):
    for kind in ("reset-to", "confirm-to"):
        throttle(kind, person.username, limit=5)
        throttle(kind, person.email, limit=5)
    for kind in ("change-email", "password", "report"):
        throttle(kind, str(person.id), limit=5)
    throttle("confirm", f"{person.email} {person.id}", limit=5)
    remove_account(user=person)
    assert not Throttle.objects.exists()
