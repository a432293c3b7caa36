"""Brings the development database up to date and, while it has no vehicles, fills it.

One process for both: starting Django twice is what one would wait for before each `script/server`.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "movr_project.settings")


def main():
    import django
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    django.setup()
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False)
    call_command("seed_demo", if_empty=True)


if __name__ == "__main__":
    main()
