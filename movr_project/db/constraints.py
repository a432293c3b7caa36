"""``ForeignKeyConstraint``: a composite FOREIGN KEY in the table's definition."""

from collections.abc import Sequence
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.models import BaseConstraint


class ForeignKeyConstraint(BaseConstraint):
    """``FOREIGN KEY (columns) REFERENCES to_table (to_columns)``, enforced by all three engines.

    It refers to tables and columns by name, never to models: SQLite rebuilds a table in an empty app registry,
    where a model could not be found. Django sees no dependency here, so a migration that adds one must name the
    other table's migration by hand.

    SQLite checks it at COMMIT, since Django's test runner empties tables in any order. The servers check it at
    each statement, the only way that CockroachDB supports.
    """

    def __init__(
        self,
        *,
        name: str,
        columns: Sequence[str],
        to_table: str,
        to_columns: Sequence[str],
        on_update: str = "",
        on_delete: str = "",
    ):
        if len(columns) != len(to_columns):
            raise ValueError("A foreign key has as many columns as it refers to.")
        super().__init__(name=name)
        self.columns = tuple(columns)
        self.to_table = to_table
        self.to_columns = tuple(to_columns)
        self.on_update = on_update
        self.on_delete = on_delete

    def constraint_sql(self, model: Any, schema_editor: Any) -> str:
        quote = schema_editor.quote_name
        parts = [
            f"CONSTRAINT {quote(self.name)} FOREIGN KEY ({', '.join(map(quote, self.columns))})",
            f"REFERENCES {quote(self.to_table)} ({', '.join(map(quote, self.to_columns))})",
        ]
        if self.on_update:
            parts.append(f"ON UPDATE {self.on_update}")
        if self.on_delete:
            parts.append(f"ON DELETE {self.on_delete}")
        if schema_editor.connection.vendor == "sqlite":
            parts.append("DEFERRABLE INITIALLY DEFERRED")
        return " ".join(parts)

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        if schema_editor.connection.vendor == "sqlite":
            return None  # SQLite can't add it to a table: Django rebuilds the table instead.
        table = schema_editor.quote_name(model._meta.db_table)
        return f"ALTER TABLE {table} ADD {self.constraint_sql(model, schema_editor)}"

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        if schema_editor.connection.vendor == "sqlite":
            return None
        table = schema_editor.quote_name(model._meta.db_table)
        return f"ALTER TABLE {table} DROP CONSTRAINT {schema_editor.quote_name(self.name)}"

    def validate(self, model: Any, instance: Any, exclude: Any = None, using: str = DEFAULT_DB_ALIAS) -> None:
        """Do nothing: the database checks it when the row is written."""

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        kwargs |= {"columns": self.columns, "to_table": self.to_table, "to_columns": self.to_columns}
        if self.on_update:
            kwargs["on_update"] = self.on_update
        if self.on_delete:
            kwargs["on_delete"] = self.on_delete
        return path, args, kwargs

    def __eq__(self, other: object) -> bool:
        if isinstance(other, ForeignKeyConstraint):
            return self.deconstruct() == other.deconstruct()
        return NotImplemented

    __hash__ = BaseConstraint.__hash__

    def __repr__(self) -> str:
        return f"<ForeignKeyConstraint {self.name}: {self.columns} -> {self.to_table}{self.to_columns}>"
