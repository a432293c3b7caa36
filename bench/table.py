"""The table in docs/multi-region.md: what each everyday action queries, and where."""

from collections.abc import Iterable, Iterator

from cities.placement.places import BY_ROW, GLOBAL, places

from .actions import ACTIONS, Action, record
from .recording import Exempt, Step

HOME, HERE = "paris", "new york"  # of a visiting rider


def table() -> str:
    """Return the table in Markdown, followed by its exemptions."""
    recorded = [(action, record(action, HOME, HERE if action.for_guests else HOME)) for action in ACTIONS]
    rows = [_row(action, steps) for action, steps in recorded]
    used = dict.fromkeys(step.exempt for _action, steps in recorded for step in steps if step.exempt)
    lines = ["| Action | Round trips | Statements, and where each goes |", "|---|--:|---|", *rows, ""]
    return "\n".join([*lines, "The exceptions, by name:", "", *map(_reason, used)]) + "\n"


def _row(action: Action, steps: Iterable[Step]) -> str:
    steps = list(steps)
    return f"| {action.name} | {len(steps)} | {'<br>'.join(map(_describe, steps))} |"


def _describe(step: Step) -> str:
    if not step.tables:
        return f"`{step.verb}`"
    return f"`{step.verb} {', '.join(step.tables)}`: {', '.join(_where(step))}"


def _where(step: Step) -> Iterator[str]:
    localities = {place.table: place.locality for place in places()}
    of_tables = {localities[table] for table in step.tables}
    if BY_ROW in of_tables:
        yield from (name for city, name in ((HERE, "current city"), (HOME, "home city")) if city in step.cities)
    elif GLOBAL in of_tables:
        yield "each region's copy"
    else:
        yield "primary region"
    if step.exempt:
        yield f"*{step.exempt.name}*"


def _reason(exempt: Exempt) -> str:
    return f"- *{exempt.name}*: {exempt.why}"
