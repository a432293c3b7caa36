"""Prints the address of a stand-in for CockroachDB on a PostgreSQL, or says why there is none.

    script/cockroach_stand_in.py postgres://…/movr

The `django_cockroachdb` engine connects to a PostgreSQL that calls itself CockroachDB and has `unique_rowid()`.
Both are functions in a schema that only the printed address looks into; it stands in the database that tests
make theirs from, and in "postgres", through which they ask for it. Nothing else on the server is changed.

What passes there shows that the engine's own code and SQL work with our models, and nothing about CockroachDB.
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
    """What the schema is called, and the database that is copied for tests. Each role has its own."""
    with closing(connect(url, MAINTENANCE)) as maintenance:
        return "movr_stand_in_" + re.sub(r"[^a-z0-9]", "_", maintenance.info.user.lower())


def make_stand_in(url: str, name: str) -> None:
    with closing(connect(url, MAINTENANCE)) as maintenance, maintenance.cursor() as cursor:
        # Two runs at once take turns; closing the connection lets go.
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
    """The same server through the other engine. What the address says already is kept."""
    address, _, given = url.partition("?")
    query = {key: values[-1] for key, values in parse_qs(given).items()}
    # Tables are made in the first schema, and what PostgreSQL itself calls version() is found last.
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
