"""Migrate the development database and, if it has no vehicles, add the demo data.

Both in one process, because starting Django twice would delay every `script/server`.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "movr_project.settings")

DEFAULT_DATABASE = ROOT / "db.sqlite3"
# Applied in every database from before the initial migrations were rewritten.
REPLACED_MIGRATIONS = {("accounts", "0002_account_life"), ("fleet", "0002_calendar"), ("rides", "0002_staff_roles")}


def main() -> None:
    import django
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    django.setup()
    executor = MigrationExecutor(connection)
    if REPLACED_MIGRATIONS & executor.loader.applied_migrations.keys():
        connection.close()
        remove_default_database()
        executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False)
    call_command("seed_demo", if_empty=True)


def remove_default_database() -> None:
    """Remove db.sqlite3, which can't be migrated. Exit if DATABASE_URL is set, as that database may be needed."""
    if os.environ.get("DATABASE_URL"):
        sys.exit(
            "The database in DATABASE_URL was created before MovR's initial migrations were rewritten, "
            "so it can't be migrated.\nName an empty database, or drop this one and create it again."
        )
    print(
        "db.sqlite3 was created before MovR's initial migrations were rewritten, so it can't be migrated.\n"
        "Replacing it with a new one that has demo data."
    )
    for suffix in ("", "-wal", "-shm"):
        DEFAULT_DATABASE.with_name(DEFAULT_DATABASE.name + suffix).unlink(missing_ok=True)


if __name__ == "__main__":
    main()
