"""``docs/requirements.md`` lists every requirement, and only tests that exist."""

import ast
import re
from functools import cache
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PAGE = ROOT / "docs" / "requirements.md"
ROW = re.compile(r"^\| (?P<number>[A-Z]+\d+[a-z]?) \| (?P<words>[^|]+) \| (?P<shown>[^|]+) \|$", re.MULTILINE)
TEST = re.compile(r"`([\w/]+\.py)::([\w:]+)`")


def numbers(letter, last, *extra):
    return {f"{letter}{number}" for number in range(1, last + 1)} | set(extra)


ASKED_FOR = (
    numbers("M", 53, "M5b", "M36b", "M36c", "M37b", "M37c", "M37d")
    | numbers("I", 20)
    | numbers("B", 50)
    | numbers("W", 6)
    | numbers("IB", 15)
    | numbers("MB", 32)  # weaknesses of the originals
    | numbers("BB", 29)
)


def rows():
    return [match.groupdict() for match in ROW.finditer(PAGE.read_text())]


@cache
def names_in(path):
    """Return the names of a file's tests, as in pytest's node ids."""
    names = set()
    for node in ast.parse((ROOT / path).read_text()).body:
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}::{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef)}
            names.add(node.name)
        elif isinstance(node, ast.FunctionDef):
            names.add(node.name)
    return names


def test_every_row_is_there_once():
    found = [row["number"] for row in rows()]
    assert sorted(found) == sorted(ASKED_FOR)


def test_every_named_test_exists():
    named = set(TEST.findall(PAGE.read_text()))
    assert named
    assert not [f"{path}::{name}" for path, name in sorted(named) if name not in names_in(path)]


def test_every_row_names_a_test_or_says_why_there_is_none():
    reason = re.compile(r"not yet|differs:|not code:")
    assert not [row["number"] for row in rows() if not (TEST.search(row["shown"]) or reason.search(row["shown"]))]


def test_every_file_that_the_documents_link_to_is_there():
    pages = [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]
    for page in pages:
        for target in re.findall(r"(?:\]\(|src=\")(?!https?:|#)([^)#\"]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
