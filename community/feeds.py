"""Home feeds: each new post is written into the feeds of its author and their followers, where it is read from.

See docs/decisions/0040-feeds.md. A feed contains posts that its reader may no longer see; who reads it asks for
``visible_to``. All functions are part of transactions that lock the author, so that no post is missed by someone who
follows them at the same time.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import IntegrityError
from django.db.transaction import atomic
from django_tasks import task

from accounts.models import User
from jobs.services import workers
from movr_project.db.retry import retry_transaction

from .models import FeedEntry, Follow, Post
from .querysets import FollowQuerySet

BATCH = 500
MAX_AT_ONCE = 200  # followers whose feeds are written with the post; those of more are written by a job
MAX_BACKLOG = 1000  # posts of someone that appear in the feed of a new follower
BEFORE_ALL = UUID(int=0)


def deliver(post: Post) -> None:
    """Write a new post into the feeds of its author and of everyone who follows them.

    Those of many followers are left to a job. Without a worker that would run it soon, the author waits instead.
    """
    _insert([entry(post.city, post.author_id, post)])
    if post.author.follower_count > MAX_AT_ONCE and workers.is_served(post.city):
        deliver_to_followers.using(user=post.author, job_id=post.id).enqueue(str(post.id))
    else:
        _deliver_to(Follow.objects.of_followed(post.author).order_by("id"), post)


@task(takes_context=True, max_attempts=30)
def deliver_to_followers(context: Any, post_id: str) -> None:
    """Write a post into the feeds of its author's followers, in batches. Running it again changes nothing."""
    last, done = BEFORE_ALL, 0
    while batch := _deliver_batch(context.job.user_id, UUID(post_id), after=last):
        last, done = batch[-1], done + len(batch)
        context.progress(done, max(done, context.user.follower_count))


@retry_transaction(idempotent=True)
def _deliver_batch(author_id: UUID, post_id: UUID, *, after: UUID) -> list[UUID]:
    """Write a post into some feeds, and return the ids of the follows. None are left if the post has been deleted.

    Locks the author, like those who unfollow them and delete posts. Both may have moved since the last batch.
    """
    author = User.objects.filter(id=author_id).select_for_update().first()
    post = Post.objects.by(author).filter(id=post_id).first() if author else None
    if post is None:
        return []
    return _deliver_to(Follow.objects.of_followed(author).filter(id__gt=after).order_by("id")[:BATCH], post)


def _deliver_to(follows: FollowQuerySet, post: Post, *, attempts: int = 3) -> list[UUID]:
    """Write a post into the feeds of these followers, and return the ids of the follows.

    A follower may move or leave before the entry is written. Their follow has gone along, so look again.
    """
    rows = list(follows.values_list("id", "city", "follower_id"))
    try:
        with atomic():
            _insert(entry(city, reader_id, post) for _id, city, reader_id in rows)
    except IntegrityError:
        if attempts == 1:
            raise
        return _deliver_to(follows, post, attempts=attempts - 1)
    return [id_ for id_, *_reader in rows]


def add_backlog(reader: User, author: User) -> None:
    """Write someone's latest posts into the feed of a new follower."""
    _insert(entry(reader.city, reader.id, post) for post in Post.objects.by(author).newest_first()[:MAX_BACKLOG])


def remove_author(reader: User, author: User) -> None:
    """Remove someone's posts from a feed, in batches. Ids are derived, so no feed is searched for the entries."""
    for posts in Post.objects.by(author).in_batches(BATCH):
        ids = [FeedEntry.id_for(reader.id, post.id) for post in posts]
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
