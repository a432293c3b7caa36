"""Read the vehicles in a CSV file that staff have uploaded."""

import codecs
import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from movr_project.errors import Refused
from movr_project.web.fields import with_point

from .forms.operators import OperatorsVehicleForm
from .models import Vehicle
from .models.vehicle import new_lock_code

MAX_BYTES = 512 * 1024
MAX_ROWS = 1000
COLUMNS = OperatorsVehicleForm.Meta.fields
REQUIRED = ["city", "type", "color"]
DELIMITERS = ",;\t"
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

Record = tuple[int, list[str]]


class ImportRefused(Refused):
    """Codes: ``not_a_table``, ``too_many_rows``, ``wrong_columns``, ``account_changed``."""


@dataclass
class CheckedFile:
    """What a file contains. ``errors`` are sentences by the number of the line on which the row begins."""

    vehicles: list[Vehicle] = field(default_factory=list)
    errors: list[tuple[int, list[str]]] = field(default_factory=list)


def check_file(content: bytes, *, progress: Callable[[int, int], None]) -> CheckedFile:
    """Check each row with the form for adding a vehicle in the admin.

    Raises ``ImportRefused`` for a file as a whole: ``not_a_table``, ``too_many_rows``, ``wrong_columns``.
    """
    records = _records(_text(content))
    header, rows = records[0], records[1:]
    names = [name.strip().lower() for name in header[1]]
    _check_header(names)
    checked = CheckedFile()
    for number, (line, values) in enumerate(rows):
        progress(number, len(rows))
        if len(values) > len(names):
            checked.errors.append((line, [_("There are more values than columns.")]))
            continue
        form = OperatorsVehicleForm(_data(dict(zip(names, values, strict=False))))
        if form.is_valid():
            checked.vehicles.append(form.save(commit=False))
        else:
            checked.errors.append((line, list(_sentences(form))))
    return checked


def _text(content: bytes) -> str:
    encoding = "utf-16" if content.startswith(UTF_16) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise _not_a_table() from error
    if "\0" in text:
        raise _not_a_table()
    return text


def _not_a_table() -> ImportRefused:
    return ImportRefused(_("This isn't a CSV file in UTF-8. Save it as “CSV UTF-8”."), code="not_a_table")


def _records(text: str) -> list[Record]:
    """Return the header and the rows that aren't empty, each with the number of its first line."""
    first_line = text.split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=first_line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records: list[Record] = []
    line = 1
    try:
        for values in reader:
            if any(value.strip() for value in values):
                records.append((line, values))
            if len(records) > MAX_ROWS + 1:
                message = _("A file can have at most %(count)d vehicles.") % {"count": MAX_ROWS}
                raise ImportRefused(message, code="too_many_rows")
            line = reader.line_num + 1
    except csv.Error as error:
        message = _("Line %(number)d isn't valid CSV.") % {"number": line}
        raise ImportRefused(message, code="not_a_table") from error
    if len(records) < 2:
        raise ImportRefused(_("The file has no rows."), code="not_a_table")
    return records


def _check_header(names: list[str]) -> None:
    wrong = {
        _("Unknown columns: %(names)s."): [name[:64] for name in names if name not in COLUMNS],
        _("Missing columns: %(names)s."): [name for name in REQUIRED if name not in names],
        _("Columns that occur twice: %(names)s."): [name for name, n in Counter(names).items() if n > 1],
    }
    for sentence, found in wrong.items():
        if found:
            raise ImportRefused(sentence % {"names": ", ".join(found[:20])}, code="wrong_columns")


def _data(row: dict[str, str]) -> dict[str, Any]:
    data = {name: value.strip() for name, value in row.items()}
    data |= {name: with_point(data[name]) for name in ("latitude", "longitude") if name in data}
    data |= {name: data[name].lower() for name in ("city", "type") if name in data}
    return data | {"lock_code": data.get("lock_code") or new_lock_code()}


def _sentences(form: OperatorsVehicleForm) -> Iterator[str]:
    for name, errors in form.errors.items():
        for error in errors:
            yield f"{name}: {error}" if name in form.fields else str(error)
