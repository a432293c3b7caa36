"""What each database engine needs in its settings, and in its connections, for MovR to be correct."""

import select
from typing import Any

import environ
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

SERVER_OPTIONS = {
    "connect_timeout": 5,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,  # milliseconds; keepalives don't cover what was sent and never acknowledged
}
# A lock that somebody holds for longer ends in the busy page, within the deadline of all attempts.
SESSION_OPTIONS = "-c default_transaction_isolation=serializable -c lock_timeout=8s"


def database_settings(url: str, *, conn_max_age: int = 600, send_isolation: bool = True) -> dict[str, Any]:
    """Django's ``DATABASES`` entry for a DATABASE_URL (sqlite, postgres or cockroachdb).

    Options already in the URL are kept; ``test_template`` among them names the database that a server copies
    to make the one for tests. ``conn_max_age`` is in seconds. ``send_isolation=False`` is for
    a connection pooler that refuses start-up options; the role then needs
    ``ALTER ROLE … SET default_transaction_isolation = serializable``, which a system check verifies.
    """
    config: dict[str, Any] = dict(environ.Env.db_url_config(url))
    if "ENGINE" not in config:
        raise ImproperlyConfigured("DATABASE_URL begins with sqlite:///, postgres:// or cockroachdb://.")
    options = dict(config.get("OPTIONS", {}))
    if config["ENGINE"] == "django.db.backends.sqlite3":
        # IMMEDIATE takes the write lock at BEGIN: a deferred transaction that reads first and writes
        # later fails at once when somebody else wrote in between, whatever the timeout.
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL",
        } | options
        # On a database in memory, threads fail on each other's locks without waiting.
        config["TEST"] = {"NAME": f"{config['NAME']}.test"}
        return config
    if "test_template" in options:
        config["TEST"] = {"TEMPLATE": options.pop("test_template")}
    if send_isolation:
        options["options"] = f"{options.get('options', '')} {SESSION_OPTIONS}".strip()
    config["OPTIONS"] = SERVER_OPTIONS | options
    config["CONN_MAX_AGE"] = conn_max_age
    # Django's health check is a SELECT 1, a round trip, at each request. `drop_dead_connections` is free.
    config["CONN_HEALTH_CHECKS"] = False
    return config


def drop_dead_connections(**kwargs: Any) -> None:
    """Receiver of ``request_started``: let go of idle connections that the server has closed.

    An idle connection has nothing to read; if its socket is readable, the server said good-bye.
    """
    for connection in connections.all(initialized_only=True):
        if connection.vendor == "sqlite" or connection.connection is None or connection.in_atomic_block:
            continue
        if connection.connection.closed or _is_readable(connection.connection.fileno()):
            connection.close()


def _is_readable(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


def check_isolation(databases: list[str] | None = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """System check (tag ``database``): every server transaction must be serializable.

    One that is not would not be seen by the others' conflict detection either.
    """
    errors: list[checks.CheckMessage] = []
    for alias in databases or []:
        connection = connections[alias]
        if connection.vendor == "sqlite":
            continue
        with connection.cursor() as cursor:
            cursor.execute("SHOW transaction_isolation")
            (isolation,) = cursor.fetchone()
        if isolation != "serializable":
            errors.append(
                checks.Error(
                    f"The database {alias!r} runs transactions as {isolation!r}; MovR needs 'serializable'.",
                    hint="Let MovR send it (DATABASE_SEND_ISOLATION=on), or behind a pooler: "
                    "ALTER ROLE … SET default_transaction_isolation = serializable.",
                    id="movr.E001",
                )
            )
    return errors
