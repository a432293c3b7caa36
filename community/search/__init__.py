"""Full text search of posts: ``add``, ``remove``, ``query`` and ``reindex``, on each engine's own index.

The index is written in the transaction that writes the post. Deleting a post removes its text from it.
"""

from django.db import connection

from accounts.models import User
from cities.registry import registry
from movr_project.db.retry import retry_transaction

from ..models import Post
from ..querysets import PostQuerySet
from .index import Index
from .servers import CockroachIndex, PostgresIndex
from .sqlite import SqliteIndex

MAX_QUERY_LENGTH = 200  # characters; the rest is ignored
BATCH = 500
BY_RELEVANCE = ("-rank", "-created_at", "-id")
INDEXES: dict[str, type[Index]] = {
    "sqlite": SqliteIndex,
    "postgresql": PostgresIndex,
    "cockroachdb": CockroachIndex,
}


def add(*posts: Post) -> None:
    """Add posts to the index, or replace their entries. Part of a transaction."""
    _index().add(posts)


def remove(*posts: Post) -> None:
    """Remove posts from the index. Part of a transaction, before they are deleted."""
    _index().remove(posts)


def purge() -> None:
    """Erase what the index keeps of removed texts. Part of a transaction. Slow, so only for erasing an account."""
    _index().purge()


def query(text: str, *, viewer: User) -> PostQuerySet:
    """Return the posts that match, of those that the viewer may see, to be ordered ``BY_RELEVANCE``.

    Of more than ``index.CANDIDATES`` posts that match, the newest are ranked.
    """
    words = text.replace("\0", " ")[:MAX_QUERY_LENGTH].strip()
    return _index().query(words, Post.objects.visible_to(viewer))


def reindex() -> int:
    """Make the index anew, city by city, and return the number of posts. Posts may be written meanwhile."""
    number = 0
    _index().forget_deleted()
    for city in registry:
        ids = list(Post.objects.in_city(city.name).order_by("id").values_list("id", flat=True))
        for start in range(0, len(ids), BATCH):
            number += _reindex_batch(city.name, ids[start : start + BATCH])
    return number


@retry_transaction(idempotent=True)
def _reindex_batch(city: str, ids: list) -> int:
    # Locked, so that none is deleted before its text is in the index.
    posts = list(Post.objects.in_city(city).filter(id__in=ids).select_for_update())
    add(*posts)
    return len(posts)


def _index() -> Index:
    return INDEXES[connection.vendor]()
