"""The sweep: every URL, for every kind of user, with every method, against the tables of ``sweep``.

URLs come from the URL configuration, so a new one without a row in the table fails.
"""

import os
import uuid
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from itertools import product
from typing import Any
from urllib.parse import urlencode

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse

from accounts.tests.factories import PASSWORD
from accounts.two_factor.services import new_offer
from cities.registry import registry
from documents.current import documents
from documents.markdown import MAX_TEXT_LENGTH

from .pages import assert_valid
from .sweep import (
    ADMIN_LISTS,
    ADMIN_OF_DJANGO,
    ADMIN_PAGES,
    ADMIN_TABLE,
    EVERYONE,
    LOG_IN,
    NOBODY,
    OPERATIONS,
    OTHER_METHODS,
    OTHER_RIDER,
    OWNER,
    PEOPLE,
    READ_ONLY,
    RIDER,
    SUPERUSER,
    SUPPORT,
    TABLE,
    WITH_APP,
    tomorrow,
)


def urls(resolver=None, namespace: str = "") -> list[str]:
    """Return the names of all URLs. A name stands for all patterns of one URL."""
    names = []
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            if pattern.namespace == "api":
                continue  # has a table of its own
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            names += urls(pattern, inner)
        elif pattern.name or not namespace.startswith("admin:"):  # the admin's unnamed ones redirect
            names.append(f"{namespace}{pattern.name}")
    return sorted(set(names))


def test_every_url_has_its_row():
    admin = {f"admin:{model}_{page}" for model in ADMIN_TABLE for page in ADMIN_PAGES}
    assert set(urls()) == set(TABLE) | admin | ADMIN_OF_DJANGO


def answer(response) -> int | str:
    location = response.headers.get("Location", "")
    return LOG_IN if location.startswith(("/login/?next=", "/admin/login/?next=")) else response.status_code


@contextmanager
def undone():
    """Undo the block's changes to the world, which is expensive to create."""
    savepoint = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(savepoint)
        registry.clear()
        documents.clear()


@pytest.mark.any_engine
@pytest.mark.parametrize("name", sorted(TABLE))
def test_a_page_answers_as_the_table_says(world, browser, subtests, name):
    row = TABLE[name]
    url = reverse(name, args=row.args(world))
    for who in EVERYONE:
        with subtests.test(who), undone():
            client = browser(who)
            assert answer(client.get(url)) == row.get[who], "GET"
            if who in {NOBODY, RIDER, SUPERUSER}:
                assert answer(client.head(url)) == row.get[who], "HEAD"
                for method in OTHER_METHODS:
                    # Users with access see that the method is wrong; others learn nothing.
                    expected = {405, LOG_IN if row.get[who] == LOG_IN else 404}
                    assert answer(client.generic(method, url)) in expected, method
            assert answer(browser(who).post(url, row.data(world))) == row.post[who], "POST"


def admin_answer(model: str, page: str, who: str, method: int) -> int | str:
    if who in PEOPLE:
        return LOG_IN
    needed = ADMIN_PAGES[page][method]
    return 200 if needed in ADMIN_TABLE[model].get(who, set()) else 403


@pytest.mark.any_engine
@pytest.mark.parametrize("page", sorted(ADMIN_PAGES))
@pytest.mark.parametrize("model", sorted(ADMIN_TABLE))
def test_the_administration_answers_as_the_table_says(world, browser, subtests, model, page):
    args = [] if page in {"changelist", "add"} else [world.objects[model]]
    url = reverse(f"admin:{model}_{page}", args=args)
    for who in EVERYONE:
        with subtests.test(who), undone():
            client = browser(who)
            assert answer(client.get(url)) == admin_answer(model, page, who, 0), "GET"
            if ADMIN_PAGES[page][1] is None:
                continue
            expected = admin_answer(model, page, who, 1)
            # An empty form shows its errors; one without fields is saved.
            assert answer(client.post(url)) in {expected, 302 if expected == 200 else expected}, "POST"


