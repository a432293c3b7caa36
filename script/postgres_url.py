"""Print the URL of a PostgreSQL server on which tests can create databases, or why there is none.

Uses TEST_POSTGRES_URL, or libpq's defaults (PGHOST, PGUSER, … or the local socket and the current user).
"""

import os
import sys

import psycopg2

LIBPQ_DEFAULTS = "postgres:///movr"


def reason_against(url):
    # The database in the URL doesn't have to exist: each test run creates its own.
    try:
        connection = psycopg2.connect(url, dbname="postgres", connect_timeout=5)
    except psycopg2.Error as error:
        return f"no server lets us in: {str(error).strip().splitlines()[0]}"
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT rolname, rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
        name, may_create = cursor.fetchone()
    connection.close()
    return None if may_create else f"role {name} may not create databases"


def main():
    url = os.environ.get("TEST_POSTGRES_URL", "")
    reason = reason_against(url)
    if reason:
        print(reason, file=sys.stderr)
        sys.exit(1)
    print(url or LIBPQ_DEFAULTS)


if __name__ == "__main__":
    main()
