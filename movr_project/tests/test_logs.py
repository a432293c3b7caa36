"""What is logged about requests, refusals, retries and errors, and what never is."""

import io
import json
import logging
import sys
from logging.config import dictConfig

import psycopg2
import pytest
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.core import mail
from django.db import IntegrityError, connection
from django.db.utils import DatabaseErrorWrapper
from django.http import HttpResponse
from django.test import Client
from django.urls import path
from django.utils.functional import SimpleLazyObject

from accounts.tests.factories import PASSWORD
from movr_project.db.retry import retry_transaction
from movr_project.errors import Refused
from movr_project.logs import JsonFormatter, MailLimit, RequestContext, log_event, masked, traceback_of
from movr_project.urls import handler400, handler403, handler404, handler500  # noqa: F401
from movr_project.urls import urlpatterns as movr_urls
from movr_project.web.middleware import RequestLogMiddleware

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

NAME, EMAIL, ADDRESS, SECRET = "grace.hopper", "grace@example.com", "203.0.113.9", "tell-nobody"


@login_not_required
def broken(request, name):
    note = request.POST.get("note", "")
    raise LookupError(f"{EMAIL} at {ADDRESS} is unknown{note and ''}\n{SECRET}")


@login_not_required
def unavailable(request, name):
    return HttpResponse(status=503)


urlpatterns = [
    *movr_urls,
    path("broken/<str:name>/", broken),
    path("unavailable/<str:name>/", unavailable),
]


@pytest.fixture(autouse=True)
def _urls(settings):
    settings.ROOT_URLCONF = __name__


@pytest.fixture
def lines():
    """The lines written so far, in the format of a server with DEBUG off."""
    handler = logging.StreamHandler(io.StringIO())
    handler.addFilter(RequestContext())
    handler.setFormatter(JsonFormatter())
    loggers = [logging.getLogger(name) for name in ("", "django.security", "movr_project.mail")]
    for logger in loggers:
        logger.addHandler(handler)
    yield lambda: [json.loads(line) for line in handler.stream.getvalue().splitlines()]
    for logger in loggers:
        logger.removeHandler(handler)


@pytest.fixture
def client():
    return Client(raise_request_exception=False)


def requests_in(lines):
    return [line for line in lines() if line["event"] == "request"]


class TestEachRequest:
    def test_is_one_line(self, client, lines):
        client.get("/login/")
        (line,) = lines()
        assert list(line) == [
            "time",
            "level",
            "event",
            "request_id",
            "method",
            "route",
            "status",
            "duration_ms",
            "user_id",
        ]
        assert line["time"].endswith("+00:00")
        assert isinstance(line["duration_ms"], int)
        assert {key: line[key] for key in ("level", "event", "method", "route", "status", "user_id")} == {
            "level": "INFO",
            "event": "request",
            "method": "GET",
            "route": "login/",
            "status": 200,
            "user_id": None,
        }

    def test_identifies_the_user_only_by_id(self, rider_client, rider, lines):
        rider_client.get("/profile/")
        assert lines()[0]["user_id"] == str(rider.id)

    def test_contains_the_pattern_and_not_the_path(self, client, lines):
        client.get(f"/unavailable/{NAME}/?email={EMAIL}")
        assert requests_in(lines)[0]["route"] == "unavailable/<str:name>/"

    def test_of_a_page_that_is_not_there_has_no_route(self, client, lines):
        client.get(f"/nowhere/{NAME}/")
        (line,) = lines()
        assert (line["route"], line["status"]) == (None, 404)

    def test_holds_no_address_agent_query_or_name(self, client, rider, lines):
        client.post(
            f"/login/?next=/users/{NAME}/",
            {"username": rider.email, "password": PASSWORD},
            REMOTE_ADDR=ADDRESS,
            headers={"User-Agent": "Netscape", "Referer": f"https://testserver/users/{NAME}/"},
        )
        text = json.dumps(lines())
        for secret in (rider.email, rider.username, NAME, ADDRESS, "Netscape", PASSWORD):
            assert secret not in text

    @pytest.mark.parametrize("url", ["/health/", "/static/css/movr.css"])
    def test_is_left_out_if_not_requested(self, client, lines, url):
        client.get(url)
        assert [line for line in lines() if line["status"] < 400] == []

    def test_user_is_not_loaded_for_it(self, rf):
        def load():
            raise AssertionError("loaded")

        def view(request):
            request.user = SimpleLazyObject(load)
            return HttpResponse()

        RequestLogMiddleware(view)(rf.get("/"))

    def test_a_stranger_has_no_id(self, rf, lines):
        def view(request):
            request.user = AnonymousUser()
            return HttpResponse()

        RequestLogMiddleware(view)(rf.get("/"))
        assert lines()[0]["user_id"] is None


