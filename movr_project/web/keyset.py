"""Pages before or after a row, without counting or skipping any: a page costs the same wherever it is."""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Generic, Self, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Field, Q, QuerySet
from django.utils import timezone

Row = TypeVar("Row")

MAX_CURSOR_LENGTH = 500
FORWARD, BACKWARD = ">", "<"


class InvalidCursor(ValueError):
    """A cursor that comes from no page."""


@dataclass(frozen=True)
class KeysetPage(Generic[Row]):
    """Some rows, and the cursors of the pages before and after it: "" if there is none."""

    object_list: Sequence[Row]
    previous: str
    next: str

    @classmethod
    def of(cls, rows: QuerySet[Any], cursor: str, size: int, *, order: Sequence[str]) -> Self:
        """Return the rows before or after a cursor. Raise ``InvalidCursor``.

        ``order`` names columns that aren't null and together are unique, all ascending or all with a minus, such as
        ``("-start_time", "-id")``. An index must begin with the filter's columns and go on with these, unless the rows
        are few. It may name annotations, whose values must depend on nothing but the row.
        """
        direction, values = _read_cursor(cursor, rows, order)
        if values is not None:
            rows = rows.filter(_beyond(order, values, forward=direction == FORWARD))
        ordered = order if direction == FORWARD else [_reverse(name) for name in order]
        found = list(rows.order_by(*ordered)[: size + 1])
        has_more, found = len(found) > size, found[:size]
        if direction == BACKWARD:
            found.reverse()
        has_next = has_more if direction == FORWARD else True
        has_previous = has_more if direction == BACKWARD else values is not None
        return cls(
            found,
            _cursor(BACKWARD, _fields(rows, order), found[0]) if has_previous and found else "",
            _cursor(FORWARD, _fields(rows, order), found[-1]) if has_next and found else "",
        )

    @classmethod
    def or_first(cls, rows: QuerySet[Any], cursor: str, size: int, *, order: Sequence[str]) -> Self:
        """Like ``of``, but return the first page for an invalid cursor. For people, who may have changed an address."""
        try:
            return cls.of(rows, cursor, size, order=order)
        except InvalidCursor:
            return cls.of(rows, "", size, order=order)

    def __iter__(self):
        return iter(self.object_list)

    def __len__(self) -> int:
        return len(self.object_list)


def _reverse(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _beyond(order: Sequence[str], values: Sequence[Any], *, forward: bool) -> Q:
    """Return the rows after the one with these values: ``a > x or (a = x and b > y)``."""
    beyond, same = Q(), Q()
    for name, value in zip(order, values, strict=True):
        column = name.removeprefix("-")
        comparison = "gt" if name.startswith("-") != forward else "lt"
        beyond |= same & Q(**{f"{column}__{comparison}": value})
        same &= Q(**{column: value})
    first, start = order[0].removeprefix("-"), values[0]
    bound = "gte" if order[0].startswith("-") != forward else "lte"
    return Q(**{f"{first}__{bound}": start}) & beyond  # a bound that an index can use


def _fields(rows: QuerySet[Any], order: Sequence[str]) -> Iterator[Field]:
    for name in order:
        column = name.removeprefix("-")
        annotation = rows.query.annotations.get(column)
        if annotation is None:
            yield rows.model._meta.get_field(column)
        else:
            field = copy(annotation.output_field)
            field.set_attributes_from_name(column)
            yield field


def _cursor(direction: str, fields: Iterator[Field], item: Any) -> str:
    text = json.dumps([direction, *(field.value_to_string(item) for field in fields)])
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(cursor: str, rows: QuerySet[Any], order: Sequence[str]) -> tuple[str, list[Any] | None]:
    if not cursor:
        return FORWARD, None
    try:
        if len(cursor) > MAX_CURSOR_LENGTH:
            raise ValueError(cursor)
        direction, *texts = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        pairs = zip(_fields(rows, order), texts, strict=True)
        values = [_comparable(field.to_python(_text(text))) for field, text in pairs]
        if direction not in (FORWARD, BACKWARD) or None in values:
            raise ValueError(cursor)
    except (ValueError, TypeError, ValidationError, OverflowError, binascii.Error, RecursionError) as error:
        raise InvalidCursor(cursor) from error
    return direction, values


def _text(text: Any) -> str:
    if not isinstance(text, str) or "\0" in text or not text:
        raise ValueError(text)
    return text


def _comparable(value: Any) -> Any:
    """Refuse what the database can't compare: times without a zone, or beyond the calendar in UTC, and no numbers."""
    if isinstance(value, float) and not isfinite(value):
        raise ValueError(value)
    if not isinstance(value, datetime):
        return value
    if timezone.is_naive(value):
        raise ValueError(value)
    return value.astimezone(UTC)
