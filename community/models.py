"""What people of the community write, whom they follow or block, and what staff decide about it."""

import secrets
import time
import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cities.models import City, city_column, served_city_constraint
from cities.registry import registry
from fleet.models.choices import VehicleType
from movr_project.db.constraints import ForeignKeyConstraint
from movr_project.db.keys import CityKey
from movr_project.db.relations import CityForeignKey

from .querysets import (
    BlockQuerySet,
    ConversationQuerySet,
    DecisionQuerySet,
    FeedEntryQuerySet,
    FollowQuerySet,
    MessageQuerySet,
    PostQuerySet,
    ReportQuerySet,
)

BODY_LENGTH = 140
LANGUAGE_LENGTH = 5
REASON_LENGTH = 500
SEARCH_ID_RANDOM_BITS = 20


def person_constraint(table: str, name: str, city_column: str = "city") -> ForeignKeyConstraint:
    """Return the foreign key to a person's row. Rows follow a person who moves."""
    return ForeignKeyConstraint(
        name=f"{table}_{name}_lives_in_city",
        columns=[city_column, f"{name}_id"],
        to_table="users",
        to_columns=["city", "id"],
        on_update="CASCADE",
    )


def post_constraint(table: str, city_column: str = "city") -> ForeignKeyConstraint:
    """Return the foreign key to a post. The database deletes what belongs to a deleted one."""
    return ForeignKeyConstraint(
        name=f"{table}_post_exists",
        columns=[city_column, "post_id"],
        to_table="posts",
        to_columns=["city", "id"],
        on_update="CASCADE",
        on_delete="CASCADE",
    )


def person_relation(name: str, related_name: str, city_field: str = "city", **kwargs) -> CityForeignKey:
    return CityForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, city_field=city_field, related_name=related_name, **kwargs
    )


