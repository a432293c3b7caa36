"""The locality rule: in everyday actions, each statement names the city of every partitioned row that it touches.

``complaints_about`` parses a statement and finds tables for which a multi-region cluster would have to ask every
region. See docs/architecture.md.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

from . import places

CITY = "city"


@dataclass(frozen=True)
class Exemption:
    """A read that may find rows by something other than their city, and why.

    It applies to plain SELECTs that compare ``columns`` and, with ``exactly``, no others. With ``joined_from``, it
    applies where they are joined to these columns of another table.
    """

    table: str
    columns: frozenset[str]
    why: str
    exactly: bool = True
    joined_from: frozenset[str] = frozenset()  # as table.column, of a table that is found by its own city or has none

    def covers(self, source: "Source", bound: set[str]) -> bool:
        if source.table != self.table:
            return False
        if self.joined_from:
            return (not self.exactly or not source.mentioned) and self.joined_from <= source.joined
        return source.mentioned == self.columns if self.exactly else self.columns <= bound


LOGGED_IN_PERSON = Exemption(
    "users", frozenset({"id"}), "The session contains only the person's id. The primary key finds it in any region."
)
LOG_IN_BY_NAME = Exemption(
    "users",
    frozenset({"username"}),
    "People log in with a username, which is unique across cities, and don't enter a city.",
)
LOG_IN_BY_MAIL = Exemption(
    "users", frozenset({"email"}), "As with a username. Also used to reset a forgotten password."
)
OWN_HISTORY = Exemption(
    "rides",
    frozenset({"rider_city", "rider_id"}),
    "A person's rides in all cities. Filtered by the rider's home city, which the index begins with.",
    exactly=False,
)
BOOKED_EVERYWHERE = Exemption(
    "allocations",
    frozenset({"rider_city", "rider_id"}),
    "A person's bookings in all cities, which limit the next one. Also filtered by the rider's home city.",
    exactly=False,
)
PERSON_OF_TOKEN = Exemption(
    "users",
    frozenset({"id"}),
    "A token is found by its hash and has only the person's id. The primary key finds it in any region.",
    joined_from=frozenset({"api_tokens.user_id"}),
)
POSTS_OF_A_FEED = Exemption(
    "posts",
    frozenset({"id"}),
    "A reader's feed is local, and names the city of each post in it. Posts of people elsewhere are read there.",
    exactly=False,
    joined_from=frozenset({"feed_entries.post_id"}),
)
PEOPLE_WRITTEN_TO = Exemption(
    "users",
    frozenset({"id"}),
    "A person's list of conversations is local, and names the home city of each of the others.",
    exactly=False,
    joined_from=frozenset({"conversations.other_id"}),
)
ALWAYS = (LOGGED_IN_PERSON, PERSON_OF_TOKEN)


def complaints_about(sql: str, exemptions: Collection[Exemption] = ALWAYS) -> list[str]:
    """Return a sentence for each partitioned table that a statement touches without naming the city."""
    tables = partitioned_tables()
    tokens = tokenise(sql)
    if not tables & {token for token in flatten(tokens) if isinstance(token, Name)}:
        return []
    query = Query(tables, exemptions)
    query.read(tokens, outer={})
    return [f"{problem}: {sql}" for problem in query.problems]


def partitioned_tables() -> set[str]:
    """Return the tables whose rows are placed by city."""
    return set(places.partitioned_tables())


class Name(str):
    """An unquoted identifier."""


class Word(str):
    """A keyword, in capitals, or an operator."""


class Literal(str):
    """A value: a parameter, a number or a string."""


class Group(list):
    """The tokens between parentheses, or between CASE and END."""


class Column(NamedTuple):
    alias: str
    name: str


KEYWORDS = frozenset(
    re.findall(
        r"\w+",
        """ALL AND AS ASC BETWEEN BY CASE CROSS DELETE DESC DISTINCT ELSE END ESCAPE EXCEPT EXISTS FALSE FETCH FIRST
        FOR FROM FULL GROUP HAVING IN INNER INSERT INTERSECT INTO IS JOIN LAST LEFT LIKE LIMIT NOT NULL NULLS OF
        OFFSET ON OR ORDER OUTER RETURNING RIGHT SELECT SET THEN TRUE UNION UPDATE USING VALUES WHEN WHERE WINDOW
        WITH""",
    )
)
TOKEN = re.compile(
    r"""
      (?P<name>"(?:[^"]|"")+")
    | (?P<literal>%s|%\(\w+\)s|'(?:[^']|'')*'|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    | (?P<word>[^\W\d]\w*)
    | (?P<cast>::\s*\w+)
    | (?P<operator><>|<=|>=|!=|\|\||[^\s\w])
    | (?P<space>\s+)
    """,
    re.VERBOSE,
)


def tokenise(sql: str) -> Group:
    """Parse a statement into a tree, in which parentheses and CASE … END are groups."""
    stack = [Group()]
    for match in TOKEN.finditer(sql):
        text = match.group()
        match match.lastgroup:
            case "name":
                stack[-1].append(Name(text[1:-1].replace('""', '"')))
            case "literal":
                stack[-1].append(Literal(text))
            case "word":
                _add_word(stack, text)
            case "operator" if text == "(":
                stack.append(Group())
            case "operator" if text == ")":
                _close(stack)
            case "operator":
                stack[-1].append(Word(text))
    return stack[0]


def _add_word(stack: list[Group], text: str) -> None:
    word = text.upper()
    if word == "CASE":
        stack.append(Group())
    elif word == "END" and len(stack) > 1:
        _close(stack)
    else:
        stack[-1].append(Word(word) if word in KEYWORDS else Name(text))


def _close(stack: list[Group]) -> None:
    group = stack.pop()
    stack[-1].append(group)


def flatten(tokens: Group) -> Iterator[Any]:
    for token in tokens:
        if isinstance(token, Group):
            yield from flatten(token)
        else:
            yield token


def split(tokens: Collection[Any], *words: str) -> list[Group]:
    parts = [Group()]
    for token in tokens:
        if isinstance(token, Word) and token in words:
            parts.append(Group())
        else:
            parts[-1].append(token)
    return parts


@dataclass
class Source:
    """A table in a statement, with its alias."""

    table: str
    alias: str
    mentioned: set[str] = field(default_factory=set)
    joined: set[str] = field(default_factory=set)  # what its id equals, as table.column


CLAUSES = frozenset(
    {"SELECT", "FROM", "SET", "WHERE", "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FOR", "RETURNING"}
)
JOINS = frozenset({"JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "OUTER", ","})


class Query:
    """Walk a statement and its subqueries, and collect the tables for which no city is named."""

    def __init__(self, tables: set[str], exemptions: Collection[Exemption]):
        self.tables = tables
        self.exemptions = exemptions
        self.problems: list[str] = []

    def read(self, tokens: Group, outer: dict[str, set[str]]) -> None:
        """``outer`` maps the enclosing query's aliases to their bound columns."""
        for part in split(tokens, "UNION", "INTERSECT", "EXCEPT", ";"):
            self._read_one(part, outer)

    def _read_one(self, tokens: Group, outer: dict[str, set[str]]) -> None:
        if tokens[:1] == [Word("ALL")]:
            tokens = Group(tokens[1:])
        if len(tokens) == 1 and isinstance(tokens[0], Group):
            self.read(tokens[0], outer)
            return
        head = tokens[0] if tokens else None
        match head:
            case "SELECT":
                self._read_conditions(tokens, outer, clauses_of(tokens))
            case "UPDATE":
                clauses = clauses_of([Word("FROM"), *tokens[1:]])
                self._read_conditions(tokens, outer, clauses)
            case "DELETE":
                self._read_conditions(tokens, outer, clauses_of(tokens[1:]))
            case "INSERT":
                self._read_insert(tokens)
            case _:
                self._reject_unsupported(tokens)

    def _read_insert(self, tokens: Group) -> None:
        table = tokens[2]
        columns = tokens[3] if len(tokens) > 3 and isinstance(tokens[3], Group) else Group()
        if table in self.tables and Name(CITY) not in columns:
            self.problems.append(f"INSERT into {table} without its city")

    def _reject_unsupported(self, tokens: Group) -> None:
        found = self.tables & {token for token in flatten(tokens) if isinstance(token, Name)}
        self.problems += [f"a statement on {table} that this guard can't read" for table in sorted(found)]

    def _read_conditions(self, tokens: Group, outer: dict[str, set[str]], clauses: dict[str, Group]) -> None:
        sources, facts = read_from(clauses.get("FROM", Group()))
        only = sources[0].alias if len(sources) == 1 else ""
        where = clauses.get("WHERE", Group())
        facts += list(equalities(where, only))
        for source in sources:
            source.mentioned = mentioned(where, source.alias, only)
            source.joined = joined_to_id(source, sources, facts)
        plain_read = tokens[0] == "SELECT" and "FOR" not in clauses
        bound = self._bind(sources, facts, outer, plain_read)
        for source in sources:
            if source.table in self.tables and CITY not in bound[source.alias]:
                self.problems.append(f"{tokens[0]} on {source.table} without its city")
        for group in groups_in(tokens):
            if group[:1] == [Word("SELECT")]:
                self.read(group, outer | bound)

    def _bind(
        self, sources: list[Source], facts: list["Fact"], outer: dict[str, set[str]], plain_read: bool
    ) -> dict[str, set[str]]:
        """Find the columns of each source that are limited to one value or a few."""
        bound: dict[str, set[str]] = {source.alias: set() for source in sources}
        scope = outer | bound
        while True:
            before = sum(map(len, bound.values()))
            for column, value in facts:
                known = value is None or value.name in scope.get(value.alias, ())
                if known and column.alias in bound:
                    bound[column.alias].add(column.name)
            for source in sources:
                if plain_read and any(one.covers(source, bound[source.alias]) for one in self.exemptions):
                    bound[source.alias].add(CITY)  # joined rows are placed with it
            if sum(map(len, bound.values())) == before:
                return bound


