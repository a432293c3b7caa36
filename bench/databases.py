"""Temporary databases for benchmarks."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg2

SQLITE, LIBPQ_DEFAULTS = "sqlite", "postgres:///postgres"


def postgres_server() -> str:
    """Return the server on which tests create databases: TEST_POSTGRES_URL, or libpq's defaults."""
    return os.environ.get("TEST_POSTGRES_URL") or LIBPQ_DEFAULTS


@contextmanager
def own_database(server: str, folder: Path) -> Iterator[str]:
    """Yield the URL of a new database: a file in the folder for ``sqlite``, else one on the given PostgreSQL server."""
    if server.startswith(SQLITE):
        yield f"sqlite:///{folder / 'bench.sqlite3'}"
        return
    name = f"movr_bench_{uuid4().hex[:12]}"
    _maintain(server, f"CREATE DATABASE {name}")
    try:
        yield _named(server, name)
    finally:
        _maintain(server, f"DROP DATABASE {name} WITH (FORCE)")


def _maintain(server: str, statement: str) -> None:
    try:
        maintenance = psycopg2.connect(_named(server, "postgres"), connect_timeout=5)
    except psycopg2.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise SystemExit(f"No PostgreSQL lets us in: {reason}\nName one with --database postgres://…") from error
    maintenance.autocommit = True
    with maintenance.cursor() as cursor:
        cursor.execute(statement)
    maintenance.close()


def _named(url: str, database: str) -> str:
    return urlsplit(url)._replace(scheme="postgres", path=f"/{database}").geturl()
