"""SQLite: a virtual FTS5 table ``post_search``, whose rows have the ``search_id`` of their posts."""

import re
from collections.abc import Sequence

from django.db import connection
from django.db.models import BooleanField, FloatField, Value
from django.db.models.expressions import RawSQL

from ..models import Post
from ..querysets import PostQuerySet
from .index import CANDIDATES

MAX_WORDS = 16
WORD = re.compile(r"\w+")
# How many of the post's words match: each is marked with one character. FTS5's bm25 changes with every other post.
RANK = """
    SELECT length(highlight(post_search, 0, char(1), '')) - length(body)
    FROM post_search WHERE post_search MATCH %s AND rowid = posts.search_id
"""


class SqliteIndex:
    def add(self, posts: Sequence[Post]) -> None:
        rows = [(post.search_id, post.body) for post in posts]
        with connection.cursor() as cursor:
            cursor.executemany("INSERT OR REPLACE INTO post_search (rowid, body) VALUES (%s, %s)", rows)

    def remove(self, posts: Sequence[Post]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany("DELETE FROM post_search WHERE rowid = %s", [(post.search_id,) for post in posts])

    def forget_deleted(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM post_search WHERE rowid NOT IN (SELECT search_id FROM posts)")

    def purge(self) -> None:
        """Merge the index: until then it keeps the words of removed rows, marked as deleted."""
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO post_search (post_search) VALUES ('optimize')")

    def query(self, words: str, posts: PostQuerySet) -> PostQuerySet:
        match = quoted(words)
        if not match:
            return posts.none().annotate(rank=Value(0.0))
        newest = "SELECT rowid FROM post_search WHERE post_search MATCH %s ORDER BY rowid DESC LIMIT %s"
        is_one = RawSQL(f"posts.search_id IN ({newest})", [match, CANDIDATES], BooleanField())  # noqa: S611
        return posts.filter(is_one).annotate(rank=RawSQL(RANK, [match], FloatField()))  # noqa: S611


def quoted(words: str) -> str:
    """Return a query for posts with all of the words. Quotes keep FTS5 from reading its operators in them."""
    return " ".join(f'"{word}"' for word in WORD.findall(words)[:MAX_WORDS])
