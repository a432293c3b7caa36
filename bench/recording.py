"""Record the statements of a request, with the cities that each one names."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from django.apps import apps
from django.db import connection
from django.db.models import UniqueConstraint

from cities.placement.locality import CITY, Exemption, Name, Word, complaints_about, flatten, tokenise
from cities.placement.places import all_tables, is_partitioned
from cities.registry import registry

WRITES = {"INSERT", "UPDATE", "DELETE"}


class Unexplained(Exception):
    """A statement names no city, and no exemption covers it."""


@dataclass(frozen=True)
class Exempt:
    """A named exemption from the rule that every statement names the city."""

    name: str
    why: str
    covers: Callable[[str], bool] = field(compare=False)
    finds_one: bool = False  # so the search ends in the nearest region that has the row

    @classmethod
    def by_rule(cls, name: str, exemption: Exemption, *, finds_one: bool = False) -> Self:
        """Return the exemption as the tests' guard allows it."""
        return cls(name, exemption.why, lambda sql: not complaints_about(sql, (exemption,)), finds_one)


@dataclass(frozen=True)
class Step:
    """A round trip: a statement, or the start or end of a transaction."""

    verb: str
    tables: tuple[str, ...] = ()
    cities: frozenset[str] = frozenset()
    exempt: Exempt | None = None

    @property
    def writes(self) -> bool:
        return self.verb in WRITES


UNIQUE = Exempt(
    "unique in all cities",
    "A key without a city (a person's id, username or e-mail address). Adding a row queries all regions per key.",
    lambda sql: False,
)
BEGIN, COMMIT, ROLLBACK = Step("BEGIN"), Step("COMMIT"), Step("ROLLBACK")


@contextmanager
def recorded(*exceptions: Exempt) -> Iterator[list[Step]]:
    """Record the round trips of the block, as a server would see them, on any engine.

    BEGIN and COMMIT are driver calls that a wrapper around ``execute()`` doesn't see. They are counted if there is a
    statement between them. The tests compare the count with the network traffic.
    """
    steps: list[Step] = []
    in_transaction = False
    commit, rollback = connection._commit, connection._rollback

    def record(execute, sql, params, many, context):
        nonlocal in_transaction
        if sql.startswith("BEGIN"):  # Django sends SQLite's as a statement
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
    """Parse a statement. Raises ``Unexplained`` if it names no city and isn't exempt."""
    tokens = tokenise(sql)
    known = set(all_tables())
    tables = dict.fromkeys(str(token) for token in flatten(tokens) if isinstance(token, Name) and token in known)
    verb = str(tokens[0]) if isinstance(tokens[0], Word) else str(tokens[0]).upper()
    cities = frozenset(value for value in _values(params) if isinstance(value, str) and value in registry)
    exception = UNIQUE if verb == "INSERT" and keys_without_city(*tables) else exempt(sql, exceptions)
    return Step(verb, tuple(tables), cities, exception)


def _values(params: Any) -> Iterator[Any]:
    """Return the parameters one by one. On PostgreSQL, inserting several rows passes a list for each column."""
    for value in params or ():
        if isinstance(value, list):
            yield from value
        else:
            yield value


def keys_without_city(table: str) -> list[tuple[str, ...]]:
    """Return the unique keys of a partitioned table that don't include the city."""
    model = next((model for model in apps.get_models() if model._meta.db_table == table), None)
    if model is None or not is_partitioned(model):
        return []
    keys = [(field.name,) for field in model._meta.local_fields if field.unique and field.column]
    keys += [tuple(one.fields) for one in model._meta.constraints if isinstance(one, UniqueConstraint)]
    return [key for key in keys if CITY not in key]


def exempt(sql: str, exceptions: Sequence[Exempt]) -> Exempt | None:
    """Return the exemption that a statement needs, or None if it names the city of every table."""
    if not complaints_about(sql, ()):
        return None
    for one in exceptions:
        if one.covers(sql):
            return one
    raise Unexplained("\n".join(complaints_about(sql, ())))
