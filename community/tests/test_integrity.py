"""The community's rules of ``check_integrity`` find what they say."""

from types import SimpleNamespace

import pytest
from django.db import transaction

from accounts.models import User
from community.models import Block, Conversation, FeedEntry, Follow
from community.services import follow, send_message
from operations.integrity import looking
from operations.integrity.rules import RULES
from operations.tests.consistency import contradictions

from .factories import MemberFactory, PostFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def data():
    one, other = MemberFactory(), MemberFactory(city="rome")
    follow(follower=one, followed=other)
    send_message(sender=other, recipient=one, body="Hello", token="one")
    return SimpleNamespace(one=one, other=other, own=PostFactory(author=one), others=PostFactory(author=other))


def counter(name):
    return lambda data: User.objects.filter(id=data.one.id).update(**{name: 7})


def leave(data):
    User.objects.filter(id=data.one.id).update(is_active=False, email=None)


def block_without_unfollowing(data):
    Block.objects.create(city="paris", id=data.one.id, blocker=data.one, blocked_city="rome", blocked=data.other)


def unread_messages(data):
    Conversation.objects.filter(owner_id=data.one.id).update(unread=2)


DAMAGES = {
    "person_posts": counter("post_count"),
    "person_followed": counter("followed_count"),
    "person_followers": counter("follower_count"),
    "person_unread_messages": unread_messages,
    "conversation_unread": unread_messages,
    "post_in_authors_feed": lambda data: FeedEntry.objects.filter(post_id=data.own.id).delete(),
    "post_in_followers_feed": lambda data: FeedEntry.objects.of_reader(data.one).filter(post_city="rome").delete(),
    "follow_between_blocked": block_without_unfollowing,
    "removed_member": leave,
}


OWN = [rule for rule in RULES if rule.offenders.__module__.startswith("community.")]


@pytest.mark.one_engine
def test_damage_is_found(data, subtests, monkeypatch):
    assert contradictions() == []
    monkeypatch.setattr(looking, "RULES", OWN)
    assert Follow.objects.exists()
    for rule, damage in DAMAGES.items():
        savepoint = transaction.savepoint()
        with subtests.test(rule):
            damage(data)
            assert rule in {finding.rule.name for finding in contradictions()}
        transaction.savepoint_rollback(savepoint)


def test_every_rule_is_seen_to_find_something():
    assert {rule.name for rule in OWN} == set(DAMAGES)