def new_search_id() -> int:
    """Return a number for SQLite's full text index, whose entries have integer keys. Later posts have larger ones."""
    return (time.time_ns() // 1_000_000 << SEARCH_ID_RANDOM_BITS) | secrets.randbits(SEARCH_ID_RANDOM_BITS)


class Post(models.Model):
    """A post, in its author's home city, where it moves with them.

    It may show a ride of the author: what kind of vehicle, how long and where, but no position.
    """

    pk = CityKey("city", "id")
    city = city_column()
    id = models.UUIDField(default=uuid.uuid4, editable=False)
    author_id = models.UUIDField(editable=False)
    author = person_relation("author", "posts")
    body = models.CharField(_("text"), max_length=BODY_LENGTH)
    language = models.CharField(_("language"), max_length=LANGUAGE_LENGTH, blank=True)  # "" if it isn't certain
    created_at = models.DateTimeField(_("written"), default=timezone.now, editable=False)
    ride_type = models.CharField(_("vehicle type"), max_length=16, choices=VehicleType, blank=True, editable=False)
    ride_length = models.DurationField(_("duration"), null=True, blank=True, editable=False)
    ride_city = city_column(blank=True, editable=False)
    search_id = models.BigIntegerField(default=new_search_id, editable=False)
    hidden_at = models.DateTimeField(_("hidden"), null=True, blank=True, editable=False)

    objects = PostQuerySet.as_manager()

    class Meta:
        db_table = "posts"
        verbose_name = _("post")
        verbose_name_plural = _("posts")
        constraints = [
            served_city_constraint("posts"),
            person_constraint("posts", "author"),
            models.CheckConstraint(
                condition=Q(ride_type="", ride_length__isnull=True, ride_city="")
                | (~Q(ride_type="") & Q(ride_length__isnull=False) & ~Q(ride_city="")),
                name="posts_ride_is_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["city", "-created_at", "-id"], name="posts_city"),
            models.Index(fields=["city", "author_id", "-created_at", "-id"], name="posts_author"),
            # The only index that doesn't begin with a city: Explore shows those of all cities.
            models.Index(fields=["-created_at", "-id"], name="posts_newest"),
        ]

    def __str__(self) -> str:
        return self.body

    def __repr__(self) -> str:
        return f"<Post(city={self.city!r}, id='{self.id}', author_id='{self.author_id}')>"

    def get_absolute_url(self) -> str:
        return reverse("community:post_detail", args=[self.city, self.id])

    @property
    def served_city(self) -> City:
        return registry[self.city]

    @property
    def is_hidden(self) -> bool:
        return self.hidden_at is not None


class FeedEntry(models.Model):
    """A post in the home feed of one reader, in the reader's home city. See docs/decisions/0040-feeds.md."""

    pk = CityKey("city", "id")
    city = city_column()
    id = models.UUIDField(editable=False)  # derived from reader and post, so that no post is in a feed twice
    reader_id = models.UUIDField(editable=False)
    reader = person_relation("reader", "feed_entries")
    post_city = city_column(editable=False)
    post_id = models.UUIDField(editable=False)
    post = CityForeignKey(Post, models.DO_NOTHING, city_field="post_city", related_name="feed_entries")
    created_at = models.DateTimeField(editable=False)  # the post's

    objects = FeedEntryQuerySet.as_manager()

    class Meta:
        db_table = "feed_entries"
        verbose_name = _("feed entry")
        verbose_name_plural = _("feed entries")
        constraints = [
            served_city_constraint("feed_entries"),
            person_constraint("feed_entries", "reader"),
            post_constraint("feed_entries", "post_city"),
        ]
        indexes = [
            models.Index(fields=["city", "reader_id", "-created_at", "-id"], name="feed_entries_reader"),
            models.Index(fields=["post_city", "post_id"], name="feed_entries_post"),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @staticmethod
    def id_for(reader_id: uuid.UUID, post_id: uuid.UUID) -> uuid.UUID:
        return uuid.uuid5(reader_id, str(post_id))


class Translation(models.Model):
    """A machine's translation of a post, kept so that it is asked for once."""

    pk = CityKey("city", "id")
    city = city_column()
    id = models.UUIDField(editable=False)  # derived from post and language
    post_id = models.UUIDField(editable=False)
    post = CityForeignKey(Post, models.DO_NOTHING, related_name="translations")
    language = models.CharField(max_length=LANGUAGE_LENGTH)
    text = models.TextField()

    class Meta:
        db_table = "translations"
        verbose_name = _("translation")
        verbose_name_plural = _("translations")
        constraints = [served_city_constraint("translations"), post_constraint("translations")]
        indexes = [models.Index(fields=["city", "post_id"], name="translations_post")]

    def __str__(self) -> str:
        return self.text


class Follow(models.Model):
    """Someone follows someone, in the follower's home city."""

    pk = CityKey("city", "id")
    city = city_column()
    id = models.UUIDField(editable=False)  # derived from both people
    follower_id = models.UUIDField(editable=False)
    follower = person_relation("follower", "follows")
    followed_city = city_column(editable=False)
    followed_id = models.UUIDField(editable=False)
    followed = person_relation("followed", "followed_by", "followed_city")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = FollowQuerySet.as_manager()

    class Meta:
        db_table = "follows"
        verbose_name = _("follower")
        verbose_name_plural = _("followers")
        constraints = [
            served_city_constraint("follows"),
            person_constraint("follows", "follower"),
            person_constraint("follows", "followed", "followed_city"),
            models.CheckConstraint(condition=~Q(follower_id=F("followed_id")), name="follows_someone_else"),
        ]
        indexes = [
            models.Index(fields=["city", "follower_id", "followed_id"], name="follows_follower"),
            models.Index(fields=["followed_city", "followed_id", "id"], name="follows_followed_in_order"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Block(models.Model):
    """Someone has blocked someone, in the home city of who blocks. Neither sees the other from then on."""

    pk = CityKey("city", "id")
    city = city_column()
    id = models.UUIDField(editable=False)  # derived from both people
    blocker_id = models.UUIDField(editable=False)
    blocker = person_relation("blocker", "blocks")
    blocked_city = city_column(editable=False)
    blocked_id = models.UUIDField(editable=False)
    blocked = person_relation("blocked", "blocked_by", "blocked_city")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = BlockQuerySet.as_manager()

    class Meta:
        db_table = "blocks"
        verbose_name = _("block")
        verbose_name_plural = _("blocks")
        constraints = [
            served_city_constraint("blocks"),
            person_constraint("blocks", "blocker"),
            person_constraint("blocks", "blocked", "blocked_city"),
            models.CheckConstraint(condition=~Q(blocker_id=F("blocked_id")), name="blocks_someone_else"),
        ]
        indexes = [
            models.Index(fields=["city", "blocker_id", "blocked_id"], name="blocks_blocker"),
            models.Index(fields=["blocked_city", "blocked_id"], name="blocks_blocked"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Message(models.Model):
    """A private message, in the recipient's home city. ``pair`` identifies the two people, in either order."""

    pk = CityKey("city", "id")
    city = city_column()
    id = models.UUIDField(editable=False)
    recipient_id = models.UUIDField(editable=False)
    recipient = person_relation("recipient", "received_messages")
    sender_city = city_column(editable=False)
    sender_id = models.UUIDField(editable=False)
    sender = person_relation("sender", "sent_messages", "sender_city")
    pair = models.UUIDField(editable=False)
    body = models.CharField(_("text"), max_length=BODY_LENGTH)
    created_at = models.DateTimeField(_("sent"), default=timezone.now, editable=False)
    read_at = models.DateTimeField(_("read"), null=True, blank=True, editable=False)
    hidden_at = models.DateTimeField(_("hidden"), null=True, blank=True, editable=False)

    objects = MessageQuerySet.as_manager()

    class Meta:
        db_table = "messages"
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            served_city_constraint("messages"),
            person_constraint("messages", "recipient"),
            person_constraint("messages", "sender", "sender_city"),
        ]
        indexes = [
            models.Index(fields=["city", "pair", "-created_at", "-id"], name="messages_pair"),
            models.Index(fields=["city", "recipient_id", "read_at"], name="messages_recipient"),
            models.Index(fields=["sender_city", "sender_id"], name="messages_sender"),
        ]

    def __str__(self) -> str:
        return self.body

    def __repr__(self) -> str:
        return f"<Message(city={self.city!r}, id='{self.id}', sender_id='{self.sender_id}')>"

    @property
    def is_unread(self) -> bool:
        return self.read_at is None


class Conversation(models.Model):
    """One person's side of a conversation, in their home city: a row of their list, with its unread messages."""

    pk = CityKey("city", "id")
    city = city_column()
    id = models.UUIDField(editable=False)  # derived from both people
    owner_id = models.UUIDField(editable=False)
    owner = person_relation("owner", "conversations")
    other_city = city_column(editable=False)
    other_id = models.UUIDField(editable=False)
    other = person_relation("other", "conversations_with", "other_city")
    last_at = models.DateTimeField(default=timezone.now, editable=False)
    unread = models.PositiveIntegerField(default=0, editable=False)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        db_table = "conversations"
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        constraints = [
            served_city_constraint("conversations"),
            person_constraint("conversations", "owner"),
            person_constraint("conversations", "other", "other_city"),
        ]
        indexes = [
            models.Index(fields=["city", "owner_id", "-last_at", "-id"], name="conversations_owner"),
            models.Index(fields=["other_city", "other_id"], name="conversations_other"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Subject(models.TextChoices):
    """What a report or a decision is about."""

    POST = "post", _("Post")
    MESSAGE = "message", _("Message")
    PERSON = "person", _("Person")


class Reason(models.TextChoices):
    """Why something is reported."""

    SPAM = "spam", _("Spam or advertising")
    HARASSMENT = "harassment", _("Harassment or bullying")
    HATE = "hate", _("Hate speech")
    VIOLENCE = "violence", _("Threats or violence")
    SEXUAL = "sexual", _("Sexual content")
    PRIVACY = "privacy", _("Someone's private information")
    ILLEGAL = "illegal", _("Something else that is illegal")
    OTHER = "other", _("Something else")


class AboutSomeone(models.Model):
    """A row about a person, in their home city: about all of them, or about one of their posts or messages.

    ``text`` is what they had written, as it may be deleted meanwhile. So ``item_id`` has no foreign key.
    """

    subject = models.CharField(_("about"), max_length=8, choices=Subject, editable=False)
    item_id = models.UUIDField(null=True, editable=False)
    text = models.CharField(_("text"), max_length=BODY_LENGTH, blank=True, editable=False)
    created_at = models.DateTimeField(_("time"), default=timezone.now, editable=False)

    class Meta:
        abstract = True

    @property
    def served_city(self) -> City:
        return registry[self.city]


class Report(AboutSomeone):
    """A report of a post, a message or a person. It is open until staff close it, with or without a decision.

    Of each thing, everyone has one open report at most.
    """

    pk = CityKey("city", "id")
    city = city_column()
    id = models.UUIDField(editable=False)
    person_id = models.UUIDField(editable=False)
    person = person_relation("person", "reports_about")
    reason = models.CharField(_("reason"), max_length=16, choices=Reason)
    details = models.CharField(_("details"), max_length=REASON_LENGTH, blank=True)
    reporter_city = city_column(null=True, editable=False)
    reporter_id = models.UUIDField(null=True, editable=False)
    reporter = person_relation("reporter", "reports", "reporter_city", null=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True, editable=False)

    objects = ReportQuerySet.as_manager()

    class Meta:
        db_table = "reports"
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        constraints = [
            served_city_constraint("reports"),
            person_constraint("reports", "person"),
            person_constraint("reports", "reporter", "reporter_city"),
        ]
        indexes = [
            models.Index(fields=["city", "closed_at", "-created_at"], name="reports_queue"),
            models.Index(fields=["city", "person_id"], name="reports_person"),
            models.Index(fields=["reporter_city", "reporter_id"], name="reports_reporter"),
        ]

    def __str__(self) -> str:
        return self.get_reason_display()

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


class Measure(models.TextChoices):
    """What staff decided."""

    HIDE = "hide", _("Hidden")
    DELETE = "delete", _("Deleted")
    WARN = "warn", _("Warning")
    SILENCE = "silence", _("Silenced")


class Ground(models.TextChoices):
    """What a decision is based on: article 17 (3) of the Digital Services Act names both kinds."""

    TERMS = "terms", _("Our terms of use")
    LAW = "law", _("The law")


class Outcome(models.TextChoices):
    """The result of an objection."""

    UPHELD = "upheld", _("The decision stands")
    REVERSED = "reversed", _("The decision was reversed")


class Decision(AboutSomeone):
    """A decision of staff with its statement of reasons, and the person's objection to it."""

    pk = CityKey("city", "id")
    city = city_column()
    id = models.UUIDField(default=uuid.uuid4, editable=False)
    person_id = models.UUIDField(editable=False)
    person = person_relation("person", "decisions_about")
    measure = models.CharField(_("decision"), max_length=8, choices=Measure, editable=False)
    until = models.DateTimeField(_("until"), null=True, blank=True, editable=False)
    ground = models.CharField(_("based on"), max_length=8, choices=Ground, editable=False)
    reasons = models.CharField(_("reasons"), max_length=REASON_LENGTH, editable=False)
    was_reported = models.BooleanField(_("after a report"), default=True, editable=False)
    objection = models.CharField(_("objection"), max_length=REASON_LENGTH, blank=True, editable=False)
    objected_at = models.DateTimeField(_("objected"), null=True, blank=True, editable=False)
    outcome = models.CharField(_("outcome"), max_length=8, choices=Outcome, blank=True, editable=False)
    outcome_reasons = models.CharField(_("reasons"), max_length=REASON_LENGTH, blank=True, editable=False)
    decided_at = models.DateTimeField(_("objection decided"), null=True, blank=True, editable=False)

    objects = DecisionQuerySet.as_manager()

    class Meta:
        db_table = "decisions"
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        constraints = [served_city_constraint("decisions"), person_constraint("decisions", "person")]
        indexes = [
            models.Index(fields=["city", "-created_at"], name="decisions_city"),
            models.Index(fields=["city", "person_id"], name="decisions_person"),
        ]

    def __str__(self) -> str:
        return self.get_measure_display()

    def get_absolute_url(self) -> str:
        return reverse("community:decision", args=[self.city, self.id])

    @property
    def can_be_objected_to(self) -> bool:
        return self.objected_at is None

    @property
    def has_open_objection(self) -> bool:
        return self.objected_at is not None and not self.outcome
