"""Print the URL of a stand-in for CockroachDB on a PostgreSQL server, or why there is none.

    script/cockroach_stand_in.py postgres://…/movr

The `django_cockroachdb` backend connects to a PostgreSQL server that claims to be CockroachDB and has
`unique_rowid()`. Both are functions in a schema that is only on the printed URL's search path. The schema is created in
the template for test databases, and in "postgres", through which they are created. Nothing else on the server changes.

A passing test shows that the backend's code and SQL work with our models. It shows nothing about CockroachDB.
"""

import re
import sys
from contextlib import closing
from urllib.parse import parse_qs, quote, urlencode

import psycopg2
from psycopg2 import errors

MAINTENANCE = "postgres"
SCHEMA = """
    CREATE SCHEMA IF NOT EXISTS {name};
    CREATE OR REPLACE FUNCTION {name}.version() RETURNS text LANGUAGE sql IMMUTABLE
        AS $$ SELECT 'CockroachDB CCL v25.2.1 (a stand-in on PostgreSQL)' $$;
    CREATE SEQUENCE IF NOT EXISTS {name}.row_ids;
    CREATE OR REPLACE FUNCTION {name}.unique_rowid() RETURNS bigint LANGUAGE sql
        AS $$ SELECT nextval('{name}.row_ids') $$;
"""


def name_for(url: str) -> str:
    """Return the name of the schema and of the template database. Each role has its own."""
    with closing(connect(url, MAINTENANCE)) as maintenance:
        return "movr_stand_in_" + re.sub(r"[^a-z0-9]", "_", maintenance.info.user.lower())


def make_stand_in(url: str, name: str) -> None:
    with closing(connect(url, MAINTENANCE)) as maintenance, maintenance.cursor() as cursor:
        # Simultaneous runs take turns. Closing the connection releases the lock.
        cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
        cursor.execute(SCHEMA.format(name=name))
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if not cursor.fetchone():
            cursor.execute(f"CREATE DATABASE {name}")
        with closing(connect(url, name)) as template, template.cursor() as inside:
            inside.execute(SCHEMA.format(name=name))


def connect(url: str, database: str):
    connection = psycopg2.connect(url, dbname=database, connect_timeout=5, options="-c client_min_messages=warning")
    connection.autocommit = True
    return connection


def stand_in_url(url: str, name: str) -> str:
    """Return the URL of the same server with the other backend, keeping existing parameters."""
    address, _, given = url.partition("?")
    query = {key: values[-1] for key, values in parse_qs(given).items()}
    # Tables are created in the first schema. PostgreSQL's own version() comes last.
    query["options"] = f"{query.get('options', '')} -c search_path=public,{name},pg_catalog".strip()
    query["test_template"] = name
    _, rest = address.split("://", 1)
    return f"cockroachdb://{rest}?{urlencode(query, quote_via=quote)}"


def main() -> None:
    (url,) = sys.argv[1:]
    try:
        name = name_for(url)
        make_stand_in(url, name)
    except psycopg2.Error as error:
        reason = str(error).strip().splitlines()[0]
        if isinstance(error, errors.InsufficientPrivilege):
            reason += f" (a superuser may GRANT CREATE ON DATABASE {MAINTENANCE})"
        print(reason, file=sys.stderr)
        sys.exit(1)
    print(stand_in_url(url, name))


if __name__ == "__main__":
    main()
