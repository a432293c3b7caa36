"""Plan the statements that move a database from its current to the wanted placement.

This module never queries a database, so it can be tested on any engine.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from .places import BY_ROW, REGION_COLUMN, Place

NEW_COLUMN = f"{REGION_COLUMN}_new"
OLD_COLUMN = f"{REGION_COLUMN}_old"
REGIONS_TO_SURVIVE_ONE = 3


class PlacementRefused(Exception):
    """The wanted placement is impossible. ``str()`` says why."""


@dataclass(frozen=True)
class Table:
    """A table's current locality, in CockroachDB's syntax, and the expressions of its region columns."""

    locality: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    is_locked: bool = False  # `schema_locked`, the default for new tables since v26.1


@dataclass(frozen=True)
class State:
    """The current state of a database. Without regions, it isn't multi-region yet."""

    primary: str = ""
    regions: frozenset[str] = frozenset()
    survives: str = ""  # "zone" or "region"
    tables: Mapping[str, Table] = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """The wanted state. An empty ``survive`` or ``primary`` keeps the current value."""

    database: str
    cities: Mapping[str, Sequence[str]]  # the names of the cities in each region
    places: Sequence[Place]
    default_primary: str
    primary: str = ""
    survive: str = ""


@dataclass(frozen=True)
class Change:
    """A difference from the wanted state, and the statements that fix it."""

    why: str
    statements: Sequence[str]


def changes(wanted: Wanted, state: State) -> list[Change]:
    """Return the remaining changes, in an order that can be interrupted and resumed anywhere."""
    check(wanted, state)
    return [*_database_changes(wanted, state), *_table_changes(wanted, state)]


def check(wanted: Wanted, state: State) -> None:
    """Raise ``PlacementRefused`` for what no statement can achieve."""
    if not wanted.cities:
        raise PlacementRefused("No city is served, so there is nothing to place.")
    regions = state.regions | {primary_region(wanted, state), *wanted.cities}
    if wanted.survive == "region" and len(regions) < REGIONS_TO_SURVIVE_ONE:
        raise PlacementRefused(
            f"Surviving the failure of a region takes {REGIONS_TO_SURVIVE_ONE} regions, and there are {len(regions)}."
        )


def primary_region(wanted: Wanted, state: State) -> str:
    """Return the primary region: as requested, else the current one, else the default city's."""
    return wanted.primary or state.primary or wanted.default_primary


def leftovers(wanted: Wanted, state: State) -> list[str]:
    """Return the database's regions without a city. They are reported, never dropped."""
    return sorted(state.regions - set(wanted.cities) - {primary_region(wanted, state)})


# --- The database -------------------------------------------------------------------------------


def _database_changes(wanted: Wanted, state: State) -> Iterator[Change]:
    database = f"ALTER DATABASE {identifier(wanted.database)}"
    primary = primary_region(wanted, state)
    first = [primary] if not state.primary else []  # a database's first region is its primary one
    if first:
        yield Change(
            f"The database has no primary region yet, and it should be {primary}.",
            [f"{database} SET PRIMARY REGION {identifier(primary)}"],
        )
    added = sorted({primary, *wanted.cities} - state.regions - set(first))
    if added:
        statements = [f"{database} ADD REGION IF NOT EXISTS {identifier(region)}" for region in added]
        yield Change(f"The database is not yet in {', '.join(added)}.", statements)
    if state.primary and primary != state.primary:
        yield Change(
            f"The primary region is {state.primary}, and it should be {primary}.",
            [f"{database} SET PRIMARY REGION {identifier(primary)}"],
        )
    if wanted.survive and wanted.survive != state.survives:
        yield Change(
            f"The database should survive the failure of a {wanted.survive}.",
            [f"{database} SURVIVE {wanted.survive.upper()} FAILURE"],
        )


# --- The tables ---------------------------------------------------------------------------------


def _table_changes(wanted: Wanted, state: State) -> Iterator[Change]:
    for place in wanted.places:
        table = state.tables.get(place.table, Table())
        if place.is_by_row:
            why, statements = _by_row(place.table, table, wanted.cities)
        else:
            why, statements = _whole(place, table)
        if statements:
            yield Change(f"{place.table}: {why}", list(_unlocked(place.table, table, statements)))


def _whole(place: Place, table: Table) -> tuple[str, list[str]]:
    if table.locality == place.locality:
        return "", []
    return f"belongs {place.locality}.", [_set_locality(place.table, place.locality)]


