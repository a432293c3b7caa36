"""Find rows that break a rule."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Model, QuerySet

from cities.models import City
from cities.registry import registry
from movr_project.db.retry import retry_read

from .rules import RULES, Rule
from .unserved import UNSERVED

SHOWN = 20  # the maximum number of rows that a finding names


@dataclass(frozen=True)
class Finding:
    """Rows that break a rule. ``keys`` contains the first of them, ``number`` is their total."""

    rule: Rule
    city: str  # empty for a rule that checks all cities at once
    keys: list[str]
    number: int


def findings(cities: Iterable[City] | None = None) -> Iterator[Finding]:
    """Yield violations in these cities or, by default, in all cities and in rows of cities that aren't served."""
    if cities is None:
        for unserved in UNSERVED:
            yield from _finding(unserved, unserved.offenders(None), city="")
    for city in registry if cities is None else cities:
        for each in RULES:
            yield from _finding(each, each.offenders(city), city=city.name)


@retry_read
def _finding(broken: Rule, offenders: QuerySet | Sequence[Model], *, city: str) -> list[Finding]:
    if not isinstance(offenders, QuerySet):
        keys = sorted(str(row.pk) for row in offenders)
        return [Finding(broken, city, keys[:SHOWN], len(keys))] if keys else []
    # Unordered: to find no rows in order, the database would walk an index through the whole table.
    keys = sorted(str(row.pk) for row in offenders.order_by()[: SHOWN + 1])
    if not keys:
        return []
    number = len(keys) if len(keys) <= SHOWN else offenders.count()
    return [Finding(broken, city, keys[:SHOWN], number)]