@pytest.mark.any_engine
@pytest.mark.parametrize("name", sorted(ADMIN_OF_DJANGO - {"admin:login"}))
def test_the_rest_of_the_administration_is_closed_to_the_public(world, browser, subtests, name):
    args = {
        "admin:app_list": ["fleet"],
        "admin:view_on_site": ["1", "1"],
        "admin:auth_user_password_change": [world.rider.pk],
    }
    url = reverse(name, args=args.get(name, []))
    for who in PEOPLE:
        with subtests.test(who), undone():
            client = browser(who)
            assert answer(client.get(url)) in {LOG_IN, 405, 302}
            assert answer(client.post(url)) in {LOG_IN, 405, 302}


@pytest.mark.one_engine
@pytest.mark.parametrize("who", [OPERATIONS, SUPPORT, READ_ONLY])
def test_nobody_but_superusers_sets_other_peoples_passwords(world, browser, who):
    client = browser(who)
    for person in world.people.values():
        url = reverse("admin:auth_user_password_change", args=[person.pk])
        assert client.post(url, {"password1": "x", "password2": "x"}).status_code == 403


# Invalid HTML

LOOKERS = [NOBODY, RIDER, OTHER_RIDER, OWNER, SUPERUSER]


def assert_valid_if_html(response):
    if response.status_code == 200 and response.headers["Content-Type"].startswith("text/html"):
        assert_valid(response)


@pytest.mark.any_engine
@pytest.mark.parametrize("name", [name for name, row in sorted(TABLE.items()) if 200 in row.get.values()])
def test_the_html_of_a_page_is_valid(world, browser, subtests, name):
    row = TABLE[name]
    url = reverse(name, args=row.args(world))
    for who in LOOKERS:
        with subtests.test(who), undone():
            assert_valid_if_html(browser(who).get(url))
            assert_valid_if_html(browser(who).post(url))  # a form with the errors of its fields


@pytest.mark.any_engine
@pytest.mark.parametrize("page", sorted(ADMIN_PAGES))
@pytest.mark.parametrize("model", sorted(ADMIN_TABLE))
def test_the_html_of_the_administration_is_valid(world, browser, model, page):
    args = [] if page in {"changelist", "add"} else [world.objects[model]]
    assert_valid_if_html(browser(SUPERUSER).get(reverse(f"admin:{model}_{page}", args=args)))


# Every form, with malformed values in each field

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
            "email": "ada@example.com",
            "password": "a-long-and-strange-word",
            "next": "/rides/",
        },
    ),
    "accounts:login": (NOBODY, lambda world: {"username": "a", "password": "b", "remember_me": "on", "next": "/"}),
    "accounts:log_in_mail": (NOBODY, lambda world: {"email": "ada@example.com", "next": "/rides/"}),
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
    "accounts:passkey_log_in": (NOBODY, lambda world: {"response": "{}", "next": "/rides/"}),
    "accounts:passkey_add": (OTHER_RIDER, lambda world: {"name": "My phone", "password": "wrong"}),
    "accounts:passkey_create": (OTHER_RIDER, lambda world: {"name": "My phone", "response": "{}"}),
    "accounts:passkey_rename": (RIDER, lambda world: {"name": "My phone"}),
    "accounts:passkey_remove": (RIDER, lambda world: {"password": "wrong"}),
    "accounts:profile_delete": (OTHER_RIDER, lambda world: {"password": "wrong"}),
    "notifications:device_list": (
        OTHER_RIDER,
        lambda world: {
            "endpoint": "https://fcm.googleapis.com/fcm/send/x",
            "p256dh": world.device.p256dh,
            "auth": world.device.auth,
        },
    ),
    "notifications:read_all": (RIDER, lambda world: {"next": "/rides/"}),
    "notifications:notification_read": (RIDER, lambda world: {"next": "/rides/"}),
    "documents:accept_terms": (OTHER_RIDER, lambda world: {"version": "1", "next": "/"}),
    "accounts:second_factor_set_up": (
        OPERATIONS,
        lambda world: {"offer": new_offer(world.people[OPERATIONS]), "code": "123456"},
    ),
    "accounts:second_factor": (WITH_APP, lambda world: {"code": "123456"}),
    "accounts:second_factor_passkey": (WITH_APP, lambda world: {"response": "{}", "next": "/admin/"}),
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
    "operations:vehicle_report": (OTHER_RIDER, lambda world: {"kind": "dirty", "text": "Mud", "token": "t"}),
    "operations:field_work": (
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
    "community:home": (RIDER, lambda world: {"body": "Hello", "ride": "", "token": "one form"}),
    "community:conversation": (RIDER, lambda world: {"body": "Hello", "token": "one form"}),
    "community:conversation_read": (RIDER, lambda world: {"message": str(world.message.id)}),
    "community:decision": (RIDER, lambda world: {"text": "I disagree."}),
    "community:report_message": (RIDER, lambda world: {"reason": "spam", "details": ""}),
    "community:report_person": (RIDER, lambda world: {"reason": "spam", "details": ""}),
    "community:report_post": (OTHER_RIDER, lambda world: {"reason": "spam", "details": ""}),
    "community:translate": (RIDER, lambda world: {"post": str(world.post.pk)}),
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
    "admin:documents_document_add": (SUPERUSER, lambda world: {"kind": "help", "text": "# Help"}),
    "admin:login": (NOBODY, lambda world: {"username": "a", "password": "b", "next": "/admin/"}),
}
SENT_AND_ANSWERED = {200, 302, 400, 403, 404, 409, 429}


