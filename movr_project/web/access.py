"""Decorators that mark who may open a view. Middleware of later apps reads the marks."""

from collections.abc import Callable
from typing import TypeVar

View = TypeVar("View", bound=Callable)


def terms_not_required(view: View) -> View:
    """Allow a view to people who have not accepted the current terms.

    For what people need if they don't accept them: to leave safely, with their data.
    """
    view.terms_required = False  # type: ignore[attr-defined]
    return view