def _by_row(name: str, table: Table, cities: Mapping[str, Sequence[str]]) -> tuple[str, list[str]]:
    """Replace the column: its expression can't be changed, so a changed set of cities needs a new column.

    After an interruption, the names of the columns show how far it got.
    """
    if REGION_COLUMN not in table.columns:
        return "has no region column yet.", [_add_column(name, REGION_COLUMN, cities), _set_locality(name, BY_ROW)]
    tidied = [] if table.locality == BY_ROW else [_set_locality(name, BY_ROW)]
    if OLD_COLUMN in table.columns:
        tidied.append(_drop_column(name, OLD_COLUMN))
    if not knows(table.columns[REGION_COLUMN], cities):
        swapped = _swap_columns(name, table, cities)
        return "its region column is for other cities.", [*tidied, *swapped]
    if NEW_COLUMN in table.columns:
        tidied.append(_drop_column(name, NEW_COLUMN))
    return "an earlier change was interrupted.", tidied


def _swap_columns(name: str, table: Table, cities: Mapping[str, Sequence[str]]) -> Iterator[str]:
    if NEW_COLUMN in table.columns and not knows(table.columns[NEW_COLUMN], cities):
        yield _drop_column(name, NEW_COLUMN)
    if NEW_COLUMN not in table.columns or not knows(table.columns[NEW_COLUMN], cities):
        yield _add_column(name, NEW_COLUMN, cities)
    yield (
        f"ALTER TABLE {identifier(name)} RENAME COLUMN {REGION_COLUMN} TO {OLD_COLUMN}, "
        f"RENAME COLUMN {NEW_COLUMN} TO {REGION_COLUMN}"
    )
    yield _set_locality(name, BY_ROW)
    yield _drop_column(name, OLD_COLUMN)


def _add_column(name: str, column: str, cities: Mapping[str, Sequence[str]]) -> str:
    """Add it NOT NULL and without ELSE, so that a row in a city without a region is rejected."""
    return (
        f"ALTER TABLE {identifier(name)} ADD COLUMN IF NOT EXISTS {column} crdb_internal_region "
        f"NOT VISIBLE NOT NULL AS ({region_expression(cities)}) STORED"
    )


def _drop_column(name: str, column: str) -> str:
    return f"ALTER TABLE {identifier(name)} DROP COLUMN {column}"


def _set_locality(name: str, locality: str) -> str:
    return f"ALTER TABLE {identifier(name)} SET LOCALITY {locality}"


def _unlocked(name: str, table: Table, statements: Sequence[str]) -> Iterator[str]:
    """Unset `schema_locked` around the statements: unlike most of them, SET LOCALITY does not do so itself."""
    if not table.is_locked:
        yield from statements
        return
    yield f"ALTER TABLE {identifier(name)} SET (schema_locked = false)"
    yield from statements
    yield f"ALTER TABLE {identifier(name)} SET (schema_locked = true)"


# --- The expression -----------------------------------------------------------------------------


def region_expression(cities: Mapping[str, Sequence[str]]) -> str:
    """Return the SQL expression for a row's region, computed from its city."""
    branches = [
        f"WHEN city IN ({', '.join(map(literal, sorted(names)))}) THEN {literal(region)}"
        for region, names in sorted(cities.items())
    ]
    return f"CASE {' '.join(branches)} END"


def knows(expression: str, cities: Mapping[str, Sequence[str]]) -> bool:
    """Return whether an expression maps each of the cities to its region.

    Extra cities in the expression are accepted, as rewriting a table takes hours.
    """
    region_of = read_expression(expression)
    return all(region_of.get(city) == region for region, names in cities.items() for city in names)


TOKEN = re.compile(r"""(?P<literal>[eE]?'(?:[^'\\]|''|\\.)*')|"(?:[^"]|"")*"|(?P<word>\w+)|\S""", re.DOTALL)


def read_expression(expression: str) -> dict[str, str]:
    """Parse the region of each city from an expression as the database prints it, with types and brackets.

    Return an empty dict for an expression that MovR didn't create.
    """
    region_of: dict[str, str] = {}
    cities: list[str] = []
    after = ""
    for match in TOKEN.finditer(expression):
        word = (match["word"] or "").upper()
        if word == "ELSE":
            return {}
        if word in {"WHEN", "THEN"}:
            after = word
            cities = [] if word == "WHEN" else cities
        elif match["literal"] and after == "WHEN":
            cities.append(_unquoted(match["literal"]))
        elif match["literal"] and after == "THEN":
            region_of |= dict.fromkeys(cities, _unquoted(match["literal"]))
            after = ""
    return region_of


def _unquoted(text: str) -> str:
    if text[0] in "eE":
        return re.sub(r"\\(.)", r"\1", text[2:-1], flags=re.DOTALL).replace("''", "'")
    return text[1:-1].replace("''", "'")


def identifier(name: str) -> str:
    """Quote an identifier. Staff enter the names of regions, so nothing in them may end the quotes."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a string, for the same reason."""
    return "'" + text.replace("'", "''") + "'"