def a_third(values: Iterable[Any], number: int) -> list[Any]:
    """Return every third value, beginning with another one for each number; all with THOROUGH set."""
    return list(values)[slice(None) if os.environ.get("THOROUGH") else slice(number % 3, None, 3)]


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
    """A URL that accepts POST with fields must be in FORMS, or listed here with a reason."""
    without_fields = {
        "accounts:logout",
        "accounts:email_send",
        "accounts:email_confirm",
        "accounts:log_in_link",
        "accounts:log_out_everywhere",
        "accounts:token_revoke",
        "notifications:device_remove",
        "jobs:cancel",
        "fleet:vehicle_remove",
        "accounts:personal_data",
        "community:export",
        *(name for name in TABLE if name.endswith("_export")),
        "admin:fleet_vehicle_import",  # a file: see fleet/tests/test_import.py
        "rides:ride_unlock",
        "rides:ride_pause",
        "rides:ride_resume",
        "fleet:vehicle_pause",
        "fleet:vehicle_resume",
        "community:block",
        "community:follow",
        "community:post_delete",
        "community:unblock",
        "community:unfollow",
        # The same forms as `second_factor`, which comes first.
        "accounts:second_factor_codes",
        "accounts:second_factor_remove",
        # Needs a valid link. Its form is that of `password_change` (test_passwords.py).
        "accounts:password_reset_confirm",
    }
    taking = {name for name, row in TABLE.items() if set(row.post.values()) - {405, LOG_IN}}
    assert taking - without_fields == {name for name in FORMS if not name.startswith("admin:")}


@pytest.mark.parametrize("name", ["accounts:second_factor_set_up", "accounts:second_factor"])
def test_the_forms_of_the_second_factor_are_read(world, browser, name):
    who, data = FORMS[name]
    page = browser(who).post(reverse(name), data(world))
    assert "This code is wrong" in page.content.decode()


@pytest.mark.one_engine
@pytest.mark.parametrize("name", sorted(FORMS))
def test_no_invalid_form_is_a_server_error(world, browser, settings, subtests, name):
    settings.REGISTRATIONS_PER_HOUR = settings.MAILS_PER_HOUR = settings.REPORTS_PER_HOUR = 1000
    who, data = FORMS[name]
    row = TABLE.get(name)
    url = reverse(name, args=row.args(world) if row else [])
    for number, field_name in enumerate(data(world)):
        for kind, value in a_third(NONSENSE.items(), number):
            with subtests.test(kind, field=field_name), undone():
                spoilt = with_nonsense(data(world), field_name, value)
                assert browser(who).post(url, spoilt).status_code in SENT_AND_ANSWERED


