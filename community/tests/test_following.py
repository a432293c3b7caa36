"""Following people and the feed that results. The first test is the microblog's own, with its names and order."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.services import move_home, remove_account
from cities.placement.locality import POSTS_OF_A_FEED
from cities.registry import registry
from community.models import FeedEntry, Follow
from community.refusals import CommunityRefused
from community.services import block, delete_post, follow, publish_post, unblock, unfollow
from movr_project.tests.locality import assert_local
from operations.tests.consistency import contradictions

from .factories import MemberFactory, PostFactory

pytestmark = pytest.mark.django_db


def feed_of(person: User) -> list[str]:
    person = User.objects.get(id=person.id)
    with assert_local(POSTS_OF_A_FEED):
        entries = list(FeedEntry.objects.of_reader(person).visible_to(person).order_by("-created_at", "-id"))
    return [entry.post.body for entry in entries]


@pytest.mark.parametrize("posts_first", [True, False], ids=["posts, then follows", "follows, then posts"])
def test_each_of_four_people_reads_their_own_posts_and_those_they_follow_newest_first(posts_first):
    john, susan, mary, david = (
        MemberFactory(username=name, city=city)
        for name, city in [("john", "paris"), ("susan", "rome"), ("mary", "boston"), ("david", "paris")]
    )
    now = timezone.now()

    def write():
        for author, seconds in ((john, 1), (susan, 4), (mary, 3), (david, 2)):
            moment = now + timedelta(seconds=seconds)
            PostFactory(author=author, body=f"post from {author.username}", created_at=moment)

    def follow_each_other():
        for follower, followed in ((john, susan), (john, david), (susan, mary), (mary, david)):
            follow(follower=follower, followed=followed)

    for step in (write, follow_each_other) if posts_first else (follow_each_other, write):
        step()

    assert feed_of(john) == ["post from susan", "post from david", "post from john"]
    assert feed_of(susan) == ["post from susan", "post from mary"]
    assert feed_of(mary) == ["post from mary", "post from david"]
    assert feed_of(david) == ["post from david"]
    assert contradictions() == []


def test_following_twice_counts_once_and_unfollowing_twice_is_harmless():
    one, other = MemberFactory(), MemberFactory()
    PostFactory(author=other)
    for _again in range(2):
        follow(follower=one, followed=other)
    one.refresh_from_db()
    other.refresh_from_db()
    assert (one.followed_count, other.follower_count, len(feed_of(one))) == (1, 1, 1)
    for _again in range(2):
        unfollow(follower=one, followed=other)
    one.refresh_from_db()
    assert (one.followed_count, Follow.objects.count(), feed_of(one)) == (0, 0, [])
    assert contradictions() == []


@pytest.mark.parametrize(
    ("act", "sentence"),
    [(follow, "You cannot follow yourself!"), (unfollow, "You cannot unfollow yourself!")],
    ids=["follow", "unfollow"],
)
def test_nobody_follows_themselves(act, sentence):
    person = MemberFactory()
    with pytest.raises(CommunityRefused, match=sentence):
        act(follower=person, followed=person)


def test_blocking_ends_both_follows_and_forbids_new_ones_until_it_is_lifted():
    one, other = MemberFactory(), MemberFactory()
    follow(follower=one, followed=other)
    follow(follower=other, followed=one)
    block(blocker=one, blocked=other)
    block(blocker=one, blocked=other)
    assert not Follow.objects.exists()
    with pytest.raises(CommunityRefused) as refused:
        follow(follower=other, followed=one)
    assert refused.value.code == "blocked"
    unblock(blocker=one, blocked=other)
    follow(follower=other, followed=one)
    assert contradictions() == []


def test_a_form_sent_twice_is_one_post_and_a_deleted_one_leaves_every_feed():
    author, follower = MemberFactory(), MemberFactory(city="rome")
    follow(follower=follower, followed=author)
    posts = [publish_post(author=author, body="Hello there", token="one form") for _again in range(2)]
    assert posts[0] == posts[1]
    assert feed_of(follower) == ["Hello there"]
    assert delete_post(author=author, post_id=posts[0].id)
    assert not delete_post(author=author, post_id=posts[0].id)
    assert feed_of(follower) == feed_of(author) == []
    assert not FeedEntry.objects.exists()
    assert contradictions() == []


def test_everything_moves_with_a_person():
    author, follower = MemberFactory(), MemberFactory()
    follow(follower=follower, followed=author)
    publish_post(author=author, body="Hello from Paris", token="one form")
    move_home(user=author, city=registry["rome"])
    move_home(user=follower, city=registry["boston"])
    assert feed_of(follower) == feed_of(author) == ["Hello from Paris"]
    assert contradictions() == []


def test_everything_goes_with_an_account():
    author, follower = MemberFactory(), MemberFactory()
    follow(follower=follower, followed=author)
    follow(follower=author, followed=follower)
    publish_post(author=author, body="Hello", token="one form")
    remove_account(user=author)
    follower.refresh_from_db()
    assert (follower.followed_count, follower.follower_count, feed_of(follower)) == (0, 0, [])
    assert contradictions() == []
