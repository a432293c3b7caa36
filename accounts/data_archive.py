"""The ZIP file with everything that MovR stores about a person."""

import json
from collections.abc import Callable
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.core.serializers.json import DjangoJSONEncoder
from django.utils.text import slugify

from movr_project.spreadsheets import BYTE_ORDER_MARK, csv_lines

from .models import User
from .personal_data import kinds


def write_archive(file: IO[bytes], user: User, *, progress: Callable[[int, int], None]) -> None:
    """Write all data as JSON, each list also as CSV, and what apps add, such as a map of the rides.

    Reports the number of finished kinds of data to ``progress``.
    """
    everything: dict[str, Any] = {}
    parts = kinds()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for number, kind in enumerate(parts):
            progress(number, len(parts))
            exported = everything[kind.name] = kind.export(user)
            if exported:
                rows = exported if isinstance(exported, list) else [exported]
                archive.writestr(f"{slugify(kind.name)}.csv", _table(rows))
            for name, content in kind.files.items():
                archive.writestr(name, content(user))
        archive.writestr("movr-data.json", json.dumps(everything, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2))


def _table(rows: list[dict[str, Any]]) -> bytes:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return BYTE_ORDER_MARK + csv_lines([columns, *([row.get(name) for name in columns] for row in rows)])
