"""Whole views under the retry, and pages that meet a conflict or a lost connection."""

import re

import pytest
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.db import connection, transaction
from django.http import HttpResponse
from django.middleware.csrf import get_token, rotate_token
from django.template import engines
from django.template.response import TemplateResponse
from django.test import Client
from django.urls import include, path, reverse
from django.views.generic import View

from accounts.models import User
from accounts.tests.factories import PASSWORD, UserFactory
from movr_project.db.retry import Busy, OutcomeUnknown
from movr_project.web.retry_view import RETRY_AFTER_SECONDS, retry_view

from .databases import conflict, cut_connection, on_postgresql
from .threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
committed = pytest.mark.django_db(transaction=True)

PEOPLE_AT_ONCE = 12


class Script:
    """What the view at ``/scripted/`` does in each run. Set by each test."""

    def __init__(self):
        self.runs = 0
        self.body = lambda request: None
        self.trouble = conflict
        self.troubled_runs = 1
        self.seen = []
        self.words = []

    def run(self, request) -> HttpResponse:
        self.runs += 1
        response = self.body(request)
        if self.runs <= self.troubled_runs:
            self.trouble()
        return response or HttpResponse(f"run {self.runs}")


current = Script()


@pytest.fixture
def script(monkeypatch, settings):
    settings.TRANSACTION_BACKOFF_SECONDS = 0.001
    made = Script()
    monkeypatch.setitem(globals(), "current", made)
    return made


@login_not_required
@retry_view
def retried(request, word=""):
    current.words.append(word)
    return current.run(request)


@login_not_required
def plain(request, word=""):
    current.words.append(word)
    return current.run(request)


@login_not_required
def retried_known(request):
    assert request.user.is_authenticated  # loads the user, like the middleware
    return retried(request)


class RetriedClass(View):
    def post(self, request):
        return current.run(request)


urlpatterns = [
    path("retried/", retried),
    path("retried/<str:word>/", retried),
    path("retried-known/", retried_known),
    path("retried-class/", login_not_required(retry_view(RetriedClass.as_view()))),
    path("plain/", plain),
    path("plain/<str:word>/", plain),
    path("", include("movr_project.urls")),
]


def conflict_in_a_transaction() -> None:
    with transaction.atomic():
        conflict()


# --- Writes that are not ours ---------------------------------------------------------------------------


def test_a_view_that_meets_a_conflict_is_run_again(client, script):
    assert client.post("/retried/").content == b"run 2"


def test_writes_of_a_failed_attempt_are_gone(client, script):
    script.body = lambda request: UserFactory() and None

    client.post("/retried/")

    assert (script.runs, User.objects.count()) == (2, 1)


def test_a_class_of_djangos_is_run_again(client, script):
    assert client.post("/retried-class/").content == b"run 2"


def test_arguments_of_the_address_reach_every_attempt(client, script):
    client.post("/retried/again/")

    assert script.words == ["again", "again"]


def test_looking_at_a_page_opens_no_transaction(client, script, django_assert_num_queries):
    script.troubled_runs = 0
    seen = []
    script.body = lambda request: seen.append(len(connection.savepoint_ids))
    before = len(connection.savepoint_ids)

    with django_assert_num_queries(0):
        client.get("/retried/")
        client.head("/retried/")
        client.options("/retried/")

    assert seen == [before] * 3


def test_a_view_that_stays_in_conflict_is_busy(client, script, settings):
    settings.TRANSACTION_ATTEMPTS = 3
    script.troubled_runs = 1_000

    response = client.post("/retried/")

    assert (script.runs, response.status_code) == (3, 503)


def test_a_view_that_fails_in_its_own_way_is_run_once(client, script):
    def refuse():
        raise LookupError

    script.trouble = refuse

    with pytest.raises(LookupError):
        client.post("/retried/")

    assert script.runs == 1


# --- What is put back between attempts -------------------------------------------------------------------


def test_the_session_is_as_before_in_each_attempt(client, script):
    def count(request):
        request.session["count"] = request.session.get("count", 0) + 1
        request.session.setdefault("list", []).append("x")

    script.body = count
    client.post("/retried/")

    assert (script.runs, client.session["count"], client.session["list"]) == (2, 1, ["x"])


def test_a_list_inside_the_session_is_as_before_too(client, script):
    script.body = lambda request: request.session.update({"places": ["paris"]})
    script.troubled_runs = 0
    client.post("/retried/")

    def add(request):
        request.session["places"].append("rome")
        request.session.modified = True

    script.body, script.troubled_runs, script.runs = add, 1, 0
    client.post("/retried/")

    assert client.session["places"] == ["paris", "rome"]


