"""The docstring of each error class lists exactly the codes with which it is raised."""

import ast
from collections import defaultdict
from collections.abc import Iterator

import pytest

from movr_project.tests.modules import APPS, modules
from movr_project.tests.refusals import REFUSALS, listed_codes

# Takes the class as an argument, and adds the code.
ACCOUNT_CHANGED = "account_changed"


def name_of(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def codes_of(call: ast.Call) -> Iterator[str | None]:
    """Return a call's codes: None for one that isn't a literal, nothing if the class sets it."""
    for keyword in call.keywords:
        if keyword.arg == "code":
            yield keyword.value.value if isinstance(keyword.value, ast.Constant) else None


def codes_in(tree: ast.AST) -> Iterator[tuple[str, str | None]]:
    """Yield each error class that a module raises, with the code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name in REFUSALS:
            # super().__init__(sentence, code="…")
            calls = [call for call in ast.walk(node) if isinstance(call, ast.Call)]
            yield from ((node.name, code) for call in calls for code in codes_of(call) if code)
        elif isinstance(node, ast.Call) and name_of(node.func) in REFUSALS:
            yield from ((name_of(node.func), code) for code in codes_of(node))
        elif isinstance(node, ast.Call) and name_of(node.func) == ACCOUNT_CHANGED:
            yield name_of(node.args[0]), ACCOUNT_CHANGED


@pytest.fixture(scope="module")
def raised() -> dict[str, set[str | None]]:
    found: dict[str, set[str | None]] = defaultdict(set)
    for path in (path for app in APPS for path in modules(app)):
        for name, code in codes_in(ast.parse(path.read_text(encoding="utf-8"))):
            found[name].add(code)
    return found


@pytest.mark.parametrize("name", sorted(REFUSALS))
def test_its_docstring_lists_the_codes_that_are_raised(raised, name):
    assert listed_codes(REFUSALS[name]) == raised[name]


def test_every_kind_of_refusal_is_found():
    assert {"AccountRefused", "VehicleRefused", "RideRefused", "CalendarConflict", "Throttled"} <= set(REFUSALS)
