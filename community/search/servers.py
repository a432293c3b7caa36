"""PostgreSQL and CockroachDB: a column ``search`` of the table, of the type TSVECTOR, which Django doesn't know.

A post is indexed in its own language, by the stems of its words, and a query is read in every language of the site.
"""

from collections.abc import Iterator, Sequence
from functools import cache

from django.conf import settings
from django.db import connection
from django.db.models import BooleanField, FloatField
from django.db.models.expressions import RawSQL

from ..models import Post
from ..querysets import PostQuerySet
from .index import CANDIDATES

# Of the languages that both servers have, by their codes. Other posts are indexed by whole words.
CONFIGURATIONS = {
    "da": "danish",
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "it": "italian",
    "nl": "dutch",
    "nb": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "tr": "turkish",
}
WHOLE_WORDS = "simple"


class PostgresIndex:
    # Understands quotes, OR and a leading minus, and accepts any text.
    reads_query = "websearch_to_tsquery"

    def add(self, posts: Sequence[Post]) -> None:
        sql = "UPDATE posts SET search = to_tsvector(%s, %s) WHERE city = %s AND id = %s"
        with connection.cursor() as cursor:
            for post in posts:
                cursor.execute(sql, [configuration(post.language), post.body, post.city, post.id])

    def remove(self, posts: Sequence[Post]) -> None:
        """Do nothing: the entry is part of the row."""

    def forget_deleted(self) -> None:
        """Do nothing: the entry is part of the row."""

    def purge(self) -> None:
        """Do nothing: the entry is part of the row."""

    def query(self, words: str, posts: PostQuerySet) -> PostQuerySet:
        queries = [f"{self.reads_query}('{name}', %s)" for name in query_configurations()]
        values = [words] * len(queries)
        matches = " OR ".join(f"search @@ {one}" for one in queries)
        ranks = ", ".join(f"ts_rank(search, {one})" for one in queries)
        # The planner walks the newest posts if many match, and the index of words if few do.
        newest = posts.filter(RawSQL(f"({matches})", values, BooleanField())).newest_first()[:CANDIDATES]  # noqa: S611  (values are parameters)
        found = Post.objects.select_related("author").filter(pk__in=newest.values("pk"))
        # Of double precision, which comes back from a cursor as the same number. ts_rank has single precision.
        return found.annotate(rank=RawSQL(f"GREATEST({ranks})::float8", values, FloatField()))  # noqa: S611


class CockroachIndex(PostgresIndex):
    # CockroachDB doesn't have websearch_to_tsquery. This one ignores operators.
    reads_query = "plainto_tsquery"


def configuration(language: str) -> str:
    return CONFIGURATIONS.get(language.partition("-")[0], WHOLE_WORDS)


@cache
def query_configurations() -> list[str]:
    """Return the configurations of the site's languages, and the one of all other posts."""
    return list(_distinct_configurations())


def _distinct_configurations() -> Iterator[str]:
    yield from dict.fromkeys([*(configuration(code) for code, _name in settings.LANGUAGES), WHOLE_WORDS])
