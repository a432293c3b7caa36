"""The sweep: every URL, by everybody, in every method, against the tables below (issue "Accounts people can trust").

The URLs come from the URL configuration, so a new one without a row here fails. 404 means "for you, there is
no such thing"; LOG_IN a redirect to the log-in page with ``next``.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts.models import Document, TermsAcceptance
from accounts.tests.factories import PASSWORD, NoticeFactory, StaffFactory, UserFactory
from fleet.services import report_problem
from fleet.tests.calendars import maintain
from fleet.tests.factories import BookingFactory, VehicleFactory
from rides.tests.factories import OpenRideFactory, RideFactory

LOG_IN = "log in"
NOBODY, RIDER, OTHER_RIDER, OWNER, OTHER_OWNER = "nobody", "rider", "other rider", "owner", "other owner"
OPERATIONS, SUPPORT, READ_ONLY, SUPERUSER = "operations", "support", "read-only", "superuser"
PEOPLE = [NOBODY, RIDER, OTHER_RIDER, OWNER, OTHER_OWNER]
STAFF = [OPERATIONS, SUPPORT, READ_ONLY, SUPERUSER]
EVERYBODY = PEOPLE + STAFF
OTHER_METHODS = ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"]

Answers = dict[str, int | str]


def everybody(status: int, **others: int) -> Answers:
    """One answer for all, but for those named."""
    return dict.fromkeys(EVERYBODY, status) | {who.replace("_", " "): answer for who, answer in others.items()}


def members(status: int, **others: int) -> Answers:
    """Those who are logged in get an answer; nobody is asked to log in."""
    return everybody(status) | {NOBODY: LOG_IN} | {who.replace("_", " "): a for who, a in others.items()}


def only(status: int, *who: str, rest: int = 404) -> Answers:
    return members(rest) | dict.fromkeys(who, status)


@dataclass(frozen=True)
class Row:
    """What one URL answers. ``args`` and ``data`` are made from the world the test stands in."""

    get: Answers
    post: Answers
    args: Callable[[Any], list] = field(default=lambda world: [])
    data: Callable[[Any], dict] = field(default=lambda world: {})


def of_vehicle(world):
    return ["paris", world.vehicle.id]


def of_ridden_vehicle(world):
    return ["paris", world.ride.vehicle_id]


def of_ride(world):
    return ["paris", world.ride.id]


def of_booking(world):
    return ["paris", world.booking.id]


def of_notice(world):
    return [world.notice.id]


def tomorrow():
    return timezone.now() + timedelta(days=1)


FORM = {"get": members(200), "post": members(200)}  # an empty form comes back with its errors
VISITORS = {"get": everybody(302, nobody=200), "post": everybody(302, nobody=200)}
STAFF_404 = only(302, *STAFF)

TABLE = {
    "home": Row(get=everybody(302, nobody=200), post=everybody(405)),
    "health": Row(get=everybody(200), post=everybody(405)),
    "manifest": Row(get=everybody(200), post=everybody(405)),
    "service_worker": Row(get=everybody(200), post=everybody(405)),
    "offline": Row(get=everybody(200), post=everybody(405)),
    "offline_form": Row(get=everybody(200), post=everybody(405)),
    "cities:choose": Row(get=everybody(405), post=everybody(302)),
    "accounts:language": Row(get=everybody(405), post=everybody(302)),
    "accounts:register": Row(**VISITORS),
    "accounts:login": Row(**VISITORS),
    "accounts:logout": Row(get=everybody(405), post=everybody(302)),
    "accounts:password_reset": Row(get=everybody(200), post=everybody(200)),
    "accounts:password_reset_confirm": Row(get=everybody(200), post=everybody(200), args=lambda world: ["x", "y"]),
    "accounts:email_send": Row(get=members(405), post=members(302)),
    "accounts:email_confirm": Row(get=everybody(200), post=everybody(200), args=lambda world: ["forged"]),
    "accounts:profile": Row(get=members(200), post=members(405)),
    "accounts:profile_edit": Row(**FORM),
    "accounts:password_change": Row(**FORM),
    "accounts:home_city": Row(**FORM),
    "accounts:profile_delete": Row(**FORM),
    "accounts:personal_data": Row(get=members(200), post=members(405)),
    "accounts:log_out_everywhere": Row(get=members(405), post=members(302)),
    "accounts:second_factor": Row(get=STAFF_404, post=STAFF_404),
    "accounts:second_factor_set_up": Row(get=only(200, *STAFF), post=only(200, *STAFF)),
    "accounts:second_factor_codes": Row(get=only(405, *STAFF), post=STAFF_404),
    "accounts:second_factor_remove": Row(get=only(405, *STAFF), post=STAFF_404),
    "accounts:notice_list": Row(get=members(200), post=members(405)),
    "accounts:notices_read_all": Row(get=members(405), post=members(302)),
    "accounts:notice_read": Row(get=members(405), post=only(302, RIDER), args=of_notice),
    "accounts:user_list": Row(get=members(200), post=members(405)),
    "accounts:user_detail": Row(get=members(200), post=members(405), args=lambda world: [world.rider.username]),
    "accounts:accept_terms": Row(get=members(200), post=members(409)),
    "accounts:terms": Row(get=everybody(200), post=everybody(405)),
    "accounts:privacy": Row(get=everybody(200), post=everybody(405)),
    "accounts:help": Row(get=everybody(200), post=everybody(405)),
    "accounts:terms_version": Row(get=everybody(200), post=everybody(405), args=lambda world: [1]),
    "accounts:privacy_version": Row(get=everybody(200), post=everybody(405), args=lambda world: [1]),
    "accounts:help_version": Row(get=everybody(404), post=everybody(405), args=lambda world: [99]),
    "fleet:vehicle_list": Row(get=members(200), post=members(405)),
    "fleet:vehicle_map": Row(get=members(200), post=members(405)),
    "fleet:vehicle_add": Row(**FORM),
    "fleet:vehicle_detail": Row(get=members(200), post=members(405), args=of_vehicle),
    "fleet:vehicle_remove": Row(
        get=only(200, OWNER, OPERATIONS, SUPERUSER), post=only(302, OWNER, OPERATIONS, SUPERUSER), args=of_vehicle
    ),
    "fleet:vehicle_label_print": Row(get=only(200, OWNER, *STAFF), post=members(405), args=of_vehicle),
    "fleet:vehicle_code": Row(get=everybody(200), post=everybody(405)),
    "fleet:vehicle_label": Row(get=everybody(200), post=everybody(405), args=lambda world: [world.vehicle.code]),
    "fleet:vehicle_reserve": Row(get=members(405), post=members(302), args=of_vehicle),
    "fleet:vehicle_book": Row(**FORM, args=of_vehicle),
    "fleet:vehicle_calendar": Row(get=members(200), post=members(405), args=of_vehicle),
    "fleet:vehicle_report": Row(**FORM, args=of_vehicle),
    "fleet:vehicle_pause": Row(get=members(405), post=only(302, OWNER), args=of_vehicle),
    "fleet:vehicle_resume": Row(get=members(405), post=only(302, OWNER), args=of_vehicle),
    "fleet:vehicle_work": Row(
        get=only(200, OPERATIONS, SUPERUSER), post=only(302, OPERATIONS, SUPERUSER), args=of_vehicle
    ),
    "fleet:booking_list": Row(get=members(200), post=members(405)),
    "fleet:booking_detail": Row(get=only(200, RIDER), post=members(405), args=of_booking),
    "fleet:booking_cancel": Row(get=members(405), post=only(302, RIDER), args=of_booking),
    "admin:fleet_allocation_calendar": Row(
        get=dict.fromkeys(PEOPLE, LOG_IN) | dict.fromkeys(STAFF, 200),
        post=dict.fromkeys(PEOPLE, LOG_IN) | dict.fromkeys(STAFF, 405),
    ),
    "rides:ride_list": Row(get=members(200), post=members(405)),
    "rides:ride_start": Row(get=members(405), post=members(302), args=of_vehicle),
    "rides:ride_detail": Row(get=only(200, RIDER), post=members(405), args=of_ride),
    "rides:ride_unlock": Row(get=members(405), post=members(404), args=of_ride),  # a lock with a code takes no command
    "rides:ride_end": Row(
        get=only(302, RIDER),
        post=only(302, RIDER),
        args=of_ride,
        data=lambda world: {"end_location": "Louvre"},
    ),
}

# The administration: what each role may do with each model; whoever is no staff is asked to log in as one.
VIEW, ADD, CHANGE = {"view"}, {"view", "add"}, {"view", "change"}
ADMIN_TABLE = {
    "cities_city": {OPERATIONS: VIEW, READ_ONLY: VIEW, SUPERUSER: {"view", "add", "change", "delete"}},
    "auth_group": {SUPERUSER: {"view", "add", "change", "delete"}},
    "accounts_user": {OPERATIONS: VIEW, SUPPORT: CHANGE, READ_ONLY: VIEW, SUPERUSER: {"view", "add", "change"}},
    "accounts_document": {READ_ONLY: VIEW, SUPERUSER: ADD},
    "accounts_termsacceptance": {SUPPORT: VIEW, READ_ONLY: VIEW, SUPERUSER: VIEW},
    "fleet_vehicle": {
        OPERATIONS: {"view", "add", "change"},
        SUPPORT: VIEW,
        READ_ONLY: VIEW,
        SUPERUSER: {"view", "add", "change", "delete"},
    },
    "fleet_allocation": {OPERATIONS: VIEW, SUPPORT: VIEW, READ_ONLY: VIEW, SUPERUSER: VIEW},
    "fleet_vehicleevent": {OPERATIONS: VIEW, SUPPORT: VIEW, READ_ONLY: VIEW, SUPERUSER: VIEW},
    "fleet_problemreport": {OPERATIONS: VIEW, SUPPORT: VIEW, READ_ONLY: VIEW, SUPERUSER: VIEW},
    "rides_ride": {OPERATIONS: VIEW, SUPPORT: VIEW, READ_ONLY: VIEW, SUPERUSER: VIEW},
}
# page -> (what a GET needs, what a POST needs)
ADMIN_PAGES = {
    "changelist": ("view", "view"),
    "history": ("view", None),
    "change": ("view", "change"),
    "add": ("add", "add"),
    "delete": ("delete", "delete"),
}
ADMIN_OF_DJANGO = {
    "admin:index",
    "admin:login",
    "admin:logout",
    "admin:password_change",
    "admin:password_change_done",
    "admin:autocomplete",
    "admin:jsi18n",
    "admin:view_on_site",
    "admin:app_list",
    "admin:auth_user_password_change",
}


def urls(resolver=None, namespace: str = "") -> list[str]:
    """The names of every URL there is; a name stands in for the forms of one address."""
    names = []
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            names += urls(pattern, inner)
        elif pattern.name or not namespace.startswith("admin:"):  # the admin's nameless ones redirect
            names.append(f"{namespace}{pattern.name}")
    return sorted(set(names))


def test_every_url_has_its_row():
    admin = {f"admin:{model}_{page}" for model in ADMIN_TABLE for page in ADMIN_PAGES}
    assert set(urls()) == set(TABLE) | admin | ADMIN_OF_DJANGO


@pytest.fixture
def world(db):
    """Two riders, one of them riding; two owners with a vehicle each; staff of every role."""
    world = SimpleNamespace()
    world.rider = UserFactory(username="rita")
    world.ride = OpenRideFactory(rider=world.rider)
    RideFactory(rider=world.rider)
    world.notice = NoticeFactory(user=world.rider)
    owner = UserFactory()
    world.vehicle = VehicleFactory(owner=owner)
    world.booking = BookingFactory(rider=world.rider)
    other_owner = UserFactory()
    VehicleFactory(owner=other_owner)
    out_of_service = VehicleFactory()
    world.maintenance = maintain(out_of_service)
    world.report = report_problem(
        reporter=world.rider, vehicle_city="paris", vehicle_id=out_of_service.id, kind="lights", token="one form"
    )
    world.people = {
        RIDER: world.rider,
        OTHER_RIDER: UserFactory(),
        OWNER: owner,
        OTHER_OWNER: other_owner,
        SUPERUSER: StaffFactory(),
    }
    for role in (OPERATIONS, SUPPORT, READ_ONLY):
        staff = StaffFactory(is_superuser=False)
        staff.groups.add(Group.objects.get(name=role.capitalize()))
        world.people[role] = staff
    world.objects = {
        "cities_city": "boston",
        "auth_group": str(Group.objects.first().pk),
        "accounts_user": str(world.people[OTHER_RIDER].pk),
        "accounts_document": str(Document.objects.first().pk),
        "accounts_termsacceptance": str(TermsAcceptance.objects.create(user=world.rider, version=1).pk),
        "fleet_vehicle": str(world.vehicle.pk),
        "fleet_allocation": str(world.maintenance.pk),
        "fleet_vehicleevent": str(world.maintenance.events.get().pk),
        "fleet_problemreport": str(world.report.pk),
        "rides_ride": str(world.ride.pk),
    }
    return world


@pytest.fixture
def browser(world):
    def browser_of(who: str) -> Client:
        client = Client()
        if who in world.people:
            client.force_login(world.people[who])
        return client

    return browser_of


def answer(response) -> int | str:
    location = response.headers.get("Location", "")
    return LOG_IN if location.startswith(("/login/?next=", "/admin/login/?next=")) else response.status_code


@pytest.mark.parametrize("who", EVERYBODY)
@pytest.mark.parametrize("name", sorted(TABLE))
def test_a_page_answers_as_the_table_says(world, browser, name, who):
    row = TABLE[name]
    url = reverse(name, args=row.args(world))
    client = browser(who)
    assert answer(client.get(url)) == row.get[who], "GET"
    client = browser(who)
    assert answer(client.head(url)) == row.get[who], "HEAD"
    for method in OTHER_METHODS:
        # Whoever may see a page may be told that it is not meant this way; the others learn nothing.
        expected = {405, LOG_IN if row.get[who] == LOG_IN else 404}
        assert answer(client.generic(method, url)) in expected, method
    client = browser(who)
    assert answer(client.post(url, row.data(world))) == row.post[who], "POST"


def admin_answer(model: str, page: str, who: str, method: int) -> int | str:
    if who in PEOPLE:
        return LOG_IN
    needed = ADMIN_PAGES[page][method]
    return 200 if needed in ADMIN_TABLE[model].get(who, set()) else 403


@pytest.mark.parametrize("who", EVERYBODY)
@pytest.mark.parametrize("page", sorted(ADMIN_PAGES))
@pytest.mark.parametrize("model", sorted(ADMIN_TABLE))
def test_the_administration_answers_as_the_table_says(world, browser, model, page, who):
    args = [] if page in {"changelist", "add"} else [world.objects[model]]
    url = reverse(f"admin:{model}_{page}", args=args)
    client = browser(who)
    assert answer(client.get(url)) == admin_answer(model, page, who, 0), "GET"
    if ADMIN_PAGES[page][1] is None:
        return
    expected = admin_answer(model, page, who, 1)
    # An empty form comes back with its errors; one without a single field is saved.
    assert answer(client.post(url)) in {expected, 302 if expected == 200 else expected}, "POST"


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("name", sorted(ADMIN_OF_DJANGO - {"admin:login"}))
def test_the_rest_of_the_administration_is_closed_to_the_public(world, browser, name, who):
    args = {
        "admin:app_list": ["fleet"],
        "admin:view_on_site": ["1", "1"],
        "admin:auth_user_password_change": [world.rider.pk],
    }
    url = reverse(name, args=args.get(name, []))
    client = browser(who)
    assert answer(client.get(url)) in {LOG_IN, 405, 302}
    assert answer(client.post(url)) in {LOG_IN, 405, 302}


@pytest.mark.parametrize("who", [OPERATIONS, SUPPORT, READ_ONLY])
def test_nobody_but_superusers_sets_other_peoples_passwords(world, browser, who):
    for person in world.people.values():
        url = reverse("admin:auth_user_password_change", args=[person.pk])
        assert browser(who).post(url, {"password1": "x", "password2": "x"}).status_code == 403


# Every form, with nonsense in each field

LONG = "x" * 10_000
NONSENSE: dict[str, Any] = {
    "empty": "",
    "spaces": "   ",
    "null byte": "a\0b",
    "control characters": "\x01\x02\x1b[31m\r\n\t",
    "very long": LONG,
    "emoji": "🛴🇫🇷👩🏽‍🚀",
    "right to left": "\u202eevil\u202c",
    "combining": "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢",
    "markup": "<script>alert(1)</script>{{ 7 * 7 }}{% now %}",
    "SQL": "'; DROP TABLE users; --",
    "number": "-1e999",
    "not a number": "NaN",
    "large number": "9" * 400,
    "other digits": "٣",
    "uuid": str(uuid.UUID(int=7)),
    "JSON": '{"$gt": ""}',
    "nested": {"[a][b]": "c"},
    "repeated": ["a", "b", "c"],
    "missing": None,
}

FORMS: dict[str, tuple[str, Callable[[Any], dict]]] = {
    "cities:choose": (NOBODY, lambda world: {"city": "paris", "next": "/"}),
    "accounts:language": (RIDER, lambda world: {"language": "es", "next": "/"}),
    "accounts:register": (
        NOBODY,
        lambda world: {
            "city": "paris",
            "first_name": "Ada",
            "last_name": "Byron",
            "email": "ada@example.com",
            "username": "ada.byron",
            "password1": "a-long-and-strange-word",
            "password2": "a-long-and-strange-word",
            "next": "/rides/",
        },
    ),
    "accounts:login": (NOBODY, lambda world: {"username": "a", "password": "b", "remember_me": "on", "next": "/"}),
    "accounts:password_reset": (NOBODY, lambda world: {"email": "ada@example.com"}),
    "accounts:password_change": (
        OTHER_RIDER,
        lambda world: {"old_password": "x", "new_password1": "y", "new_password2": "y"},
    ),
    "accounts:profile_edit": (
        OTHER_RIDER,
        lambda world: {
            "username": "ada.byron",
            "first_name": "Ada",
            "last_name": "Byron",
            "email": "ada@example.com",
            "current_password": "a-long-and-strange-word",
            "about_me": "Hello",
            "language": "en",
            "theme": "dark",
            "is_listed": "on",
        },
    ),
    "accounts:home_city": (OTHER_RIDER, lambda world: {"city": "rome"}),
    "accounts:profile_delete": (OTHER_RIDER, lambda world: {"password": "wrong"}),
    "accounts:notices_read_all": (RIDER, lambda world: {"next": "/rides/"}),
    "accounts:notice_read": (RIDER, lambda world: {"next": "/rides/"}),
    "accounts:accept_terms": (OTHER_RIDER, lambda world: {"version": "1", "next": "/"}),
    "accounts:second_factor_set_up": (OPERATIONS, lambda world: {"offer": "x", "code": "123456"}),
    "accounts:second_factor": (OPERATIONS, lambda world: {"code": "123456"}),
    "fleet:vehicle_add": (
        OWNER,
        lambda world: {
            "type": "bike",
            "brand": "Peugeot",
            "color": "red",
            "last_location": "Louvre",
            "latitude": "48.86",
            "longitude": "2.34",
            "token": "t",
        },
    ),
    "fleet:vehicle_reserve": (OTHER_RIDER, lambda world: {"token": "t", "at_it": "on"}),
    "fleet:vehicle_book": (
        OTHER_RIDER,
        lambda world: {
            "starts": f"{tomorrow():%Y-%m-%dT09:00}",
            "length": "until",
            "ends": f"{tomorrow():%Y-%m-%dT11:00}",
            "description": "Moving house",
            "token": "t",
            "instead": f"{tomorrow():%Y-%m-%dT12:00+00:00}/{tomorrow():%Y-%m-%dT13:00+00:00}",
        },
    ),
    "fleet:vehicle_report": (OTHER_RIDER, lambda world: {"kind": "dirty", "text": "Mud", "token": "t"}),
    "fleet:vehicle_work": (
        OPERATIONS,
        lambda world: {"act": "pick_up", "reason": "rebalance_pick_up", "note": "Too many here", "percent": "100"},
    ),
    "fleet:booking_cancel": (RIDER, lambda world: {"next": "/rides/"}),
    "rides:ride_start": (OTHER_RIDER, lambda world: {"token": "t", "at_it": "on"}),
    "rides:ride_end": (
        RIDER,
        lambda world: {"end_location": "Louvre", "latitude": "48.86", "longitude": "2.34"},
    ),
    "admin:fleet_vehicle_add": (
        SUPERUSER,
        lambda world: {
            "city": "paris",
            "type": "e-bike",
            "brand": "Peugeot",
            "color": "red",
            "last_location": "Louvre",
            "latitude": "48.86",
            "longitude": "2.34",
            "battery_percent": "50",
            "range_m": "1000",
            "lock_code": "1234",
        },
    ),
    "admin:cities_city_add": (
        SUPERUSER,
        lambda world: {
            "name": "lyon",
            "display_name": "Lyon",
            "code": "LYO",
            "region": "gcp-europe-west1",
            "latitude": "45.7",
            "longitude": "4.8",
            "radius_km": "20",
            "time_zone": "Europe/Paris",
            "currency": "EUR",
        },
    ),
    "admin:accounts_user_add": (
        SUPERUSER,
        lambda world: {
            "city": "paris",
            "first_name": "Ada",
            "last_name": "Byron",
            "email": "ada@example.com",
            "username": "ada.byron",
            "usable_password": "true",
            "password1": "a-long-and-strange-word",
            "password2": "a-long-and-strange-word",
        },
    ),
    "admin:accounts_document_add": (SUPERUSER, lambda world: {"kind": "help", "text": "# Help"}),
    "admin:login": (NOBODY, lambda world: {"username": "a", "password": "b", "next": "/admin/"}),
}
SENT_AND_ANSWERED = {200, 302, 400, 403, 404, 409, 429}


def with_nonsense(data: dict, name: str, value: Any) -> dict:
    spoilt = dict(data)
    if value is None:
        del spoilt[name]
    elif isinstance(value, dict):
        del spoilt[name]
        spoilt |= {f"{name}{suffix}": inner for suffix, inner in value.items()}
    else:
        spoilt[name] = value
    return spoilt


def test_every_form_is_among_those_tried():
    """A URL that takes a POST with fields must stand in FORMS, or here with the reason why not."""
    without_fields = {
        "accounts:logout",
        "accounts:email_send",
        "accounts:email_confirm",
        "accounts:log_out_everywhere",
        "fleet:vehicle_remove",
        "rides:ride_unlock",
        "fleet:vehicle_pause",
        "fleet:vehicle_resume",
        # The same forms as `second_factor`'s, behind it.
        "accounts:second_factor_codes",
        "accounts:second_factor_remove",
        # Needs a good link; its form is `password_change`'s (test_passwords.py).
        "accounts:password_reset_confirm",
    }
    taking = {name for name, row in TABLE.items() if set(row.post.values()) - {405, LOG_IN}}
    assert taking - without_fields == {name for name in FORMS if not name.startswith("admin:")}


@pytest.mark.parametrize("value", NONSENSE.values(), ids=NONSENSE.keys())
@pytest.mark.parametrize("name", sorted(FORMS))
def test_no_nonsense_in_a_form_is_a_server_error(world, browser, settings, name, value):
    settings.REGISTRATIONS_PER_HOUR = settings.MAILS_PER_HOUR = settings.REPORTS_PER_HOUR = 1000
    who, data = FORMS[name]
    row = TABLE.get(name)
    url = reverse(name, args=row.args(world) if row else [])
    for field_name in data(world):
        client = browser(who)
        spoilt = with_nonsense(data(world), field_name, value)
        assert client.post(url, spoilt).status_code in SENT_AND_ANSWERED, field_name


@pytest.mark.parametrize("name", sorted(FORMS))
def test_a_form_in_no_known_encoding_is_no_server_error(world, browser, name):
    who, data = FORMS[name]
    row = TABLE.get(name)
    url = reverse(name, args=row.args(world) if row else [])
    body = "&".join(f"{field_name}=%ff%fe%ed%a0%bd" for field_name in data(world))
    page = browser(who).post(url, body, content_type="application/x-www-form-urlencoded")
    assert page.status_code in SENT_AND_ANSWERED


PARAMETERS = [
    "page",
    "type",
    "available",
    "from",
    "until",
    "month",
    "day",
    "lat",
    "lon",
    "code",
    "next",
    "q",
    "city",
    "o",
    "e",
    "p",
    "type__exact",
]


ADMIN_LISTS = {
    "/admin/cities/city/": ["region__exact", "name__gt", "radius_km__gt"],
    "/admin/auth/group/": ["id__exact", "name__in"],
    "/admin/accounts/user/": ["date_joined__year", "date_joined__day", "is_staff__exact"],
    "/admin/accounts/document/": ["published_at__year", "kind__exact", "must_accept__exact"],
    "/admin/accounts/termsacceptance/": ["accepted_at__year", "accepted_at__month", "version__exact", "version__in"],
    "/admin/fleet/vehicle/": ["date_added__year", "status__exact", "approved", "whose", "state", "work"],
    "/admin/fleet/allocation/": ["starts_at__year", "starts_at__day", "when", "kind__exact"],
    "/admin/fleet/vehicleevent/": ["occurred_at__year", "occurred_at__gte", "event", "state__exact"],
    "/admin/fleet/problemreport/": ["created_at__year", "open", "kind__exact", "took_off__exact"],
    "/admin/rides/ride/": ["start_time__year", "start_time__gte", "open"],
}
STAFF_CALENDAR = "/admin/fleet/allocation/calendar/"
LISTS = [
    "/vehicles/",
    "/v/",
    "/rides/",
    "/bookings/",
    "/users/",
    "/notices/",
    "/login/",
    "/register/",
    *ADMIN_LISTS,
    STAFF_CALENDAR,
]
ADDRESS_NONSENSE = [value for value in NONSENSE.values() if isinstance(value, str)] + ["%ff%fe", "9" * 12]


def test_every_list_of_the_administration_is_among_those_tried():
    assert set(ADMIN_LISTS) == {reverse(f"admin:{model}_changelist") for model in ADMIN_TABLE}


@pytest.mark.parametrize("value", ADDRESS_NONSENSE)
@pytest.mark.parametrize("path", LISTS)
def test_no_nonsense_in_an_address_is_a_server_error(world, browser, path, value):
    client = browser(SUPERUSER)
    for name in PARAMETERS + ADMIN_LISTS.get(path, []):
        query = f"{name}={value}" if value.startswith("%") else urlencode({name: value})
        assert client.get(f"{path}?{query}").status_code in {200, 302, 400}, name


@pytest.mark.parametrize("path", sorted(ADMIN_LISTS))
def test_a_null_byte_that_another_value_follows_is_a_bad_request(world, browser, path):
    for name in ["q", *ADMIN_LISTS[path]]:
        assert browser(SUPERUSER).get(f"{path}?{name}=%00&{name}=x").status_code == 400, name


@pytest.mark.parametrize("key", ["junk", "", "9" * 25, "a\0b", "paris:\0", "é" * 500, ["junk", "\0", "x"]])
@pytest.mark.parametrize("path", sorted(ADMIN_LISTS))
def test_no_nonsense_among_the_chosen_keys_is_a_server_error(world, browser, path, key):
    for action in [
        "delete_selected",
        "reset_second_factor",
        "decommission",
        "approve",
        "print_labels",
        "maintain",
        "end_maintenance",
        "pick_up",
        "missing",
        "bring_back",
        "swap_battery",
        "cancel",
        "close",
        "end_rides",
        "junk",
    ]:
        for data in ({}, {"post": "yes"}, {"confirmed": "yes"}):
            page = browser(SUPERUSER).post(path, {"action": action, "_selected_action": key, **data})
            assert page.status_code in {200, 302, 400, 403}, (action, data)


@pytest.mark.parametrize("key", ["junk", "\0", "9" * 25, str(uuid.UUID(int=7)), "paris:junk"])
def test_no_nonsense_in_an_address_on_the_site_is_a_server_error(world, browser, key):
    for type_ in ContentType.objects.all():
        url = reverse("admin:view_on_site", args=[type_.pk, key])
        assert browser(SUPERUSER).get(url).status_code in {302, 400, 404}, type_
    url = reverse("admin:view_on_site", args=["9" * 25, key])
    assert browser(SUPERUSER).get(url).status_code in {400, 404}


def test_no_relation_makes_the_autocompletion_a_server_error(world, browser):
    client = browser(SUPERUSER)
    for model in apps.get_models():
        for relation in model._meta.get_fields():
            query = {"app_label": model._meta.app_label, "model_name": model._meta.model_name}
            query |= {"field_name": relation.name, "term": "x"}
            status = client.get(reverse("admin:autocomplete"), query).status_code
            assert status in {200, 400, 403, 404}, query


def test_logging_in_to_the_administration_ends_with_the_browser(world):
    client = Client()
    data = {"username": world.people[SUPERUSER].username, "password": "wrong", "next": "/admin/"}
    assert client.post("/admin/login/", data).status_code == 200
    page = client.post("/admin/login/", data | {"password": PASSWORD})
    assert page.status_code == 302
    cookie = page.cookies[settings.SESSION_COOKIE_NAME]
    assert (cookie["max-age"], cookie["expires"]) == ("", "")
    assert client.get("/admin/").status_code == 200
