"""Export and erase what a person wrote, whom they follow or block, and decisions about them.

All of it goes with the account, messages to and from the person too. See ``accounts.personal_data``.
"""

from typing import Any

from django.db.models import F, Q
from django.db.models.functions import Greatest

from accounts.models import User
from accounts.personal_data import PersonalData, forget_words_in_staff_log, register
from throttling.services import forget

from . import search
from .limits import KINDS
from .models import Block, Conversation, Decision, FeedEntry, Follow, Message, Post, Report
from .services.messages import count_as_read

BATCH = 500


def export_posts(user: User) -> list[dict[str, Any]]:
    fields = ("body", "language", "created_at", "ride_type", "ride_length", "ride_city", "hidden_at")
    return list(Post.objects.by(user).order_by("created_at").values(*fields))


def erase_posts(user: User) -> None:
    """Delete the posts and the feed. The database deletes translations and entries in other feeds."""
    posts = Post.objects.by(user)
    forget_words_in_staff_log(posts)
    FeedEntry.objects.of_reader(user).delete()
    if not posts.exists():
        return
    while batch := list(posts.only("city", "id", "search_id")[:BATCH]):
        search.remove(*batch)
        posts.filter(id__in=[post.id for post in batch]).delete()
    search.purge()


def export_people(user: User) -> dict[str, Any]:
    """Return usernames. Who has blocked the person is private."""
    follows = Follow.objects.of_follower(user).values_list("followed__username", flat=True)
    followers = Follow.objects.of_followed(user).values_list("follower__username", flat=True)
    blocked = Block.objects.by(user).values_list("blocked__username", flat=True)
    return {"follows": sorted(follows), "followers": sorted(followers), "blocked": sorted(blocked)}


def erase_people(user: User) -> None:
    follows = Follow.objects.of_follower(user)
    followers = Follow.objects.of_followed(user)
    for row in follows.order_by("followed_id").values("followed_city", "followed_id"):
        _subtract("follower_count", row["followed_city"], row["followed_id"])
    for row in followers.order_by("follower_id").values("city", "follower_id"):
        _subtract("followed_count", row["city"], row["follower_id"])
    follows.delete()
    followers.delete()
    Block.objects.by(user).delete()
    Block.objects.filter(blocked_city=user.city, blocked_id=user.id).delete()
    for kind in KINDS:
        forget(kind, str(user.id))


def export_messages(user: User) -> list[dict[str, Any]]:
    own = Message.objects.filter(
        Q(city=user.city, recipient_id=user.id, hidden_at__isnull=True) | Q(sender_city=user.city, sender_id=user.id)
    )
    fields = ("sender__username", "recipient__username", "body", "created_at", "read_at")
    return list(own.order_by("created_at").values(*fields))


def erase_messages(user: User) -> None:
    sent = Message.objects.sent_by(user)
    unread = sent.unread().order_by("recipient_id").values_list("city", "recipient_id")
    for city, recipient_id in list(unread.distinct()):
        # They may be reading the messages now, so what is unread counts once they are locked.
        recipient = User.objects.filter(city=city, id=recipient_id).select_for_update().first()
        if recipient:
            count_as_read(sent.received_by(recipient), recipient, user.id)
    forget_words_in_staff_log(sent)
    sent.delete()
    Message.objects.received_by(user).delete()
    Conversation.objects.of_owner(user).delete()
    Conversation.objects.filter(other_city=user.city, other_id=user.id).delete()


def export_moderation(user: User) -> dict[str, Any]:
    sent = Report.objects.sent_by(user)
    about = Decision.objects.about(user)
    fields = ("measure", "until", "ground", "reasons", "text", "created_at", "objection", "outcome", "outcome_reasons")
    return {
        "reports": list(sent.order_by("created_at").values("subject", "text", "reason", "details", "created_at")),
        "decisions": list(about.order_by("created_at").values(*fields)),
    }


def erase_moderation(user: User) -> None:
    """Delete reports and decisions about the person, and unlink the reports that they sent."""
    sent = Report.objects.sent_by(user)
    about, decisions = Report.objects.filter(city=user.city, person_id=user.id), Decision.objects.about(user)
    for rows in (sent, about, decisions):
        forget_words_in_staff_log(rows)
    about.delete()
    decisions.delete()
    sent.update(reporter_id=None, details="")


def _subtract(counter: str, city: str, id_: Any) -> None:
    people = User.objects.filter(city=city, id=id_)
    people.update(**{counter: Greatest(F(counter) - 1, 0)})


register(PersonalData("posts", export_posts, erase_posts))
register(PersonalData("followers and blocked people", export_people, erase_people))
register(PersonalData("private messages", export_messages, erase_messages))
register(PersonalData("reports and decisions in the community", export_moderation, erase_moderation))
