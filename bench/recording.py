"""The statements of a request, each with the cities that it names."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from django.apps import apps
from django.db import connection
from django.db.models import UniqueConstraint

from cities.placement.places import all_tables, is_partitioned
from cities.registry import registry
from movr_project.tests.locality import CITY, Exemption, Name, Word, complaints_about, flatten, tokenise

WRITES = {"INSERT", "UPDATE", "DELETE"}


class Unexplained(Exception):
    """A statement that names no city, and no exception that allows it."""


@dataclass(frozen=True)
class Exempt:
    """An exception by name from the rule that every statement names the city."""

    name: str
    why: str
    covers: Callable[[str], bool] = field(compare=False)
    finds_one: bool = False  # so the search ends where the row is found, the nearest region first

    @classmethod
    def by_rule(cls, name: str, exemption: Exemption, *, finds_one: bool = False) -> Self:
        """As the tests' guard allows it."""
        return cls(name, exemption.why, lambda sql: not complaints_about(sql, (exemption,)), finds_one)


@dataclass(frozen=True)
class Step:
    """One round trip: a statement, or the beginning or end of a transaction."""

    verb: str
    tables: tuple[str, ...] = ()
    cities: frozenset[str] = frozenset()
    exempt: Exempt | None = None

    @property
    def writes(self) -> bool:
        return self.verb in WRITES


UNIQUE = Exempt(
    "unique in all cities",
    "A key without a city (a person's id, name and e-mail address): to add a row, all regions are asked for each.",
    lambda sql: False,
)
BEGIN, COMMIT, ROLLBACK = Step("BEGIN"), Step("COMMIT"), Step("ROLLBACK")


@contextmanager
def recorded(*exceptions: Exempt) -> Iterator[list[Step]]:
    """The round trips of the block, as a server would see them, on whichever engine it runs.

    BEGIN and COMMIT are calls of the driver, which no wrapper around ``execute()`` sees; they are counted
    where there is something between them. The tests compare the count with the wire.
    """
    steps: list[Step] = []
    in_transaction = False
    commit, rollback = connection._commit, connection._rollback

    def record(execute, sql, params, many, context):
        nonlocal in_transaction
        if sql.startswith("BEGIN"):  # SQLite's, which Django sends as a statement
            return execute(sql, params, many, context)
        if connection.in_atomic_block and not in_transaction:
            in_transaction = True
            steps.append(BEGIN)
        steps.append(step(sql, params, exceptions))
        return execute(sql, params, many, context)

    def ended(by, as_step):
        def end():
            nonlocal in_transaction
            if in_transaction:
                steps.append(as_step)
            in_transaction = False
            return by()

        return end

    connection._commit, connection._rollback = ended(commit, COMMIT), ended(rollback, ROLLBACK)
    try:
        with connection.execute_wrapper(record):
            yield steps
    finally:
        del connection._commit, connection._rollback


def step(sql: str, params: Any, exceptions: Sequence[Exempt]) -> Step:
    """Read a statement. Raises ``Unexplained`` for one that names no city and may not."""
    tokens = tokenise(sql)
    known = set(all_tables())
    tables = dict.fromkeys(str(token) for token in flatten(tokens) if isinstance(token, Name) and token in known)
    verb = str(tokens[0]) if isinstance(tokens[0], Word) else str(tokens[0]).upper()
    cities = frozenset(value for value in params or () if isinstance(value, str) and value in registry)
    exception = UNIQUE if verb == "INSERT" and keys_without_city(*tables) else exempt(sql, exceptions)
    return Step(verb, tuple(tables), cities, exception)


def keys_without_city(table: str) -> list[tuple[str, ...]]:
    """The unique keys of a partitioned table that hold in all cities at once."""
    model = next((model for model in apps.get_models() if model._meta.db_table == table), None)
    if model is None or not is_partitioned(model):
        return []
    keys = [(field.name,) for field in model._meta.local_fields if field.unique and field.column]
    keys += [tuple(one.fields) for one in model._meta.constraints if isinstance(one, UniqueConstraint)]
    return [key for key in keys if CITY not in key]


def exempt(sql: str, exceptions: Sequence[Exempt]) -> Exempt | None:
    """The exception that a statement needs, or None for one that names the city of all it touches."""
    if not complaints_about(sql, ()):
        return None
    for one in exceptions:
        if one.covers(sql):
            return one
    raise Unexplained("\n".join(complaints_about(sql, ())))
