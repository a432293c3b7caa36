"""What tests do to a database server that no page ever would."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest
from django.db import connection, connections

on_server = pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no server")
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="about SQLite's locks and files")
# Where CockroachDB's engine runs on a PostgreSQL (`script/cockroach_stand_in.py`): the schema by which it does.
stand_in = connection.settings_dict.get("TEST", {}).get("TEMPLATE")
# CockroachDB ends sessions and breaks deadlocks in ways of its own. The stand-in does as PostgreSQL does.
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql" and not stand_in, reason="about PostgreSQL alone")


def not_on_stand_in(reason: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(bool(stand_in), reason=f"the stand-in is no CockroachDB: {reason}")


def server_error(sqlstate: str) -> None:
    """Have the server raise an error of this SQLSTATE."""
    with connection.cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'made by a test' USING ERRCODE = '{sqlstate}'; END $$")


def conflict() -> None:
    """Raise a conflict as this engine does. On SQLite it needs an open transaction."""
    if connection.vendor != "sqlite":
        server_error("40001")
    with other_sqlite_connection() as other, connection.wrap_database_errors:
        other.execute("BEGIN IMMEDIATE")  # we hold the lock, and it does not wait


@contextmanager
def other_sqlite_connection() -> Iterator[sqlite3.Connection]:
    other = sqlite3.connect(connection.settings_dict["NAME"], timeout=0, isolation_level=None, check_same_thread=False)
    try:
        yield other
    finally:
        other.close()


def server_process() -> int:
    """The process id of the server's end of our connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def cut_connection() -> None:
    """End the server's side of our connection, as an administrator or a failover does."""
    process = connection.connection.info.backend_pid
    params = connection.get_connection_params()
    params.pop("cursor_factory", None)
    other = psycopg2.connect(**params)
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [process])  # waits until it is gone
            assert cursor.fetchone()[0]
    finally:
        other.close()


@contextmanager
def empty_database(folder: Path, name: str) -> Iterator[dict]:
    """The settings of a database without tables; it goes away again.

    On a server it is a schema of the test database: to make and drop whole databases takes seconds there.
    """
    settings = {**connection.settings_dict, "TEST": dict(connection.settings_dict["TEST"])}
    if connection.vendor == "sqlite":
        settings["NAME"] = str(folder / f"{name}.sqlite3")
        yield settings
        return
    # It has one user: nothing to serialize, and on a busy server PostgreSQL's detection has false alarms.
    path = f"{name},{stand_in},pg_catalog" if stand_in else name
    options = rf"-c search_path={path} -c default_transaction_isolation=read\ committed"
    settings["OPTIONS"] = {**settings["OPTIONS"], "options": options}
    with connected(settings, name) as alias, connections[alias].cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")
        cursor.execute(f"CREATE SCHEMA {name}")
    yield settings
    with connected(settings, name) as alias, connections[alias].cursor() as cursor:
        cursor.execute(f"DROP SCHEMA {name} CASCADE")


@contextmanager
def connected(settings: dict, alias: str) -> Iterator[str]:
    """Reach another database under an alias, for the length of the block."""
    connections.databases[alias] = settings
    yield alias
    connections[alias].close()
    del connections[alias], connections.databases[alias]


def forget_connection(alias: str) -> None:
    """As when the process that had it died: what was not committed is rolled back."""
    connections[alias].connection.close()
    del connections[alias]
