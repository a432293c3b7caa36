"""Helpers for property-based tests, in which an action succeeds or is refused with a known code."""

import os

from django.db import connection
from hypothesis.stateful import multiple

from movr_project.errors import Refused


def shortened(stories: int) -> int:
    """Return the number of examples: all with THOROUGH set, else a third on PostgreSQL, and fewer elsewhere."""
    if os.environ.get("THOROUGH"):
        return stories
    return stories // 3 if connection.vendor == "postgresql" else stories // 10


def outcome(action, *args):
    """Return an action's result, or its refusal."""
    try:
        return action(*args)
    except Refused as refused:
        return refused


def accept(codes, action, result):
    """Return a result, or None for a refusal that ``codes`` lists for the action. Raise anything else."""
    if not isinstance(result, Exception):
        return result
    if not isinstance(result, Refused):
        raise result
    assert result.code in codes[action.__name__], f"{action.__name__} refuses with {result.code}"
    assert str(result)
    return None


def some(*results):
    """Return the objects that exist, for a bundle."""
    return multiple(*(result for result in results if result is not None))
