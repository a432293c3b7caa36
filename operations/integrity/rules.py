"""The definition of a rule."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db.models import Model, QuerySet

from cities.models import City

Offenders = Callable[[City], QuerySet | Sequence[Model]]


@dataclass(frozen=True)
class Rule:
    """An invariant. ``offenders`` returns the rows of a city for which ``sentence`` is false."""

    name: str
    sentence: str
    offenders: Offenders


RULES: list[Rule] = []


def rule(sentence: str) -> Callable[[Offenders], Offenders]:
    """Register a rule named after the decorated function."""

    def add(offenders: Offenders) -> Offenders:
        RULES.append(Rule(offenders.__name__, sentence, offenders))
        return offenders

    return add
