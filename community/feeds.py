"""Home feeds: each new post is written into the feeds of its author and their followers, where it is read from.

See docs/decisions/0040-feeds.md. A feed contains posts that its reader may no longer see; who reads it asks for
``visible_to``. All functions are part of transactions that lock the author, so that no post is missed by someone who
follows them at the same time.
"""

from collections.abc import Iterable
from uuid import UUID

from accounts.models import User

from .models import FeedEntry, Follow, Post

BATCH = 500
MAX_BACKLOG = 1000  # posts of someone that appear in the feed of a new follower


def deliver(post: Post) -> None:
    """Write a new post into the feeds of its author and of everyone who follows them."""
    followers = Follow.objects.filter(followed_city=post.city, followed_id=post.author_id)
    readers = followers.order_by("id").values_list("city", "follower_id")
    _insert(entry(city, reader_id, post) for city, reader_id in [(post.city, post.author_id), *readers])


def add_backlog(reader: User, author: User) -> None:
    """Write someone's latest posts into the feed of a new follower."""
    _insert(entry(reader.city, reader.id, post) for post in Post.objects.by(author).newest_first()[:MAX_BACKLOG])


def remove_author(reader: User, author: User) -> None:
    """Remove someone's posts from a feed. Their ids are derived, so nothing has to be searched for them."""
    posts = list(Post.objects.by(author).newest_first().values_list("id", flat=True))
    for start in range(0, len(posts), BATCH):
        ids = [FeedEntry.id_for(reader.id, post_id) for post_id in posts[start : start + BATCH]]
        FeedEntry.objects.filter(city=reader.city, id__in=ids).delete()


def entry(city: str, reader_id: UUID, post: Post) -> FeedEntry:
    return FeedEntry(
        city=city,
        id=FeedEntry.id_for(reader_id, post.id),
        reader_id=reader_id,
        post_city=post.city,
        post_id=post.id,
        created_at=post.created_at,
    )


def _insert(entries: Iterable[FeedEntry]) -> None:
    FeedEntry.objects.bulk_create(list(entries), batch_size=BATCH, ignore_conflicts=True)