class TestTheRequestId:
    GIVEN = "0f6a3c1e-77aa-4a51-9c2f-5f0f4a1c7f11"

    def test_is_in_the_answer_and_in_every_line(self, client, lines):
        response = client.get(f"/broken/{NAME}/")
        assert {line["request_id"] for line in lines()} == {response["X-Request-ID"]}
        assert len(lines()) == 2

    def test_is_in_the_line_that_django_writes_when_all_is_over(self, client, lines):
        response = client.get(f"/unavailable/{NAME}/")
        assert [line["request_id"] for line in lines()] == [response["X-Request-ID"]] * 2

    def test_is_new_each_time(self, client):
        assert client.get("/health/")["X-Request-ID"] != client.get("/health/")["X-Request-ID"]

    def test_is_accepted_from_our_own_proxy(self, client, settings):
        settings.TRUSTED_PROXY_COUNT = 1
        assert client.get("/health/", headers={"X-Request-ID": self.GIVEN})["X-Request-ID"] == self.GIVEN

    def test_is_not_accepted_from_anyone_else(self, client, settings):
        settings.TRUSTED_PROXY_COUNT = 0
        assert client.get("/health/", headers={"X-Request-ID": self.GIVEN})["X-Request-ID"] != self.GIVEN

    @pytest.mark.parametrize(
        "given", ["", "short", "x" * 65, "grace@example.com", "two words here", "abcdefgh\n", "é" * 9]
    )
    def test_is_not_accepted_if_it_is_malformed(self, rf, settings, given):
        settings.TRUSTED_PROXY_COUNT = 1
        request = rf.get("/", HTTP_X_REQUEST_ID=given)
        response = RequestLogMiddleware(lambda request: HttpResponse())(request)
        assert response["X-Request-ID"] != given
        assert len(response["X-Request-ID"]) == 32

    def test_ends_with_its_request(self, client, lines):
        client.get("/health/")
        log_event(logging.getLogger("movr_project"), "started")
        assert lines()[-1]["request_id"] == ""


class TestServices:
    @pytest.mark.django_db
    def test_a_refusal_is_one_line_with_its_code(self, lines):
        @retry_transaction
        def park():
            raise Refused(f"{NAME} may not", code="not_yours")

        with pytest.raises(Refused):
            park()

        (line,) = lines()
        assert (line["event"], line["code"]) == ("refused", "not_yours")
        assert line["service"].endswith("park")
        assert NAME not in json.dumps(line)

    @pytest.mark.django_db
    def test_an_attempt_that_is_run_again_is_no_refusal(self, lines, settings):
        settings.TRANSACTION_BACKOFF_SECONDS = 0.001
        runs = []

        @retry_transaction
        def park():
            runs.append(1)
            if len(runs) < 3:
                conflict()
            raise Refused("no", code="not_yours")

        with pytest.raises(Refused):
            park()

        assert [line["event"] for line in lines()] == ["transaction_retry", "transaction_retry", "refused"]
        assert [line["attempt"] for line in lines()[:2]] == [1, 2]
        assert set(lines()[0]) >= {"service", "attempt", "fault", "sqlstate", "sleep", "request_id"}


def conflict():
    """The database's error for a conflicting transaction."""
    if connection.vendor == "sqlite":
        error = connection.Database.OperationalError("database is locked")
        error.sqlite_errorname = "SQLITE_BUSY"
    else:
        error = psycopg2.errors.SerializationFailure("could not serialize access")
        error = with_state(error, "40001")
    with DatabaseErrorWrapper(connection):
        raise error


def with_state(error, state):
    class Raised(type(error)):
        pgcode = state

    return Raised(*error.args)


class TestAnError:
    def test_is_a_line_with_where_it_came_from(self, client, lines):
        client.post(f"/broken/{NAME}/", {"note": SECRET})
        line = next(line for line in lines() if line["level"] == "ERROR")
        assert line["message"] == "Internal Server Error: broken/<str:name>/"
        assert "test_logs.py" in line["traceback"]
        assert line["traceback"].endswith("builtins.LookupError: [e-mail] at [address] is unknown")

    def test_reveals_nothing_about_the_person(self, client, lines):
        client.post(f"/broken/{NAME}/?q={EMAIL}", {"note": SECRET}, REMOTE_ADDR=ADDRESS)
        text = json.dumps(lines())
        for secret in (NAME, EMAIL, ADDRESS, SECRET):
            assert secret not in text

    def test_rows_quoted_by_the_database_are_left_out(self):
        detail = f"duplicate key value violates unique constraint\nDETAIL:  Key (username)=({NAME}) already exists."
        try:
            try:
                raise ValueError(detail)
            except ValueError as cause:
                raise IntegrityError(detail) from cause
        except IntegrityError as error:
            text = traceback_of(error)
        assert NAME not in text
        assert "builtins.ValueError: duplicate key" in text
        assert text.endswith("IntegrityError: duplicate key value violates unique constraint")

    def test_of_a_client_is_a_line_without_what_it_sent(self, client, lines):
        strict = Client(enforce_csrf_checks=True)
        strict.post("/login/", {}, secure=True, headers={"Referer": f"https://evil.example/{NAME}"})
        assert [line.get("message", "") for line in lines()] == ["Refused: csrf", ""]
        assert NAME not in json.dumps(lines())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("to grace@example.com.", "to [e-mail]"),
        ("<grace+x@example.co.uk>", "<[e-mail]>"),
        ("from 203.0.113.9:443, then", "from [address]:443, then"),
        ("203.0.113.9.", "[address]."),
        ("at 2001:db8::5 and ::1", "at [address] and [address]"),
        ("fe80:0:0:0:1:2:3:4", "[address]"),
        ("at 12:30:01 in Django 5.2.19", "at 12:30:01 in Django 5.2.19"),
        ("movr_project/tests/test_logs.py::test", "movr_project/tests/test_logs.py::test"),
    ],
)
def test_addresses_are_masked(text, expected):
    assert masked(text) == expected


