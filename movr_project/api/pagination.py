"""Collections: ``items``, ``_meta`` and ``_links``, by page number or by cursor."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Field, Schema

from ..web.keyset import MAX_CURSOR_LENGTH, InvalidCursor, KeysetPage
from ..web.pagination import LAST_PAGE
from .answers import answer
from .errors import ApiError, invalid

Item = TypeVar("Item")

MAX_PER_PAGE = 100


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

    ``order`` is as for ``KeysetPage.of``.
    """
    try:
        page = KeysetPage.of(rows, paging.cursor, paging.per_page, order=order)
    except InvalidCursor as error:
        raise _invalid_cursor() from error
    links = {
        "self": request.get_full_path(),
        "next": _link(request, cursor=page.next) if page.next else None,
        "prev": _link(request, cursor=page.previous) if page.previous else None,
    }
    return answer({"items": [row(item) for item in page], "_meta": {"per_page": paging.per_page}, "_links": links})


def _link(request: HttpRequest, **changes: Any) -> str:
    query = request.GET.copy()
    for name, value in changes.items():
        query[name] = str(value)
    return f"{request.path}?{query.urlencode()}"


def _invalid_cursor() -> ApiError:
    message = _("Take the cursor from a page's links.")
    return invalid({"field": "cursor", "in": "query", "code": "invalid_cursor", "message": message})
