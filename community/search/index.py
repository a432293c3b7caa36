"""What an engine's adapter implements."""

from collections.abc import Sequence
from typing import Protocol

from ..models import Post
from ..querysets import PostQuerySet

CANDIDATES = 1000  # matching posts that are ranked: ranking reads each of them


class Index(Protocol):
    def add(self, posts: Sequence[Post]) -> None: ...

    def remove(self, posts: Sequence[Post]) -> None: ...

    def query(self, words: str, posts: PostQuerySet) -> PostQuerySet:
        """Return those of ``posts`` that match, annotated with ``rank``.

        The rank depends on the post and the words only, not on other posts, so that it can be part of a cursor.
        """
        ...

    def forget_deleted(self) -> None:
        """Remove entries whose posts are gone."""
        ...

    def purge(self) -> None:
        """Erase what the index keeps of removed texts."""
        ...
