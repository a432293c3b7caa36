"""CSV files that spreadsheets open without running what people have typed."""

import csv
import io
import json
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

BYTE_ORDER_MARK = "\ufeff".encode()  # without it, Excel doesn't read a file as UTF-8
CSV_TYPE = "text/csv; charset=utf-8"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def csv_lines(rows: Iterable[Iterable[Any]]) -> bytes:
    """Return rows as lines of a CSV file (RFC 4180)."""
    lines = io.StringIO(newline="")
    csv.writer(lines).writerows([cell(value) for value in row] for row in rows)
    return lines.getvalue().encode()


def cell(value: Any) -> Any:
    """Return what stands in a cell: times in ISO 8601, durations in seconds, lists as JSON.

    An apostrophe before a text that a spreadsheet would take for a formula makes it a text there, too.
    """
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA_STARTS) else value
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (list, tuple, dict)):
        return cell(json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False))
    return value
