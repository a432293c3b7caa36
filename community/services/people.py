"""Services for following and blocking."""

import uuid

from django.db.models import F
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.querysets import UserQuerySet
from movr_project.db.retry import retry_transaction

from ..feeds import add_backlog, remove_author
from ..locking import lock_pair, lock_people
from ..models import Block, Follow, Message
from ..refusals import CommunityRefused
from .messages import count_as_read


@retry_transaction(idempotent=True)
def follow(*, follower: User, followed: User) -> None:
    """Follow someone, whose latest posts appear on the follower's home page. Idempotent.

    Locks both. Raises ``CommunityRefused``: ``own_account``, ``blocked``, ``account_changed``.
    """
    _refuse_oneself(follower, followed, _("You cannot follow yourself!"))
    follower, followed = lock_pair(follower, followed)
    _added, is_new = Follow.objects.get_or_create(
        city=follower.city,
        id=uuid.uuid5(follower.id, str(followed.id)),
        defaults={"follower_id": follower.id, "followed_city": followed.city, "followed_id": followed.id},
    )
    if is_new:
        _row(follower).update(followed_count=F("followed_count") + 1)
        _row(followed).update(follower_count=F("follower_count") + 1)
        add_backlog(follower, followed)


@retry_transaction(idempotent=True)
def unfollow(*, follower: User, followed: User) -> None:
    """Stop following someone. Idempotent. Locks both. Raises ``CommunityRefused``: ``own_account``."""
    _refuse_oneself(follower, followed, _("You cannot unfollow yourself!"))
    drop_follow(*lock_people(follower, followed))


@retry_transaction(idempotent=True)
def block(*, blocker: User, blocked: User) -> None:
    """Block someone: neither sees the other's posts or writes to the other, and neither follows the other.

    Idempotent. Locks both. Raises ``CommunityRefused``: ``own_account``, ``account_changed``.
    """
    _refuse_oneself(blocker, blocked, _("You can't block yourself."))
    blocker, blocked = lock_people(blocker, blocked)
    Block.objects.get_or_create(
        city=blocker.city,
        id=uuid.uuid5(blocker.id, str(blocked.id)),
        defaults={"blocker_id": blocker.id, "blocked_city": blocked.city, "blocked_id": blocked.id},
    )
    drop_follow(blocker, blocked)
    drop_follow(blocked, blocker)
    _forget_unread(blocker, blocked)
    _forget_unread(blocked, blocker)


@retry_transaction(idempotent=True)
def unblock(*, blocker: User, blocked: User) -> None:
    """Lift a block of one's own. Idempotent."""
    Block.objects.by(blocker).filter(blocked_id=blocked.id).delete()


def drop_follow(follower: User, followed: User) -> None:
    """End a follow, if there is one. Part of a transaction that has locked both."""
    number, _tables = Follow.objects.of_follower(follower).filter(followed_id=followed.id).delete()
    if number:
        _row(follower).update(followed_count=Greatest(F("followed_count") - 1, 0))
        _row(followed).update(follower_count=Greatest(F("follower_count") - 1, 0))
        remove_author(follower, followed)


def _forget_unread(owner: User, other: User) -> None:
    """Mark the messages of someone who isn't seen any more as read, so that nothing counts them again."""
    count_as_read(Message.objects.received_by(owner).sent_by(other), owner, other.id)


def _refuse_oneself(one: User, other: User, sentence: str) -> None:
    if one.id == other.id:
        raise CommunityRefused(sentence, code="own_account")


def _row(person: User) -> UserQuerySet:
    return User.objects.filter(city=person.city, id=person.id)
