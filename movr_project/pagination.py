"""Pages of a list that is never counted: a page costs the same in a small table and a huge one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar

from django.db.models import QuerySet

Row = TypeVar("Row")

LAST_PAGE = 1000  # an OFFSET is walked row by row; nobody reads that far


def page_number(text: str) -> int:
    """The number in ``?page=``; 1 for anything that is none (row B12)."""
    try:
        return max(1, min(LAST_PAGE, int(text)))
    except ValueError:
        return 1


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows, and whether there are more. Beyond the end it is empty, not an error."""

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
