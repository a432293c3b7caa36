"""Machine-independent measures of a request: SQL statements and template nodes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.template.base import Node, TextNode


@dataclass
class Counts:
    statements: int = 0
    nodes: int = 0  # rendered nodes other than plain text


@contextmanager
def counted() -> Iterator[Counts]:
    """Count the block's queries and nodes. BEGIN and COMMIT are not counted."""
    counts = Counts()

    def statement(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        counts.statements += 1
        return execute(sql, params, many, context)

    render_annotated = Node.render_annotated

    def node(self: Node, context: Any) -> Any:
        if not isinstance(self, TextNode):
            counts.nodes += 1
        return render_annotated(self, context)

    Node.render_annotated = node
    try:
        with connection.execute_wrapper(statement):
            yield counts
    finally:
        Node.render_annotated = render_annotated
