"""Services that write and delete posts."""

import uuid
from datetime import datetime

from django.db.models import F
from django.db.models.functions import Greatest

from accounts.models import User
from accounts.querysets import UserQuerySet
from movr_project.db.retry import retry_transaction
from rides.models import Ride

from .. import search
from ..feeds import deliver
from ..languages import detect_language
from ..locking import lock_people, refuse_silenced
from ..models import Post


def publish_post(*, author: User, body: str, token: str, ride: Ride | None = None) -> Post:
    """Publish a post in the author's home city, and write it into the feeds of followers. The same token is one post.

    ``ride`` is an ended ride of the author, whose vehicle type, duration and city are shown. Locks the author. Raises
    ``CommunityRefused``: ``silenced``, ``account_changed``.
    """
    # Detecting takes time at first, so before the transaction.
    return insert_post(author=author, body=body, token=token, ride=ride, language=detect_language(body))


@retry_transaction(idempotent=True)
def insert_post(
    *,
    author: User,
    body: str,
    token: str,
    ride: Ride | None = None,
    language: str = "",
    created_at: datetime | None = None,
) -> Post:
    """Insert a post, by default with the current time. Use ``publish_post`` unless the answer is to be kept."""
    (row,) = lock_people(author)
    id_ = uuid.uuid5(row.id, f"post:{token}")
    existing = Post.objects.by(row).filter(id=id_).first()
    if existing:
        return existing
    refuse_silenced(row)
    post = Post(city=row.city, id=id_, author=row, body=body, language=language)
    post.created_at = created_at or post.created_at
    if ride is not None:
        post.ride_type, post.ride_length, post.ride_city = ride.vehicle.type, ride.length, ride.city
    post.save(force_insert=True)
    search.add(post)
    deliver(post)
    _own_row(row).update(post_count=F("post_count") + 1)
    return post


@retry_transaction(idempotent=True)
def delete_post(*, author: User, post_id: uuid.UUID) -> bool:
    """Delete one's own post. Return False if there is none. Idempotent. Locks the author."""
    (row,) = lock_people(author)
    post = Post.objects.by(row).filter(id=post_id).first()
    if post is None:
        return False
    drop_post(post)
    return True


def drop_post(post: Post) -> None:
    """Delete a post with its text in the index. Part of a transaction that has locked the author."""
    search.remove(post)
    # The database deletes translations and entries in feeds.
    Post.objects.filter(city=post.city, id=post.id).delete()
    author = User.objects.filter(city=post.city, id=post.author_id)
    author.update(post_count=Greatest(F("post_count") - 1, 0))


def _own_row(person: User) -> UserQuerySet:
    return User.objects.filter(city=person.city, id=person.id)
