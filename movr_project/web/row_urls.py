"""URLs of rows that have a city and an ID."""

import uuid
from functools import lru_cache

from django.urls import reverse

PLACEHOLDER = uuid.UUID(int=0)


def row_url(view_name: str, city: str, id_: uuid.UUID) -> str:
    """Return the URL of a view of one row. Reverse each view once per city, not once per row."""
    before, after = _around_id(view_name, city)
    return f"{before}{id_}{after}"


@lru_cache(maxsize=1000)
def _around_id(view_name: str, city: str) -> tuple[str, str]:
    before, _id, after = reverse(view_name, args=[city, PLACEHOLDER]).partition(str(PLACEHOLDER))
    return before, after
