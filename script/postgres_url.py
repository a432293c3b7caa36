"""Prints the address of a PostgreSQL on which tests may make databases, or says why there is none.

TEST_POSTGRES_URL names it; without that, libpq's own defaults (PGHOST, PGUSER, … or the local
socket and one's own name) are tried.
"""

import os
import sys

import psycopg2

LIBPQ_DEFAULTS = "postgres:///movr"


def reason_against(url):
    # The database that the address names need not exist: each test run makes one of its own beside it.
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
