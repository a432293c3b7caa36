"""Apply migrations, including ones that exist only in a test."""

from django.db import connections, migrations
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ProjectState


def migrate_forward(alias: str) -> None:
    executor = MigrationExecutor(connections[alias])
    executor.migrate(executor.loader.graph.leaf_nodes())


def migrate_to_nothing(alias: str) -> None:
    executor = MigrationExecutor(connections[alias])
    executor.migrate([(app, None) for app in sorted(executor.loader.migrated_apps)])


class LaterMigration:
    """A possible next migration, to apply and to reverse."""

    def __init__(self, alias: str, app: str, *operations: migrations.operations.base.Operation):
        self.connection = connections[alias]
        self.migration = migrations.Migration("9999_later", app)
        self.migration.operations = list(operations)

    def apply(self) -> None:
        with self.connection.schema_editor(atomic=True) as editor:
            self.migration.apply(self._state(), editor)

    def take_back(self) -> None:
        with self.connection.schema_editor(atomic=True) as editor:
            self.migration.unapply(self._state(), editor)

    def _state(self) -> ProjectState:
        return MigrationExecutor(self.connection).loader.project_state()
