"""Pagination without a count: a page costs the same in a small table and in a huge one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar

from django.db.models import QuerySet

Row = TypeVar("Row")

MAX_NUMBER_LENGTH = 20  # characters: parsing a number takes quadratic time
LAST_PAGE = 1000  # OFFSET reads every skipped row, and no one pages that far


def page_number(text: str) -> int:
    """Return the number in ``?page=``. Invalid values become 1."""
    if len(text) > MAX_NUMBER_LENGTH:
        return 1
    try:
        return max(1, min(LAST_PAGE, int(text)))
    except ValueError:
        return 1


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows, and whether there are more. A page beyond the end is empty, not an error."""

    object_list: Sequence[Row]
    number: int
    has_next: bool

    @classmethod
    def of(cls, queryset: QuerySet[Any] | Sequence[Any], number: int, size: int) -> Self:
        start = (number - 1) * size
        rows = list(queryset[start : start + size + 1])
        return cls(rows[:size], number, has_next=len(rows) > size)

    def __iter__(self):
        return iter(self.object_list)

    def __len__(self) -> int:
        return len(self.object_list)

    @property
    def has_previous(self) -> bool:
        return self.number > 1

    @property
    def next_page_number(self) -> int:
        return self.number + 1

    @property
    def previous_page_number(self) -> int:
        return self.number - 1