def test_no_session_is_sent_that_only_a_failed_attempt_changed(client, script):
    client.force_login(UserFactory())

    def remember(request):
        if script.runs == 1:
            request.session["failed"] = True

    script.body = remember
    assert "sessionid" not in client.post("/retried/").cookies


def test_session_data_of_a_failed_attempt_is_gone(client, script):
    def remember(request):
        if script.runs == 1:
            request.session["failed"] = True

    script.body = remember
    response = client.post("/retried/")

    assert "failed" not in response.wsgi_request.session
    assert "sessionid" not in response.cookies


def test_a_session_that_the_failed_attempt_flushed_is_back(client, script):
    client.force_login(UserFactory())

    def flush(request):
        script.seen.append(request.user.is_authenticated)
        if script.runs == 1:
            request.session.flush()

    script.body = flush
    client.post("/retried/")

    assert script.seen == [True, True]


def test_a_message_is_shown_once(client, script):
    def tell(request):
        messages.success(request, "Done.")

    script.body = tell
    response = client.post("/retried/")

    assert [str(message) for message in messages.get_messages(response.wsgi_request)] == ["Done."]


def test_a_message_that_the_failed_attempt_had_already_shown_is_shown_once(client, script):
    shown = []

    def tell_and_show(request):
        messages.success(request, "Done.")
        shown.append([str(message) for message in messages.get_messages(request)])

    script.body = tell_and_show
    client.post("/retried/")

    assert shown == [["Done."], ["Done."]]


def test_a_waiting_message_is_still_there_for_the_second_attempt(client, script):
    script.troubled_runs = 0
    script.body = lambda request: messages.info(request, "Waiting.")
    client.post("/retried/")

    def show(request):
        script.seen.append([str(message) for message in messages.get_messages(request)])

    script.body, script.troubled_runs, script.runs = show, 1, 0
    client.post("/retried/")

    assert script.seen == [["Waiting."], ["Waiting."]]


def test_the_user_is_the_same_in_each_attempt(client, script):
    user = UserFactory()
    user.backend = "accounts.backends.UsernameOrEmailBackend"

    def log_in(request):
        script.seen.append(request.user.is_authenticated)
        login(request, user, backend=user.backend)

    script.body = log_in
    response = client.post("/retried/")

    assert script.seen == [False, False]
    assert response.wsgi_request.user == user
    assert client.session["_auth_user_id"] == str(user.id)


@pytest.mark.parametrize("known", [True, False], ids=["before the view", "in the view"])
def test_the_person_is_as_before_in_each_attempt(client, script, known):
    """A new password that was not saved must not invalidate the old one."""
    client.force_login(UserFactory())

    def change_password(request):
        script.seen.append(request.user.check_password(PASSWORD))
        request.user.set_password("another-long-word")

    script.body = change_password
    client.post("/retried-known/" if known else "/retried/")

    assert script.seen == [True, True]


def test_the_csrf_token_is_as_before_in_each_attempt(client, script):
    def rotate(request):
        script.seen.append(request.META.get("CSRF_COOKIE"))
        if script.runs == 1:
            rotate_token(request)

    script.body = rotate
    response = client.post("/retried/")

    assert script.seen[0] == script.seen[1]
    assert "csrftoken" not in response.cookies


def test_the_csrf_token_of_the_browser_is_back_after_a_failed_attempt(client, script):
    client.cookies["csrftoken"] = "a" * 32

    def rotate(request):
        script.seen.append(request.META["CSRF_COOKIE"])
        if script.runs == 1:
            rotate_token(request)

    script.body = rotate
    response = client.post("/retried/")

    assert script.seen == ["a" * 32] * 2
    assert "csrftoken" not in response.cookies


def test_a_csrf_token_that_the_view_makes_is_sent(client, script):
    script.body = lambda request: get_token(request) and None

    assert client.post("/retried/").cookies["csrftoken"].value


# --- Everybody logs in at once ---------------------------------------------------------------------------


def log_in(username: str) -> int:
    page = Client().post(reverse("accounts:login"), {"username": username, "password": PASSWORD})
    return page.status_code


@committed
def test_many_people_log_in_at_once():
    """Without the retry, half of them met a server error under serializable isolation."""
    people = UserFactory.create_batch(PEOPLE_AT_ONCE)

    pages = at_once(*[lambda person=person: log_in(person.username) for person in people])

    assert pages == [302] * PEOPLE_AT_ONCE


