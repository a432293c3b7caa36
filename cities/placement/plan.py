"""From what a database has to where everything belongs: the statements, in order.

Nothing here asks a database, so it can be read and tested on any engine.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from .places import BY_ROW, REGION_COLUMN, Place

NEW_COLUMN = f"{REGION_COLUMN}_new"
OLD_COLUMN = f"{REGION_COLUMN}_old"
REGIONS_TO_SURVIVE_ONE = 3


class PlacementRefused(Exception):
    """What was asked for can't be; ``str()`` says why."""


@dataclass(frozen=True)
class Table:
    """What a table has: its locality in CockroachDB's words, and its region columns' expressions."""

    locality: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    is_locked: bool = False  # its `schema_locked`, on for new tables since v26.1


@dataclass(frozen=True)
class State:
    """What a database has. Without regions it is not spread over any yet."""

    primary: str = ""
    regions: frozenset[str] = frozenset()
    survives: str = ""  # "zone" or "region"
    tables: Mapping[str, Table] = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """What it should have. ``survive`` and ``primary`` are "" to leave what there is."""

    database: str
    cities: Mapping[str, Sequence[str]]  # the names of the cities in each region
    places: Sequence[Place]
    default_primary: str
    primary: str = ""
    survive: str = ""


@dataclass(frozen=True)
class Change:
    """One thing that is not as it should be, and the statements that mend it."""

    why: str
    statements: Sequence[str]


def changes(wanted: Wanted, state: State) -> list[Change]:
    """All that is left to do, in an order that may stop anywhere and be taken up again."""
    check(wanted, state)
    return [*_database_changes(wanted, state), *_table_changes(wanted, state)]


def check(wanted: Wanted, state: State) -> None:
    """Raise ``PlacementRefused`` for what no statement could bring about."""
    if not wanted.cities:
        raise PlacementRefused("No city is served, so there is nothing to place.")
    regions = state.regions | {primary_region(wanted, state), *wanted.cities}
    if wanted.survive == "region" and len(regions) < REGIONS_TO_SURVIVE_ONE:
        raise PlacementRefused(
            f"To survive the failure of a region takes {REGIONS_TO_SURVIVE_ONE} of them, and there are {len(regions)}."
        )


def primary_region(wanted: Wanted, state: State) -> str:
    """Where tables that are whole live: as asked for, else as it is, else where the default city is."""
    return wanted.primary or state.primary or wanted.default_primary


def leftovers(wanted: Wanted, state: State) -> list[str]:
    """Regions of the database in which no city is. They are named, never dropped."""
    return sorted(state.regions - set(wanted.cities) - {primary_region(wanted, state)})


# --- The database -------------------------------------------------------------------------------


def _database_changes(wanted: Wanted, state: State) -> Iterator[Change]:
    database = f"ALTER DATABASE {identifier(wanted.database)}"
    primary = primary_region(wanted, state)
    first = [primary] if not state.primary else []  # the first region of a database is its primary one
    if first:
        yield Change(
            f"The database has no primary region yet, and {primary} is to be it.",
            [f"{database} SET PRIMARY REGION {identifier(primary)}"],
        )
    added = sorted({primary, *wanted.cities} - state.regions - set(first))
    if added:
        statements = [f"{database} ADD REGION IF NOT EXISTS {identifier(region)}" for region in added]
        yield Change(f"The database is not yet in {', '.join(added)}.", statements)
    if state.primary and primary != state.primary:
        yield Change(
            f"The primary region is {state.primary}, and {primary} is to be it.",
            [f"{database} SET PRIMARY REGION {identifier(primary)}"],
        )
    if wanted.survive and wanted.survive != state.survives:
        yield Change(
            f"The database is to survive the failure of a {wanted.survive}.",
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
    """A column can't be given another expression, so a changed set of cities takes a new column.

    Where somebody stopped half-way, the names of the columns say how far it got.
    """
    if REGION_COLUMN not in table.columns:
        return "has no region column yet.", [_add_column(name, REGION_COLUMN, cities), _set_locality(name, BY_ROW)]
    tidied = [] if table.locality == BY_ROW else [_set_locality(name, BY_ROW)]
    if OLD_COLUMN in table.columns:
        tidied.append(_drop_column(name, OLD_COLUMN))
    if not knows(table.columns[REGION_COLUMN], cities):
        swapped = _swap_columns(name, table, cities)
        return "its region column was made for other cities.", [*tidied, *swapped]
    if NEW_COLUMN in table.columns:
        tidied.append(_drop_column(name, NEW_COLUMN))
    return "a change was not brought to its end.", tidied


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
    """NOT NULL and without ELSE: a row of a city that has no region is refused."""
    return (
        f"ALTER TABLE {identifier(name)} ADD COLUMN IF NOT EXISTS {column} crdb_internal_region "
        f"NOT VISIBLE NOT NULL AS ({region_expression(cities)}) STORED"
    )


def _drop_column(name: str, column: str) -> str:
    return f"ALTER TABLE {identifier(name)} DROP COLUMN {column}"


def _set_locality(name: str, locality: str) -> str:
    return f"ALTER TABLE {identifier(name)} SET LOCALITY {locality}"


def _unlocked(name: str, table: Table, statements: Sequence[str]) -> Iterator[str]:
    """SET LOCALITY is among the few statements that don't take off `schema_locked` by themselves."""
    if not table.is_locked:
        yield from statements
        return
    yield f"ALTER TABLE {identifier(name)} SET (schema_locked = false)"
    yield from statements
    yield f"ALTER TABLE {identifier(name)} SET (schema_locked = true)"


# --- The expression -----------------------------------------------------------------------------


def region_expression(cities: Mapping[str, Sequence[str]]) -> str:
    """The region of a row, computed from its city."""
    branches = [
        f"WHEN city IN ({', '.join(map(literal, sorted(names)))}) THEN {literal(region)}"
        for region, names in sorted(cities.items())
    ]
    return f"CASE {' '.join(branches)} END"


def knows(expression: str, cities: Mapping[str, Sequence[str]]) -> bool:
    """Whether an expression puts each of the cities in its region.

    One that also knows cities that are gone will do: to rewrite a table for nothing takes hours.
    """
    region_of = read_expression(expression)
    return all(region_of.get(city) == region for region, names in cities.items() for city in names)


TOKEN = re.compile(r"""(?P<literal>[eE]?'(?:[^'\\]|''|\\.)*')|"(?:[^"]|"")*"|(?P<word>\w+)|\S""", re.DOTALL)


def read_expression(expression: str) -> dict[str, str]:
    """The region of each city, out of an expression as the database prints it, with types and brackets.

    Empty for one that was not made here.
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
    """A name in a statement. Staff type those of regions, so nothing in one may end the quotes."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text in a statement, for the same reason."""
    return "'" + text.replace("'", "''") + "'"