def test_a_long_message_without_an_address_takes_no_time():
    assert len(masked("x" * 1_000_000)) == 2000


class TestAxes:
    def test_says_nothing_of_names_and_addresses(self, client, rider, lines, settings):
        settings.AXES_VERBOSE = True
        for _ in range(7):
            client.post("/login/", {"username": rider.email, "password": "wrong"}, REMOTE_ADDR=ADDRESS)
        assert {line["event"] for line in lines()} == {"request"}
        assert rider.email not in json.dumps(lines())

    def test_is_silent_at_every_level(self):
        for name in ("axes", "axes.handlers.database", "axes.attempts"):
            assert not logging.getLogger(name).isEnabledFor(logging.ERROR)


@pytest.fixture
def _admins(settings):
    settings.DEBUG = False
    settings.ADMINS = [("Ops", "ops@movr.example")]
    dictConfig(settings.LOGGING)  # a rate limit unused by earlier tests


@pytest.mark.usefixtures("_admins")
class TestMailToAdmins:
    def test_names_the_error_and_its_place(self, client):
        response = client.get(f"/broken/{NAME}/")
        (message,) = mail.outbox
        assert message.to == ["ops@movr.example"]
        assert message.subject == "[MovR] ERROR (EXTERNAL IP): Internal Server Error: broken/<str:name>/"
        assert "LookupError" in message.body
        assert "in broken" in message.body
        assert response["X-Request-ID"] in message.body

    def test_holds_no_personal_data_and_no_setting(self, client, rider, settings):
        client.force_login(rider)
        client.cookies["secret"] = SECRET
        client.post(
            f"/broken/{NAME}/?email={EMAIL}",
            {"note": SECRET, "password": SECRET},
            REMOTE_ADDR=ADDRESS,
            headers={"User-Agent": "Netscape"},
        )
        (message,) = mail.outbox
        assert message.alternatives == []
        text = message.subject + message.body
        personal = (NAME, EMAIL, ADDRESS, SECRET, "Netscape", rider.username, rider.email, str(rider.id), "sessionid")
        for secret in (*personal, settings.SECRET_KEY, "DATABASES", "INSTALLED_APPS", "META", "COOKIES"):
            assert secret not in text

    def test_one_error_is_mailed_once(self, client):
        for _ in range(3):
            client.get(f"/broken/{NAME}/")
        assert len(mail.outbox) == 1

    def test_two_errors_are_both_shown(self, client):
        client.get(f"/broken/{NAME}/")
        client.get(f"/unavailable/{NAME}/")
        assert len(mail.outbox) == 2

    def test_a_bad_host_header_sends_none(self, client, lines):
        response = client.get("/login/", headers={"Host": "evil.example"})
        assert response.status_code == 400
        assert mail.outbox == []
        assert [line["event"] for line in lines()] == ["request"]

    def test_nor_is_a_mail_that_failed(self, settings):
        log_event(logging.getLogger("movr_project.mail"), "mail_failed", level=logging.ERROR)
        assert mail.outbox == []

    def test_development_has_none(self, client, settings):
        settings.DEBUG = True
        client.get(f"/broken/{NAME}/")
        assert mail.outbox == []


class TestTheLimit:
    def record(self, error=None, line=1):
        exc_info = None
        if error:
            try:
                raise error
            except type(error):
                exc_info = sys.exc_info()
        return logging.LogRecord("django.request", logging.ERROR, __file__, line, "broken", (), exc_info)

    def test_the_same_error_passes_again_after_ten_minutes(self):
        now = [0.0]
        limit = MailLimit(clock=lambda: now[0])
        passed = []
        for now[0] in (0, 1, 599, 600, 601, 1200):
            passed.append(limit.filter(self.record(ValueError())))
        assert passed == [True, False, False, True, False, True]

    def test_errors_differ_by_type_and_by_place(self):
        limit = MailLimit(clock=lambda: 0.0)
        records = [self.record(ValueError()), self.record(KeyError()), self.record(line=1), self.record(line=2)]
        assert [limit.filter(record) for record in records * 2] == [True] * 4 + [False] * 4

    def test_no_more_than_twenty_pass_in_an_hour(self):
        now = [0.0]
        limit = MailLimit(clock=lambda: now[0])
        assert sum(limit.filter(self.record(line=line)) for line in range(30)) == 20
        now[0] = 3599
        assert not limit.filter(self.record(line=99))
        now[0] = 3600
        assert limit.filter(self.record(line=99))