def joined_to_id(source: Source, sources: list[Source], facts: list["Fact"]) -> set[str]:
    tables = {other.alias: other.table for other in sources}
    return {
        f"{tables[value.alias]}.{value.name}"
        for column, value in facts
        if column == Column(source.alias, "id") and value is not None and value.alias in tables
    }


def clauses_of(tokens: Collection[Any]) -> dict[str, Group]:
    clauses: dict[str, Group] = {}
    current = Group()
    for token in tokens:
        if isinstance(token, Word) and token in CLAUSES:
            current = clauses.setdefault(str(token), Group())
        else:
            current.append(token)
    return clauses


def groups_in(tokens: Group) -> Iterator[Group]:
    """Return the groups in a statement, down to those that are statements of their own."""
    for token in tokens:
        if isinstance(token, Group):
            yield token
            if token[:1] != [Word("SELECT")]:
                yield from groups_in(token)


Fact = tuple[Column, Column | None]  # a column equals another column, or (None) a value


def read_from(tokens: Group) -> tuple[list[Source], list[Fact]]:
    """Return the tables of a FROM clause, and the facts from its ON conditions."""
    sources: list[Source] = []
    facts: list[Fact] = []
    outer_join = False
    item = Group()

    def finish() -> None:
        target, *conditions = split(item, "ON")
        target = [token for token in target if token != Word("AS")]
        if not target:
            return
        if isinstance(target[0], Name):
            sources.append(Source(table=str(target[0]), alias=str(target[-1])))
        for condition in conditions:
            for column, value in equalities(condition, ""):
                # An outer join keeps the left side's rows whatever the condition says about them.
                if not outer_join or column.alias == sources[-1].alias:
                    facts.append((column, value))

    for token in tokens:
        if isinstance(token, Word) and token in JOINS:
            if item:
                finish()
                item, outer_join = Group(), False
            outer_join = outer_join or token in {"LEFT", "RIGHT", "FULL"}
        else:
            item.append(token)
    finish()
    return sources, facts


