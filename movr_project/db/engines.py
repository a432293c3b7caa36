"""Settings and connection options that MovR needs on each database engine."""

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
    "tcp_user_timeout": 10_000,  # milliseconds; keepalives don't cover data sent but not acknowledged
}
# A longer wait for a lock results in the busy page, within the deadline of all attempts.
LOCK_TIMEOUT = "-c lock_timeout=8s"

# Isolation levels at which every rule holds, by the connection's vendor. The first is the default.
# Not REPEATABLE READ: a read after waiting for a lock would still see the rows from before the wait.
ISOLATION_LEVELS = {
    "postgresql": ("read committed", "serializable"),
    "cockroachdb": ("serializable",),
}
SQLITE = "django.db.backends.sqlite3"
VENDORS = {"django.db.backends.postgresql": "postgresql", "django_cockroachdb": "cockroachdb"}


def database_settings(
    url: str, *, conn_max_age: int = 600, isolation: str = "", send_isolation: bool = True
) -> dict[str, Any]:
    """Return Django's ``DATABASES`` entry for a DATABASE_URL (sqlite, postgres or cockroachdb).

    Options in the URL are kept; ``test_template`` names the database that the server copies to create the test
    database. ``conn_max_age`` is in seconds. ``isolation`` is one of the engine's ``ISOLATION_LEVELS``, by default
    the first; SQLite ignores it, as it has one writer at a time. Pass ``send_isolation=False`` for a connection
    pooler that rejects start-up options: the server's or the role's default then applies, which a system check
    verifies.
    """
    config: dict[str, Any] = dict(environ.Env.db_url_config(url))
    if config.get("ENGINE") not in (SQLITE, *VENDORS):
        raise ImproperlyConfigured("DATABASE_URL begins with sqlite:///, postgres:// or cockroachdb://.")
    options = dict(config.get("OPTIONS", {}))
    # On SQLite too: closing the last connection copies the whole write-ahead log into the database.
    config["CONN_MAX_AGE"] = conn_max_age
    # Django's health check costs a round trip (SELECT 1) per request. `drop_dead_connections` costs none.
    config["CONN_HEALTH_CHECKS"] = False
    if config["ENGINE"] == SQLITE:
        # IMMEDIATE takes the write lock at BEGIN. A deferred transaction that reads before it writes
        # fails at once if another one wrote in between, whatever the timeout.
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL",
        } | options
        # Threads that share an in-memory database fail on each other's locks without waiting.
        config["TEST"] = {"NAME": f"{config['NAME']}.test"}
        return config
    if "test_template" in options:
        config["TEST"] = {"TEMPLATE": options.pop("test_template")}
    level = _isolation_level(VENDORS[config["ENGINE"]], isolation)
    if send_isolation:
        options["options"] = f"{options.get('options', '')} {_session_options(level)}".strip()
    config["OPTIONS"] = SERVER_OPTIONS | options
    return config


def _isolation_level(vendor: str, wanted: str) -> str:
    levels = ISOLATION_LEVELS[vendor]
    level = wanted.strip().lower() or levels[0]
    if level not in levels:
        raise ImproperlyConfigured(f"DATABASE_ISOLATION={wanted!r}: on {vendor} MovR runs at {' or '.join(levels)}.")
    return level


def _session_options(level: str) -> str:
    escaped = level.replace(" ", r"\ ")
    return f"-c default_transaction_isolation={escaped} {LOCK_TIMEOUT}"


def drop_dead_connections(**kwargs: Any) -> None:
    """Close idle connections that the server has closed. A receiver of ``request_started``.

    An idle connection has nothing to read: if its socket is readable, the server has ended it.
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
    """Check that the server's isolation level is one at which every rule holds (tag ``database``)."""
    errors: list[checks.CheckMessage] = []
    for alias in databases or []:
        connection = connections[alias]
        if connection.vendor == "sqlite":
            continue
        with connection.cursor() as cursor:
            cursor.execute("SHOW transaction_isolation")
            (isolation,) = cursor.fetchone()
        levels = ISOLATION_LEVELS[connection.vendor]
        if isolation not in levels:
            errors.append(
                checks.Error(
                    f"The database {alias!r} runs transactions as {isolation!r}; MovR needs {' or '.join(levels)}.",
                    hint="Let MovR send it (DATABASE_SEND_ISOLATION=on), or behind a pooler: "
                    f"ALTER ROLE … SET default_transaction_isolation = '{levels[0]}'.",
                    id="movr.E001",
                )
            )
    return errors
