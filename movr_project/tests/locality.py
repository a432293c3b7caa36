"""Assert that a test's queries follow the locality rule of ``cities.placement.locality``."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from cities.placement.locality import ALWAYS, Exemption, complaints_about


class NotLocal(AssertionError):
    """A statement does not name its city."""


@contextmanager
def assert_local(*allowing: Exemption) -> Iterator[list[str]]:
    """Record the block's statements and, afterwards, raise ``NotLocal`` for those that name no city."""
    statements: list[str] = []

    def record(execute, sql, params, many, context):
        statements.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(record):
        yield statements
    exemptions = (*ALWAYS, *allowing)
    complaints = [complaint for sql in statements for complaint in complaints_about(sql, exemptions)]
    if complaints:
        raise NotLocal("\n".join(complaints))
