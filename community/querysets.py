"""Named filters, and the one place that decides who sees what.

**Who sees a post?** Its author always does. Others do unless staff have hidden it, its author has left, has hidden
their profile or is silenced, or one of the two has blocked the other.

**Who sees a message?** Its two people, unless one has blocked the other. If staff have hidden it, only its sender.

**Who sees a person?** Everyone to whom they are visible, unless one of the two has blocked the other.
"""

import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Self

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.models import User
from accounts.querysets import UserQuerySet

if TYPE_CHECKING:
    from .models import Block, Post


def _blocks() -> "models.QuerySet[Block]":
    return apps.get_model("community", "Block")._default_manager.all()


def _not_blocked(viewer: User, city: str, person_id: str) -> Q:
    """Return that neither has blocked the other. ``city`` and ``person_id`` are columns of the other person."""
    by_viewer = _blocks().filter(city=viewer.city, blocker_id=viewer.id, blocked_id=OuterRef(person_id))
    by_other = _blocks().filter(city=OuterRef(city), blocker_id=OuterRef(person_id), blocked_id=viewer.id)
    return ~Exists(by_viewer) & ~Exists(by_other)


def _may_be_read(viewer: User, post: str = "") -> Q:
    """Return the rule about posts. ``post`` is the path to the post, with a trailing ``__``."""
    author = f"{post}author__"
    own = Q(**{f"{post}city": viewer.city, f"{post}author_id": viewer.id})
    published = Q(**{f"{post}hidden_at__isnull": True, f"{author}is_active": True, f"{author}is_listed": True})
    silenced = Q(**{f"{author}silenced_until__gt": timezone.now()})
    not_silenced = Q(**{f"{author}silenced_until__isnull": True}) | ~silenced
    return own | (published & not_silenced & _not_blocked(viewer, f"{post}city", f"{post}author_id"))


def people_seen_by(viewer: User) -> UserQuerySet:
    """Return the people whom a person may find, read and follow."""
    return User.objects.active().shown_to(viewer).filter(_not_blocked(viewer, "city", "id"))


def people_to_write_to(sender: User) -> UserQuerySet:
    """Return the people to whom a person may send messages.

    Everyone they may see and, although their profile is hidden, those who have written to them.
    """
    messages = apps.get_model("community", "Message")._default_manager
    wrote = messages.filter(city=sender.city, recipient_id=sender.id, sender_id=OuterRef("id"))
    people = User.objects.active().exclude(id=sender.id).filter(Q(is_listed=True) | Exists(wrote))
    return people.filter(_not_blocked(sender, "city", "id"))


def pair_of(one: User, other: User) -> uuid.UUID:
    """Return what identifies the conversation of two people, in either order."""
    first, second = sorted((one.id, other.id))
    return uuid.uuid5(first, str(second))


class PostQuerySet(models.QuerySet):
    def visible_to(self, viewer: User) -> Self:
        return self.select_related("author").filter(_may_be_read(viewer))

    def in_city(self, city: str) -> Self:
        return self.filter(city=city)

    def by(self, author: User) -> Self:
        return self.filter(city=author.city, author_id=author.id)

    def newest_first(self) -> Self:
        return self.order_by("-created_at", "-id")

    def in_batches(self, size: int) -> Iterator[list["Post"]]:
        """Yield lists of at most ``size`` posts, the oldest first, each read when it is needed."""
        posts = self.order_by("created_at", "id")
        batch = list(posts[:size])
        while batch:
            yield batch
            last = batch[-1]
            later = Q(created_at__gt=last.created_at) | Q(created_at=last.created_at, id__gt=last.id)
            batch = list(posts.filter(later, created_at__gte=last.created_at)[:size]) if len(batch) == size else []


class FeedEntryQuerySet(models.QuerySet):
    def of_reader(self, reader: User) -> Self:
        return self.filter(city=reader.city, reader_id=reader.id)

    def visible_to(self, viewer: User) -> Self:
        return self.select_related("post__author").filter(_may_be_read(viewer, "post__"))


class FollowQuerySet(models.QuerySet):
    def of_follower(self, person: User) -> Self:
        return self.filter(city=person.city, follower_id=person.id)

    def of_followed(self, person: User) -> Self:
        return self.filter(followed_city=person.city, followed_id=person.id)


class BlockQuerySet(models.QuerySet):
    def by(self, person: User) -> Self:
        return self.filter(city=person.city, blocker_id=person.id)

    def between(self, one: User, other: User) -> Self:
        return self.filter(
            Q(city=one.city, blocker_id=one.id, blocked_id=other.id)
            | Q(city=other.city, blocker_id=other.id, blocked_id=one.id)
        )


class MessageQuerySet(models.QuerySet):
    def visible_to(self, viewer: User) -> Self:
        sent = Q(sender_city=viewer.city, sender_id=viewer.id)
        received = Q(city=viewer.city, recipient_id=viewer.id, hidden_at__isnull=True)
        not_blocked = Q(sent) & _not_blocked(viewer, "city", "recipient_id")
        not_blocked |= Q(received) & _not_blocked(viewer, "sender_city", "sender_id")
        return self.filter(not_blocked)

    def between(self, one: User, other: User) -> Self:
        cities = sorted({one.city, other.city})
        return self.filter(city__in=cities, sender_city__in=cities, pair=pair_of(one, other))

    def received_by(self, person: User) -> Self:
        return self.filter(city=person.city, recipient_id=person.id)

    def sent_by(self, person: User) -> Self:
        return self.filter(sender_city=person.city, sender_id=person.id)

    def unread(self) -> Self:
        return self.filter(read_at__isnull=True)


class ConversationQuerySet(models.QuerySet):
    def of_owner(self, person: User) -> Self:
        return self.filter(city=person.city, owner_id=person.id)

    def visible_to(self, viewer: User) -> Self:
        return self.select_related("other").filter(_not_blocked(viewer, "other_city", "other_id"))


class ReportQuerySet(models.QuerySet):
    def open(self) -> Self:
        return self.filter(closed_at__isnull=True)

    def sent_by(self, reporter: User) -> Self:
        return self.filter(reporter_city=reporter.city, reporter_id=reporter.id)

    def about_item(self, report: Any) -> Self:
        """Return the reports about the same item of the same person."""
        same = {"city": report.city, "person_id": report.person_id, "subject": report.subject}
        return self.filter(**same, item_id=report.item_id)


class DecisionQuerySet(models.QuerySet):
    def about(self, person: User) -> Self:
        return self.filter(city=person.city, person_id=person.id)
