"""Settings for each engine, and connections that a server has closed."""

import pytest
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.checks import Tags
from django.core.checks.registry import registry
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import request_started
from django.db import OperationalError, connection, transaction
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.urls import path

from accounts.models import User
from movr_project.db.engines import ISOLATION_LEVELS, check_isolation, database_settings, drop_dead_connections

from .databases import cut_connection, isolation, on_postgresql, on_server, on_sqlite, server_process


@login_not_required
def count_people(request):
    """A view that is not retried."""
    return HttpResponse(User.objects.count())


urlpatterns = [path("people/", count_people)]

committed = pytest.mark.django_db(transaction=True)

READ_COMMITTED = r"-c default_transaction_isolation=read\ committed -c lock_timeout=8s"
SERIALIZABLE = "-c default_transaction_isolation=serializable -c lock_timeout=8s"
SERVERS = ["postgres://movr:secret@db.example:5433/movr", "cockroachdb://movr:secret@db.example:26258/movr"]
POSTGRES, COCKROACH = SERVERS
each_server = pytest.mark.parametrize("url", SERVERS, ids=["postgresql", "cockroachdb"])


# --- Settings -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "engine"),
    [
        ("sqlite:////tmp/movr.sqlite3", "django.db.backends.sqlite3"),
        ("postgres://movr@localhost/movr", "django.db.backends.postgresql"),
        ("postgresql://movr@localhost/movr", "django.db.backends.postgresql"),
        ("cockroachdb://movr@localhost:26257/movr", "django_cockroachdb"),
    ],
)
def test_the_address_names_the_engine(url, engine):
    assert database_settings(url)["ENGINE"] == engine


@each_server
def test_an_address_is_parsed(url):
    config = database_settings(url)

    assert (config["USER"], config["PASSWORD"], config["HOST"], config["NAME"]) == (
        "movr",
        "secret",
        "db.example",
        "movr",
    )
    assert config["PORT"] in {5433, 26258}


@pytest.mark.parametrize(
    ("url", "isolation", "options"),
    [
        (POSTGRES, "", READ_COMMITTED),
        (POSTGRES, "read committed", READ_COMMITTED),
        (POSTGRES, "Serializable ", SERIALIZABLE),
        (COCKROACH, "", SERIALIZABLE),
        (COCKROACH, "serializable", SERIALIZABLE),
    ],
)
def test_servers_are_asked_for_an_isolation(url, isolation, options):
    assert database_settings(url, isolation=isolation)["OPTIONS"]["options"] == options


@pytest.mark.parametrize(
    ("url", "isolation"),
    [(POSTGRES, "repeatable read"), (POSTGRES, "fast"), (COCKROACH, "read committed")],
)
def test_an_isolation_at_which_the_rules_do_not_hold_is_refused(url, isolation):
    with pytest.raises(ImproperlyConfigured, match=isolation):
        database_settings(url, isolation=isolation)


def test_sqlite_takes_no_notice_of_the_isolation():
    url = "sqlite:////tmp/movr.sqlite3"
    assert database_settings(url, isolation="serializable") == database_settings(url)


@each_server
def test_options_already_in_the_address_are_kept(url):
    options = database_settings(f"{url}?options=--cluster%3Dmovr-1234&sslmode=verify-full", isolation="serializable")[
        "OPTIONS"
    ]

    assert options["options"] == f"--cluster=movr-1234 {SERIALIZABLE}"
    assert options["sslmode"] == "verify-full"


@each_server
def test_behind_a_pooler_no_isolation_is_sent(url):
    assert "options" not in database_settings(url, send_isolation=False)["OPTIONS"]
    kept = database_settings(f"{url}?options=--cluster%3Dmovr-1234", send_isolation=False)
    assert kept["OPTIONS"]["options"] == "--cluster=movr-1234"


@each_server
def test_a_server_that_is_gone_is_noticed_in_seconds(url):
    options = database_settings(url)["OPTIONS"]

    assert options["connect_timeout"] == 5
    assert options["keepalives_idle"] + options["keepalives_interval"] * options["keepalives_count"] <= 60


@each_server
def test_the_url_may_set_a_longer_timeout(url):
    assert database_settings(f"{url}?connect_timeout=9")["OPTIONS"]["connect_timeout"] == 9


@pytest.mark.parametrize("url", [*SERVERS, "sqlite:////tmp/movr.sqlite3"])
def test_connections_are_kept_without_a_health_check(url):
    config = database_settings(url, conn_max_age=90)

    assert config["CONN_MAX_AGE"] == 90
    assert config["CONN_HEALTH_CHECKS"] is False


def test_sqlite_takes_its_lock_at_begin_and_waits_for_it():
    options = database_settings("sqlite:////tmp/movr.sqlite3")["OPTIONS"]

    assert options["transaction_mode"] == "IMMEDIATE"
    assert options["timeout"] == 20
    assert "journal_mode=WAL" in options["init_command"]


