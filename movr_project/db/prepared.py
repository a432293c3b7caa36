"""Querysets whose SQL is compiled once per shape.

Django builds and compiles a query each time, which takes longer than running it if there are subqueries.
"""

import re
import uuid
from collections.abc import Callable, Hashable, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models.query import ModelIterable
from django.db.models.sql import Query, UpdateQuery
from django.db.models.sql.compiler import SQLCompiler
from django.db.transaction import TransactionManagementError, mark_for_rollback_on_error

MAX_SHAPES = 500
SQLITE_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


@dataclass(frozen=True)
class Slot:
    name: str


@dataclass(frozen=True)
class Statement:
    sql: str
    params: list[Any]  # a ``Slot`` for each value to fill in
    compiler: SQLCompiler  # knows which columns belong to which model

    def rows(self, values: Mapping[str, Any], using: str) -> list[tuple]:
        with connections[using].cursor() as cursor:
            cursor.execute(self.sql, self._filled(values, using))
            return cursor.fetchall()

    def objects(self, values: Mapping[str, Any], using: str) -> list[Any]:
        connection = connections[using]
        if self.compiler.query.select_for_update and not connection.in_atomic_block:
            raise TransactionManagementError("A row can be locked in a transaction only.")  # as compiling it does
        compiler = copy(self.compiler)
        compiler.connection = connection  # the compiled one's may belong to another thread
        params = self._filled(values, using)
        # Django's types know neither that methods can be replaced nor what a queryset can be replaced with.
        compiler.as_sql = lambda *args: (self.sql, params)  # type: ignore[method-assign]
        compiler.get_converters = lambda *args: self.converters  # type: ignore[method-assign]
        return list(ModelIterable(_Compiled(using, compiler)))  # type: ignore[arg-type]

    @cached_property
    def converters(self) -> Any:
        """Return what converts the columns that need it, by number. Working it out takes a third of a small query."""
        return self.compiler.get_converters([column for column, *_more in self.compiler.select or ()])

    def run(self, values: Mapping[str, Any], using: str) -> int:
        with mark_for_rollback_on_error(using=using), connections[using].cursor() as cursor:
            cursor.execute(self.sql, self._filled(values, using))
            return cursor.rowcount

    def _filled(self, values: Mapping[str, Any], using: str) -> list[Any]:
        adapted = {name: _adapt(value, connections[using]) for name, value in values.items()}
        return [adapted[param.name] if isinstance(param, Slot) else param for param in self.params]


@dataclass(frozen=True)
class _Compiled:
    """Stand in for a queryset and its query, so that Django's own ``ModelIterable`` makes instances of the rows."""

    db: str
    compiler: SQLCompiler
    _known_related_objects: ClassVar[dict] = {}

    @property
    def query(self) -> "_Compiled":
        return self

    def get_compiler(self, using: str) -> SQLCompiler:
        return self.compiler


class Prepared:
    """A queryset that is run many times with different values.

    ``build`` is called with placeholders for the values, and returns a queryset: of model instances for ``objects``, or
    of values that need no conversion (numbers and strings) for ``rows``. It may depend on the ``shape``, but not on a
    value. The names and types of the values are part of the shape.
    """

    def __init__(self, build: Callable[..., Any]) -> None:
        self.build = build
        self._statements: dict[tuple[str, Hashable], Statement] = {}

    def rows(self, shape: Hashable, values: Mapping[str, Any], using: str = DEFAULT_DB_ALIAS) -> list[tuple]:
        """Return the rows as tuples."""
        return self._statement(shape, values, using).rows(values, using)

    def objects(self, shape: Hashable, values: Mapping[str, Any], using: str = DEFAULT_DB_ALIAS) -> list[Any]:
        """Return the rows as model instances, with annotations and ``select_related``, but without prefetches."""
        return self._statement(shape, values, using).objects(values, using)

    def _statement(self, shape: Hashable, values: Mapping[str, Any], using: str) -> Statement:
        key = (using, shape)
        statement = self._statements.get(key)
        if statement is None:
            if len(self._statements) >= MAX_SHAPES:
                self._statements.clear()
            statement = self._statements[key] = self._compile(shape, values, using)
        return statement

    def _query(self, shape: Hashable, stand_ins: Mapping[str, Any]) -> Query:
        return self.build(shape, **stand_ins).query

    def _compile(self, shape: Hashable, values: Mapping[str, Any], using: str) -> Statement:
        connection = connections[using]
        stand_ins = {name: _stand_in(number, value) for number, (name, value) in enumerate(values.items())}
        compiler = self._query(shape, stand_ins).get_compiler(using=using)
        sql, params = compiler.as_sql()
        slots = {(type(adapted), adapted): Slot(name) for name, adapted in _all_adapted(stand_ins, connection)}
        filled = [slots.get((type(param), param), param) for param in params]
        missing = set(values) - {param.name for param in filled if isinstance(param, Slot)}
        if missing:
            raise ValueError(f"The statement does not use {', '.join(sorted(missing))}.")
        if any(map(_is_time, filled)):
            raise ValueError("The statement contains a time that would never change.")
        return Statement(sql, filled, compiler)


class PreparedUpdate(Prepared):
    """An UPDATE. ``build`` returns the queryset of the rows, and what ``QuerySet.update`` is called with."""

    def run(self, shape: Hashable, values: Mapping[str, Any], using: str = DEFAULT_DB_ALIAS) -> int:
        """Return the number of rows that matched."""
        return self._statement(shape, values, using).run(values, using)

    def _query(self, shape: Hashable, stand_ins: Mapping[str, Any]) -> Query:
        rows, changes = self.build(shape, **stand_ins)
        query = rows.query.chain(UpdateQuery)
        query.add_update_values(changes)
        return query


def with_hyphens(id_: uuid.UUID | str) -> str:
    """Return the text of a UUID from ``rows``. SQLite's has no hyphens; making a UUID takes five times as long."""
    text = str(id_)
    return text if "-" in text else f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _all_adapted(values: Mapping[str, Any], connection: Any) -> list[tuple[str, Any]]:
    return [(name, _adapt(value, connection)) for name, value in values.items()]


def _is_time(param: Any) -> bool:
    return isinstance(param, datetime) or (isinstance(param, str) and bool(SQLITE_TIME.match(param)))


def _stand_in(number: int, like: Any) -> Any:
    """Return a placeholder of the same type that occurs nowhere else in the statement."""
    if isinstance(like, datetime):
        return datetime(1901, 1, 1, tzinfo=UTC) + timedelta(days=number, microseconds=314_159)
    if isinstance(like, float):
        return 31_415_926.5 + number
    if isinstance(like, uuid.UUID):
        return uuid.UUID(int=(0x31415926 << 96) + number)
    return f"stand-in {number}"


def _adapt(value: Any, connection: Any) -> Any:
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    if isinstance(value, uuid.UUID) and not connection.features.has_native_uuid_field:
        return value.hex
    return value