def equalities(condition: Group, only: str) -> Iterator[Fact]:
    """Return what must be equal if a condition holds: in every branch of an OR, and not under a NOT."""
    branches = split(condition, "OR")
    if len(branches) > 1:
        yield from set.intersection(*(set(equalities(branch, only)) for branch in branches))
        return
    for part in split(condition, "AND"):
        if len(part) == 1 and isinstance(part[0], Group):
            yield from equalities(part[0], only)
        elif part[:1] != [Word("NOT")]:
            yield from _equality(part, only)


def _equality(part: Group, only: str) -> Iterator[Fact]:
    for index, token in enumerate(part):
        if not isinstance(token, Word) or token not in {"=", "IN"}:
            continue
        left, right = Group(part[:index]), Group(part[index + 1 :])
        if left[-1:] == [Word("NOT")]:
            return
        if token == "IN":  # noqa: S105 (not a password)
            yield from ((column, None) for column in _columns(left, only) if column)
            return
        for one, other in zip(_sides(left), _sides(right), strict=False):
            yield from _pair(one, other, only)
            yield from _pair(other, one, only)
        return


def _sides(side: Group) -> list[Group]:
    """Return the members of ``(a, b)``, or a single value."""
    if len(side) == 1 and isinstance(side[0], Group) and side[0][:1] != [Word("SELECT")]:
        return split(side[0], ",")
    return [side]


def _columns(side: Group, only: str) -> list[Column | None]:
    return [column_of(member, only) for member in _sides(side)]


def _pair(one: Group, other: Group, only: str) -> Iterator[Fact]:
    column, value = column_of(one, only), column_of(other, only)
    if column and value:
        yield column, value
    elif column and is_value(other):
        yield column, None


def column_of(tokens: Group, only: str) -> Column | None:
    match tokens:
        case [Name() as alias, ".", Name() as name]:
            return Column(str(alias), str(name))
        case [Name() as name] if only:
            return Column(only, str(name))
    return None


def is_value(tokens: Group) -> bool:
    """Return whether it is a constant for all rows: without columns, or a subquery, which is read on its own."""
    if len(tokens) == 1 and isinstance(tokens[0], Group) and tokens[0][:1] == [Word("SELECT")]:
        return True
    return bool(tokens) and not any(isinstance(token, Name) for token in flatten(tokens))


def mentioned(tokens: Group, alias: str, only: str) -> set[str]:
    """Return the columns of a source that a condition mentions."""
    flat = list(flatten(tokens))
    names = {
        str(flat[index + 2])
        for index, (name, dot) in enumerate(pairwise(flat))
        if isinstance(name, Name) and name == alias and dot == Word(".")
    }
    if alias == only:
        qualified = {index for index, token in enumerate(flat) if token == Word(".")}
        names |= {
            str(token)
            for index, token in enumerate(flat)
            if isinstance(token, Name) and not {index - 1, index + 1} & qualified
        }
    return names