@pytest.mark.one_engine
@pytest.mark.parametrize("name", sorted(FORMS))
def test_a_form_without_end_or_in_no_known_encoding_is_no_server_error(world, browser, name):
    who, data = FORMS[name]
    url = reverse(name, args=TABLE[name].args(world) if name in TABLE else [])
    client, fields = browser(who), data(world)
    for field_name in fields:
        spoilt = fields | {field_name: "a" + "\u0300\u0316" * MAX_TEXT_LENGTH}
        assert client.post(url, spoilt).status_code == 413, field_name
    body = "&".join(f"{field_name}=%ff%fe%ed%a0%bd" for field_name in fields)
    page = client.post(url, body, content_type="application/x-www-form-urlencoded")
    assert page.status_code in SENT_AND_ANSWERED


# The parameters that each list reads, besides its filters.
STAFF_CALENDAR = "/admin/fleet/allocation/calendar/"
LISTS = {
    "/vehicles/": ["page", "type", "available", "from", "until", "lat", "lon"],
    "/v/": ["code"],
    "/rides/": ["page"],
    "/bookings/": ["page"],
    "/users/": ["page"],
    "/notifications/": ["page", "next", "since"],
    "/login/": ["next"],
    "/register/": ["next", "city"],
    STAFF_CALENDAR: ["day", "city", "type", "page", "part", "code", "hour"],
} | {path: ["q", "o", "e", "p", *filters] for path, filters in ADMIN_LISTS.items()}
ADDRESS_NONSENSE = [value for value in NONSENSE.values() if isinstance(value, str)] + ["%ff%fe", "9" * 12]


def test_every_list_of_the_administration_is_among_those_tried():
    assert set(ADMIN_LISTS) == {reverse(f"admin:{model}_changelist") for model in ADMIN_TABLE}


@pytest.mark.one_engine
@pytest.mark.parametrize("path", LISTS)
def test_no_invalid_url_is_a_server_error(world, browser, subtests, path):
    client = browser(SUPERUSER)
    for number, name in enumerate([*LISTS[path], "unknown"], start=list(LISTS).index(path)):
        for value in a_third(ADDRESS_NONSENSE, number):
            with subtests.test(value[:20], parameter=name):
                query = f"{name}={value}" if value.startswith("%") else urlencode({name: value})
                assert client.get(f"{path}?{query}").status_code in {200, 302, 400}


@pytest.mark.one_engine
@pytest.mark.parametrize("path", sorted(ADMIN_LISTS))
def test_a_null_byte_that_another_value_follows_is_a_bad_request(world, browser, path):
    client = browser(SUPERUSER)
    for name in ["q", *ADMIN_LISTS[path]]:
        assert client.get(f"{path}?{name}=%00&{name}=x").status_code == 400, name


KEYS = ["junk", "", "9" * 25, "a\0b", "paris:\0", "é" * 500, ["junk", "\0", "x"]]


def actions_of(page) -> list[str]:
    """Return the names of the actions that a list of the administration offers."""
    form = page.context_data["action_form"]
    return [name for name, _label in form.fields["action"].choices if name] if form else []


@pytest.mark.one_engine
@pytest.mark.parametrize("path", sorted(ADMIN_LISTS))
def test_no_invalid_selection_is_a_server_error(world, browser, subtests, path):
    client = browser(SUPERUSER)
    actions = actions_of(client.get(path))
    for key in a_third(KEYS, list(ADMIN_LISTS).index(path)):
        with subtests.test(str(key)[:20]), undone():
            for action, more in product([*actions, "junk"], ({}, {"post": "yes"}, {"confirmed": "yes"})):
                page = client.post(path, {"action": action, "_selected_action": key, **more})
                assert page.status_code in {200, 302, 400, 403}, (action, more)


@pytest.mark.one_engine
@pytest.mark.parametrize("key", ["junk", "\0", "9" * 25, str(uuid.UUID(int=7)), "paris:junk"])
def test_no_invalid_url_on_the_site_is_a_server_error(world, browser, key):
    client = browser(SUPERUSER)
    for type_ in ContentType.objects.all():
        url = reverse("admin:view_on_site", args=[type_.pk, key])
        assert client.get(url).status_code in {302, 400, 404}, type_
    url = reverse("admin:view_on_site", args=["9" * 25, key])
    assert client.get(url).status_code in {400, 404}


@pytest.mark.one_engine
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
