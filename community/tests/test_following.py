"""Following people and the feed that results. The first test is the microblog's own, with its names and order."""

from datetime import timedelta
from operator import itemgetter

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.services import _anonymised_fields, _erase_account, move_home, remove_account
from cities.placement.locality import POSTS_OF_A_FEED
from cities.registry import registry
from community import feeds
from community.models import FeedEntry, Follow
from community.refusals import CommunityRefused
from community.services import block, delete_post, follow, publish_post, unblock, unfollow
from jobs.errors import ShuttingDown
from jobs.models import Job, Status
from jobs.running import Run, run_job
from jobs.tests.work import claim_one, new_worker, run_jobs
from movr_project.tests.locality import assert_local
from movr_project.tests.threads import behind
from operations.tests.consistency import contradictions

from .factories import MemberFactory, PostFactory

pytestmark = pytest.mark.django_db


def feed_of(person: User) -> list[str]:
    person = User.objects.get(id=person.id)
    with assert_local(POSTS_OF_A_FEED):
        entries = list(FeedEntry.objects.of_reader(person).visible_to(person).order_by("-created_at", "-id"))
    return [entry.post.body for entry in entries]


def move(person: User) -> None:
    move_home.__wrapped__(user=person, city=registry["boston"])


def leave(person: User) -> None:
    _erase_account.__wrapped__(person, _anonymised_fields())


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


def test_unfollowing_reads_the_authors_posts_in_batches(monkeypatch):
    monkeypatch.setattr(feeds, "BATCH", 2)
    now, one, other = timezone.now(), MemberFactory(), MemberFactory(city="rome")
    own = PostFactory(author=one)
    for _same_moment in range(5):
        PostFactory(author=other, created_at=now)
    follow(follower=one, followed=other)
    assert len(feed_of(one)) == 6
    with CaptureQueriesContext(connection) as statements:
        unfollow(follower=one, followed=other)
    reads = [sql for sql in map(itemgetter("sql"), statements) if sql.startswith("SELECT") and 'FROM "posts"' in sql]
    assert len(reads) == 3
    assert all("LIMIT 2" in sql for sql in reads)
    assert feed_of(one) == [own.body]


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


@pytest.mark.parametrize("act", [move, leave])
@pytest.mark.django_db(transaction=True)
def test_a_post_finds_a_follower_who_moves_or_leaves_at_the_same_moment(act):
    author, follower = MemberFactory(city="rome"), MemberFactory(city="paris")
    follow(follower=follower, followed=author)
    (post,) = behind(lambda: act(follower), lambda: publish_post(author=author, body="Hello", token="one form"))
    assert post.body == "Hello"
    assert feed_of(follower) == (["Hello"] if act is move else [])
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


class TestAPostOfSomeoneWithManyFollowers:
    @pytest.fixture
    def author(self, monkeypatch):
        monkeypatch.setattr(feeds, "MAX_AT_ONCE", 2)
        monkeypatch.setattr(feeds, "BATCH", 2)
        return MemberFactory(city="rome")

    @pytest.fixture
    def followers(self, author):
        people = [MemberFactory(city=city) for city in ("paris", "rome", "boston", "paris", "rome")]
        for person in people:
            follow(follower=person, followed=author)
        return people

    def test_is_in_their_own_feed_at_once_and_soon_in_all_others(self, author, followers):
        new_worker()
        publish_post(author=author, body="Hello", token="one form")
        assert feed_of(author) == ["Hello"]
        assert feed_of(followers[0]) == []
        assert contradictions() == []  # as a job is about to write it
        run_jobs()
        assert [feed_of(person) for person in followers] == [["Hello"]] * 5
        assert Job.objects.get().status == Status.DONE
        assert contradictions() == []

    def test_is_in_all_feeds_at_once_if_no_worker_is_there(self, author, followers):
        publish_post(author=author, body="Hello", token="one form")
        assert [feed_of(person) for person in followers] == [["Hello"]] * 5
        assert not Job.objects.exists()

    def test_is_delivered_once_if_the_worker_is_interrupted(self, author, followers, monkeypatch):
        worker = new_worker()
        publish_post(author=author, body="Hello", token="one form")
        run = Run(claim_one(worker))
        deliver_batch = feeds._deliver_batch

        def deliver_and_stop(*args, **kwargs):
            run.stop = ShuttingDown
            return deliver_batch(*args, **kwargs)

        with monkeypatch.context() as interrupted:
            interrupted.setattr(feeds, "_deliver_batch", deliver_and_stop)
            run_job(run)
        assert sum(feed_of(person) == ["Hello"] for person in followers) == 2
        run_jobs()
        assert [feed_of(person) for person in followers] == [["Hello"]] * 5

    def test_is_not_delivered_to_those_who_have_left_meanwhile(self, author, followers):
        new_worker()
        publish_post(author=author, body="Hello", token="one form")
        unfollow(follower=followers[0], followed=author)
        block(blocker=author, blocked=followers[1])
        remove_account(user=followers[2])
        move_home(user=followers[3], city=registry["boston"])
        move_home(user=author, city=registry["paris"])
        run_jobs()
        assert [feed_of(person) for person in followers] == [[], [], [], ["Hello"], ["Hello"]]
        assert contradictions() == []

    def test_is_not_delivered_if_it_has_been_deleted_meanwhile(self, author, followers):
        new_worker()
        post = publish_post(author=author, body="Hello", token="one form")
        delete_post(author=author, post_id=post.id)
        run_jobs()
        assert Job.objects.get().status == Status.DONE
        assert not FeedEntry.objects.exists()
