"""Rules about rows of the community. See ``operations.integrity``."""

from functools import reduce
from operator import or_

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from accounts.models import User
from cities.models import City
from jobs.models import Job
from operations.integrity.counting import number_of
from operations.integrity.rules import rule

from .feeds import deliver_to_followers
from .models import Block, Conversation, Decision, FeedEntry, Follow, Message, Post, Report


def _people_with(city: City, counter: str, ids: QuerySet) -> QuerySet:
    """Return the people with a count, by either way of counting: for everyone it would read every row."""
    return User.objects.in_city(city.name).filter(Q(**{f"{counter}__gt": 0}) | Q(id__in=ids))


@rule("A person's post_count is the number of their posts.")
def person_posts(city: City) -> QuerySet:
    posts = Post.objects.in_city(city.name)
    people = _people_with(city, "post_count", posts.values("author_id"))
    return people.exclude(post_count=number_of(posts.filter(author_id=OuterRef("id")), "author_id"))


@rule("A person's followed_count is the number of people whom they follow.")
def person_followed(city: City) -> QuerySet:
    follows = Follow.objects.filter(city=city.name)
    people = _people_with(city, "followed_count", follows.values("follower_id"))
    return people.exclude(followed_count=number_of(follows.filter(follower_id=OuterRef("id")), "follower_id"))


@rule("A person's follower_count is the number of people who follow them, from any city.")
def person_followers(city: City) -> QuerySet:
    follows = Follow.objects.filter(followed_city=city.name)
    people = _people_with(city, "follower_count", follows.values("followed_id"))
    return people.exclude(follower_count=number_of(follows.filter(followed_id=OuterRef("id")), "followed_id"))


@rule("A person's unread_messages is the sum of their conversations' unread messages.")
def person_unread_messages(city: City) -> QuerySet:
    unread = Conversation.objects.filter(city=city.name, unread__gt=0)
    people = _people_with(city, "unread_messages", unread.values("owner_id"))
    own = unread.filter(owner_id=OuterRef("id")).order_by().values("owner_id")
    return people.exclude(unread_messages=Coalesce(Subquery(own.annotate(total=Sum("unread")).values("total")), 0))


@rule("A conversation's unread messages are those that its owner has received and not read.")
def conversation_unread(city: City) -> QuerySet:
    received = Message.objects.filter(city=city.name, recipient_id=OuterRef("owner_id"), sender_id=OuterRef("other_id"))
    number = number_of(received.unread(), "recipient_id")
    return Conversation.objects.filter(city=city.name).exclude(unread=number)


@rule("Every post is in the feed of its author.")
def post_in_authors_feed(city: City) -> QuerySet:
    own = FeedEntry.objects.filter(city=OuterRef("city"), reader_id=OuterRef("author_id"), post_id=OuterRef("id"))
    return Post.objects.in_city(city.name).filter(~Exists(own))


@rule("The latest post of whom someone follows is in their feed, unless a job is about to write it there.")
def post_in_followers_feed(city: City) -> QuerySet:
    """Reads the posts and jobs of all cities, as people follow people elsewhere."""
    posts = Post.objects.filter(city=OuterRef("followed_city"), author_id=OuterRef("followed_id")).newest_first()
    follows = Follow.objects.filter(city=city.name).annotate(latest=Subquery(posts.values("id")[:1]))
    delivered = FeedEntry.objects.filter(
        city=OuterRef("city"), reader_id=OuterRef("follower_id"), post_id=OuterRef("latest")
    )
    jobs = Job.objects.active().filter(city=OuterRef("followed_city"), user_id=OuterRef("followed_id"))
    delivering = jobs.filter(task=deliver_to_followers.module_path)
    return follows.filter(latest__isnull=False).filter(~Exists(delivered), ~Exists(delivering))


@rule("People who have blocked each other don't follow each other.")
def follow_between_blocked(city: City) -> QuerySet:
    """Reads the blocks of all cities."""
    blocks = Block.objects.filter(blocker_id=OuterRef("follower_id"), blocked_id=OuterRef("followed_id"))
    reverse = Block.objects.filter(blocker_id=OuterRef("followed_id"), blocked_id=OuterRef("follower_id"))
    return Follow.objects.filter(city=city.name).filter(Exists(blocks) | Exists(reverse))


@rule("Nothing in the community refers to a deleted account.")
def removed_member(city: City) -> QuerySet:
    """Reads the rows of all cities."""
    person = OuterRef("id")
    pointing = [
        Post.objects.in_city(city.name).filter(author_id=person),
        FeedEntry.objects.filter(city=city.name, reader_id=person),
        Follow.objects.filter(city=city.name, follower_id=person),
        Follow.objects.filter(followed_city=city.name, followed_id=person),
        Block.objects.filter(city=city.name, blocker_id=person),
        Block.objects.filter(blocked_city=city.name, blocked_id=person),
        Message.objects.filter(city=city.name, recipient_id=person),
        Message.objects.filter(sender_city=city.name, sender_id=person),
        Conversation.objects.filter(city=city.name, owner_id=person),
        Conversation.objects.filter(other_city=city.name, other_id=person),
        Report.objects.filter(city=city.name, person_id=person),
        Report.objects.filter(reporter_city=city.name, reporter_id=person),
        Decision.objects.filter(city=city.name, person_id=person),
    ]
    removed = User.objects.in_city(city.name).filter(is_active=False, email__isnull=True)
    return removed.filter(reduce(or_, map(Exists, pointing)))
