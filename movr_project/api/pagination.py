"""Collections: ``items``, ``_meta`` and ``_links``, by page number or by cursor."""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Schema

from ..web.pagination import LAST_PAGE
from .answers import answer
from .errors import ApiError, invalid

Item = TypeVar("Item")

MAX_PER_PAGE = 100
MAX_CURSOR_LENGTH = 500
FORWARD, BACKWARD = ">", "<"


class Paging(Schema):
    """The parameters of a collection that is counted."""

    page: int = Field(1, ge=1, le=LAST_PAGE)
    per_page: int = Field(10, ge=1, le=MAX_PER_PAGE)


class CursorPaging(Schema):
    """The parameters of a collection that isn't counted. ``cursor`` comes from ``_links`` of another page."""

    per_page: int = Field(10, ge=1, le=MAX_PER_PAGE)
    cursor: str = Field("", max_length=MAX_CURSOR_LENGTH)


class Meta(Schema):
    page: int
    per_page: int
    total_pages: int
    total_items: int


class CursorMeta(Schema):
    per_page: int


class Links(Schema):
    self: str
    next: str | None
    prev: str | None


class Collection(Schema, Generic[Item]):
    """What ``paged`` returns."""

    items: list[Item]
    meta: Meta = Field(alias="_meta")
    links: Links = Field(alias="_links")


class CursorCollection(Schema, Generic[Item]):
    """What ``paged_by_cursor`` returns."""

    items: list[Item]
    meta: CursorMeta = Field(alias="_meta")
    links: Links = Field(alias="_links")


def paged(
    request: HttpRequest, rows: QuerySet[Any] | Sequence[Any], paging: Paging, row: Callable[[Any], Any]
) -> HttpResponse:
    """Return a page of ``rows``, each rendered by ``row``, with totals. ``rows`` must be ordered."""
    total = rows.count() if isinstance(rows, QuerySet) else len(rows)
    start = (paging.page - 1) * paging.per_page
    pages = -(-total // paging.per_page)
    items = [row(item) for item in rows[start : start + paging.per_page]] if start < total else []
    meta = {"page": paging.page, "per_page": paging.per_page, "total_pages": pages, "total_items": total}
    links = {
        "self": request.get_full_path(),
        "next": _link(request, page=paging.page + 1) if paging.page < min(pages, LAST_PAGE) else None,
        "prev": _link(request, page=min(paging.page - 1, pages)) if paging.page > 1 and pages else None,
    }
    return answer({"items": items, "_meta": meta, "_links": links})


def paged_by_cursor(
    request: HttpRequest,
    rows: QuerySet[Any],
    paging: CursorPaging,
    row: Callable[[Any], Any],
    *,
    order: Sequence[str],
) -> HttpResponse:
    """Return the rows before or after a cursor, without counting any: a page costs the same wherever it is.

    ``order`` names columns that aren't null and together are unique, all ascending or all with a minus, such as
    ``("-start_time", "-id")``. An index must begin with the filter's columns and go on with these.
    """
    direction, values = _read_cursor(paging.cursor, rows, order)
    if values is not None:
        rows = rows.filter(_beyond(order, values, forward=direction == FORWARD))
    ordered = order if direction == FORWARD else [_reverse(name) for name in order]
    found = list(rows.order_by(*ordered)[: paging.per_page + 1])
    has_more, found = len(found) > paging.per_page, found[: paging.per_page]
    if direction == BACKWARD:
        found.reverse()
    has_next = has_more if direction == FORWARD else True
    has_prev = has_more if direction == BACKWARD else values is not None
    links = {
        "self": request.get_full_path(),
        "next": _link(request, cursor=_cursor(FORWARD, order, found[-1])) if has_next and found else None,
        "prev": _link(request, cursor=_cursor(BACKWARD, order, found[0])) if has_prev and found else None,
    }
    return answer({"items": [row(item) for item in found], "_meta": {"per_page": paging.per_page}, "_links": links})


def _link(request: HttpRequest, **changes: Any) -> str:
    query = request.GET.copy()
    for name, value in changes.items():
        query[name] = str(value)
    return f"{request.path}?{query.urlencode()}"


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


def _cursor(direction: str, order: Sequence[str], item: Any) -> str:
    fields = [item._meta.get_field(name.removeprefix("-")) for name in order]
    text = json.dumps([direction, *(field.value_to_string(item) for field in fields)])
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(cursor: str, rows: QuerySet[Any], order: Sequence[str]) -> tuple[str, list[Any] | None]:
    if not cursor:
        return FORWARD, None
    try:
        direction, *texts = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        fields = [rows.model._meta.get_field(name.removeprefix("-")) for name in order]
        values = [_comparable(field.to_python(_text(text))) for field, text in zip(fields, texts, strict=True)]
        if direction not in (FORWARD, BACKWARD) or None in values:
            raise ValueError(cursor)
    except (ValueError, TypeError, ValidationError, OverflowError, binascii.Error, RecursionError) as error:
        raise _invalid_cursor() from error
    return direction, values


def _text(text: Any) -> str:
    if not isinstance(text, str) or "\0" in text or not text:
        raise ValueError(text)
    return text


def _comparable(value: Any) -> Any:
    """Refuse times that the database can't compare: without a zone, or beyond the calendar in UTC."""
    if not isinstance(value, datetime):
        return value
    if timezone.is_naive(value):
        raise ValueError(value)
    return value.astimezone(UTC)


def _invalid_cursor() -> ApiError:
    message = _("Take the cursor from a page's links.")
    return invalid({"field": "cursor", "in": "query", "code": "invalid_cursor", "message": message})
