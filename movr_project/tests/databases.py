"""Manipulate database servers in ways that pages never do."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest
from django.db import connection, connections

on_server = pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no server")
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="about SQLite's locks and files")
# The schema of CockroachDB's engine on PostgreSQL (`script/cockroach_stand_in.py`).
stand_in = connection.settings_dict.get("TEST", {}).get("TEMPLATE")
# CockroachDB ends sessions and resolves deadlocks differently. The stand-in behaves like PostgreSQL.
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql" and not stand_in, reason="about PostgreSQL alone")


def not_on_stand_in(reason: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(bool(stand_in), reason=f"the stand-in is no CockroachDB: {reason}")


def isolation() -> str:
    """Return the isolation level of this test run."""
    if connection.vendor == "sqlite":
        return "serializable"
    with connection.cursor() as cursor:
        cursor.execute("SHOW default_transaction_isolation")
        return cursor.fetchone()[0]


def run_serializable() -> None:
    """Make the open transaction serializable, as on CockroachDB. SQLite's always are."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")


def server_error(sqlstate: str) -> None:
    """Make the server raise an error with this SQLSTATE."""
    with connection.cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'made by a test' USING ERRCODE = '{sqlstate}'; END $$")


def conflict() -> None:
    """Raise the engine's conflict error. On SQLite this needs an open transaction."""
    if connection.vendor != "sqlite":
        server_error("40001")
    with other_sqlite_connection() as other, connection.wrap_database_errors:
        other.execute("BEGIN IMMEDIATE")  # this connection holds the lock, and the other one doesn't wait


@contextmanager
def other_sqlite_connection() -> Iterator[sqlite3.Connection]:
    other = sqlite3.connect(connection.settings_dict["NAME"], timeout=0, isolation_level=None, check_same_thread=False)
    try:
        yield other
    finally:
        other.close()


def server_process() -> int:
    """Return the process id of the server's end of the connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def cut_connection() -> None:
    """Terminate the server's end of the connection, as an administrator or a failover does."""
    process = connection.connection.info.backend_pid
    params = connection.get_connection_params()
    params.pop("cursor_factory", None)
    other = psycopg2.connect(**params)
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [process])  # waits until it has ended
            assert cursor.fetchone()[0]
    finally:
        other.close()


@contextmanager
def empty_database(folder: Path, name: str) -> Iterator[dict]:
    """Yield the settings of an empty database, which is dropped afterwards.

    On a server it is a schema of the test database, as creating and dropping databases takes seconds.
    """
    settings = {**connection.settings_dict, "TEST": dict(connection.settings_dict["TEST"])}
    if connection.vendor == "sqlite":
        settings["NAME"] = str(folder / f"{name}.sqlite3")
        yield settings
        return
    # With a single user there is nothing to serialize, and PostgreSQL's detection has false positives under load.
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
    """Make another database available under an alias, during the block."""
    connections.databases[alias] = settings
    yield alias
    connections[alias].close()
    del connections[alias], connections.databases[alias]


def forget_connection(alias: str) -> None:
    """Roll back, as if the process had died."""
    connections[alias].connection.close()
    del connections[alias]