def test_sqlites_options_in_the_address_are_kept():
    options = database_settings("sqlite:////tmp/movr.sqlite3?timeout=3")["OPTIONS"]

    assert options["timeout"] == 3
    assert options["transaction_mode"] == "IMMEDIATE"


def test_tests_on_sqlite_use_a_file_beside_the_database():
    """Threads that share an in-memory database fail on each other's locks whatever the timeout."""
    config = database_settings("sqlite:////tmp/movr.sqlite3")

    assert config["TEST"]["NAME"] == "/tmp/movr.sqlite3.test"  # noqa: S108  (never opened)


# --- The database these tests run on ------------------------------------------------------------------


@on_sqlite
@pytest.mark.django_db
def test_this_sqlite_is_a_file_in_wal_mode():
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        (mode,) = cursor.fetchone()

    assert mode == "wal"
    assert not connection.is_in_memory_db()


@on_server
@committed
def test_every_statement_has_the_isolation_outside_transactions_too():
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_isolation")
        outside = cursor.fetchone()
        with transaction.atomic():
            cursor.execute("SHOW transaction_isolation")
            inside = cursor.fetchone()

    asked_for = READ_COMMITTED if isolation() == "read committed" else SERIALIZABLE
    assert asked_for in connection.settings_dict["OPTIONS"]["options"]
    assert (outside, inside) == ((isolation(),), (isolation(),))


# --- The system check ---------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_check_has_nothing_to_say_about_this_database():
    assert check_isolation(databases=["default"]) == []


@pytest.fixture
def session_isolation():
    """``session_isolation(level)`` sets it for this connection."""

    def change(level):
        with connection.cursor() as cursor:
            cursor.execute(f"SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL {level}")

    yield change
    connection.close()


@on_server
@committed
def test_the_check_refuses_repeatable_read(session_isolation):
    """A read after waiting for a lock would still see the rows from before the wait."""
    session_isolation("REPEATABLE READ")
    (error,) = check_isolation(databases=["default"])

    assert error.id == "movr.E001"
    assert error.is_serious()
    assert "repeatable read" in error.msg
    assert "ALTER ROLE" in error.hint


@on_server
@committed
@pytest.mark.parametrize("level", ["READ COMMITTED", "SERIALIZABLE"])
def test_the_check_accepts_on_each_engine_what_its_rules_hold_at(session_isolation, level):
    session_isolation(level)
    is_accepted = level.lower() in ISOLATION_LEVELS[connection.vendor]
    assert (check_isolation(databases=["default"]) == []) == is_accepted


def test_the_check_asks_no_database_unless_told_to():
    assert check_isolation(databases=None) == []


def test_the_check_runs_with_the_database_checks():
    assert check_isolation in registry.get_checks()
    assert Tags.database in check_isolation.tags


# --- Idle connections ---------------------------------------------------------------------------------


def test_it_looks_at_the_start_of_each_request():
    assert drop_dead_connections in [receiver() for _key, receiver, *_rest in request_started.receivers]


@on_postgresql
@committed
@pytest.mark.urls(__name__)
@pytest.mark.parametrize("method", ["get", "post"])
def test_the_next_request_after_an_idle_connection_was_closed_works(client, method):
    before = server_process()
    cut_connection()

    response = getattr(client, method)("/people/")

    assert (response.status_code, response.content) == (200, b"0")
    assert server_process() != before


@on_server
@committed
@pytest.mark.urls(__name__)
def test_a_live_connection_is_kept_without_a_query(client):
    with connection.cursor():
        before = connection.connection
    with CaptureQueriesContext(connection) as captured:
        client.get("/people/")

    assert connection.connection is before
    assert len(captured) == 1


@on_server
@committed
def test_a_connection_closed_by_us_is_reopened():
    connection.ensure_connection()
    connection.connection.close()

    drop_dead_connections()

    assert User.objects.count() == 0


@on_postgresql
@committed
def test_a_connection_inside_a_transaction_is_left_to_its_owner():
    """A new connection would continue without what the transaction has done so far."""

    @transaction.atomic
    def lose_it_half_way():
        User.objects.count()
        cut_connection()
        drop_dead_connections()
        User.objects.count()

    with pytest.raises(OperationalError):
        lose_it_half_way()


@on_sqlite
@committed
def test_sqlite_has_nothing_to_drop():
    connection.ensure_connection()
    before = connection.connection

    drop_dead_connections()

    assert connection.connection is before


@on_postgresql
@pytest.mark.django_db
def test_nobody_waits_for_a_lock_beyond_the_deadline_of_a_transaction():
    with connection.cursor() as cursor:
        cursor.execute("SELECT setting::int FROM pg_settings WHERE name = 'lock_timeout'")
        (milliseconds,) = cursor.fetchone()
    assert 0 < milliseconds < settings.TRANSACTION_DEADLINE_SECONDS * 1000