@committed
def test_one_person_logs_in_on_many_devices_at_once():
    person = UserFactory()

    assert at_once(*[lambda: log_in(person.username)] * PEOPLE_AT_ONCE) == [302] * PEOPLE_AT_ONCE


# --- Pages that meet a fault --------------------------------------------------------------------------------


@committed
def test_a_page_with_a_conflict_is_rendered_again(client, script):
    script.trouble = conflict_in_a_transaction

    response = client.get("/plain/")

    assert (response.status_code, response.content) == (200, b"run 2")


@committed
def test_it_is_made_with_the_same_arguments(client, script):
    script.trouble = conflict_in_a_transaction

    client.get("/plain/again/")

    assert script.words == ["again", "again"]


@committed
def test_it_is_not_made_a_third_time(client, script):
    script.trouble, script.troubled_runs = conflict_in_a_transaction, 2

    response = client.get("/plain/")

    assert (script.runs, response.status_code) == (2, 503)


@committed
@on_postgresql
def test_a_page_on_a_connection_that_dies_under_it_is_made_on_a_new_one(client, script):
    connection.ensure_connection()
    script.trouble = lambda: (cut_connection(), User.objects.count())

    assert client.get("/plain/").content == b"run 2"


@committed
def test_a_page_whose_template_causes_the_conflict_is_rendered_again(client, script):
    """A template's lazy queries run after the view has returned."""
    troubles = [conflict_in_a_transaction]

    def name():
        if troubles:
            troubles.pop()()
        return "MovR"

    script.troubled_runs = 0
    template = engines["django"].from_string("Welcome to {{ name }}")
    script.body = lambda request: TemplateResponse(request, template, {"name": name})

    assert client.get("/plain/").content == b"Welcome to MovR"
    assert script.runs == 2


@committed
def test_a_form_that_was_sent_is_never_sent_again_by_us(client, script):
    """Its writes have their own retry."""
    script.trouble = conflict_in_a_transaction

    response = client.post("/plain/")

    assert (script.runs, response.status_code) == (1, 503)


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (Busy("gave up"), b"Please try again in a moment."),
        (OutcomeUnknown("who knows"), b"Check whether it went through before trying again."),
    ],
    ids=["busy", "unknown"],
)
def test_a_service_that_gave_up_is_a_503_that_says_when_to_try_again(client, script, error, advice):
    def give_up():
        raise error

    script.trouble = give_up
    response = client.post("/plain/")

    assert (response.status_code, response["Retry-After"]) == (503, str(RETRY_AFTER_SECONDS))
    assert advice in response.content


def test_the_503_needs_no_database(client, script, django_assert_num_queries):
    def give_up():
        raise Busy("gave up")

    script.trouble = give_up

    with django_assert_num_queries(0):
        assert client.post("/plain/").status_code == 503


def test_an_error_of_our_own_is_no_503(client, script):
    def fail():
        raise ZeroDivisionError

    script.trouble = fail
    client.raise_request_exception = False
    response = client.get("/plain/")

    assert (script.runs, response.status_code) == (1, 500)


def test_request_attributes_set_by_libraries_are_reset_for_the_second_run(client, script):
    def note(request):
        script.seen.append(hasattr(request, "axes_locked_out"))
        request.axes_locked_out = True

    script.body = note
    client.post("/retried/")
    assert script.seen == [False, False]


def test_after_a_busy_database_a_button_sends_the_form_again_without_secrets(script, settings):
    settings.TRANSACTION_ATTEMPTS = 1
    client = Client(raise_request_exception=False)
    typed = {"end_location": "Café <Louvre>", "tags": ["a", "b"], "csrfmiddlewaretoken": "old-token"}
    typed |= {"password": "secret-word", "code": "secret-code", "offer": "secret-offer"}
    page = client.post("/retried/?x=1", typed)
    html = page.content.decode()
    assert page.status_code == 503
    assert 'action="/retried/?x=1"' in html
    assert 'name="end_location" value="Café &lt;Louvre&gt;"' in html
    assert html.count('name="tags"') == 2
    assert "secret-" not in html
    assert html.count('name="csrfmiddlewaretoken"') == 1
    assert "old-token" not in html
    assert "was not completed" in html


def test_the_button_of_a_busy_page_sends_the_form_again(script, settings):
    settings.TRANSACTION_ATTEMPTS = 1
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.cookies["csrftoken"] = token = "a" * 32
    page = client.post("/retried/", {"csrfmiddlewaretoken": token})
    assert page.status_code == 503
    fresh = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.content.decode())[1]
    assert client.post("/retried/", {"csrfmiddlewaretoken": fresh}).content == b"run 2"
