"""Whatever people do, nobody sees a post or message that they may not. Made-up stories, against a model in Python."""

from datetime import timedelta
from uuid import uuid5

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from accounts.models import User
from accounts.services import remove_account
from accounts.tests.factories import StaffFactory
from cities.registry import registry
from community import search
from community.models import Conversation, FeedEntry, Ground, Measure, Message, Post
from community.querysets import people_seen_by, people_to_write_to
from community.refusals import CommunityRefused
from community.services import block, delete_post, follow, publish_post, send_message, unblock, unfollow
from community.services.moderation import Item, decide
from operations.integrity.looking import findings
from rides.tests.stories import shortened

from .factories import MemberFactory

pytestmark = [pytest.mark.one_engine, pytest.mark.long]

SLOW = {"deadline": None, "print_blob": True, "suppress_health_check": list(HealthCheck)}
PEOPLE = 4
one = st.integers(0, PEOPLE - 1)


class Community(RuleBasedStateMachine):
    """Four people in two cities. The model knows by itself who may see what."""

    @initialize()
    def begin(self):
        self.savepoint = transaction.savepoint()
        self.people = [MemberFactory(city=city) for city in ("paris", "paris", "rome", "rome")]
        self.staff = StaffFactory()
        self.gone, self.unlisted, self.silenced = set(), set(), set()
        self.blocks, self.follows = set(), set()
        self.posts, self.messages, self.hidden = {}, {}, set()  # id -> author; id -> (sender, recipient)
        self.token = 0

    def teardown(self):
        if hasattr(self, "savepoint"):
            for viewer in range(PEOPLE):
                self.look(viewer)
            assert [finding.rule.name for finding in findings([registry["paris"], registry["rome"]])] == []
            transaction.savepoint_rollback(self.savepoint)

    def person(self, number):
        return User.objects.get(id=self.people[number].id)

    def apart(self, a, b):
        return bool({(a, b), (b, a)} & self.blocks)

    def act(self, service, allowed, **arguments):
        """Call a service. It is refused if and only if the model says so."""
        if allowed:
            return service(**arguments)
        with pytest.raises(CommunityRefused):
            service(**arguments)
        return None

    @rule(author=one)
    def write(self, author):
        self.token += 1
        allowed = author not in self.gone | self.silenced
        body = f"Lamp {self.token} at the station"
        post = self.act(publish_post, allowed, author=self.person(author), body=body, token=str(self.token))
        if post:
            self.posts[post.id] = author

    @rule(sender=one, recipient=one)
    def send(self, sender, recipient):
        self.token += 1
        wrote = (recipient, sender) in self.messages.values()
        allowed = sender != recipient and not {sender, recipient} & self.gone and not self.apart(sender, recipient)
        allowed = allowed and sender not in self.silenced and (recipient not in self.unlisted or wrote)
        people = {"sender": self.person(sender), "recipient": self.person(recipient)}
        message = self.act(send_message, allowed, **people, body="Hello", token=str(self.token))
        if message:
            self.messages[message.id] = (sender, recipient)

    @rule(a=one, b=one, starts=st.booleans())
    def follow_or_not(self, a, b, starts):
        people = {"follower": self.person(a), "followed": self.person(b)}
        allowed = a != b and not {a, b} & self.gone and not (starts and self.apart(a, b))
        self.act(follow if starts else unfollow, allowed, **people)
        if allowed:
            (self.follows.add if starts else self.follows.discard)((a, b))

    @rule(a=one, b=one, starts=st.booleans())
    def block_or_not(self, a, b, starts):
        people = {"blocker": self.person(a), "blocked": self.person(b)}
        if not starts:
            unblock(**people)
            self.blocks.discard((a, b))
            return
        allowed = a != b and not {a, b} & self.gone
        self.act(block, allowed, **people)
        if allowed:
            self.blocks.add((a, b))
            self.follows -= {(a, b), (b, a)}

    @rule(who=one, listed=st.booleans())
    def change_profile(self, who, listed):
        if who not in self.gone:
            User.objects.filter(id=self.people[who].id).update(is_listed=listed)
            (self.unlisted.discard if listed else self.unlisted.add)(who)

    @rule(who=one)
    def leave(self, who):
        if who in self.gone or len(self.gone) > 1:
            return
        remove_account(user=self.person(who))
        self.gone.add(who)
        self.blocks = {pair for pair in self.blocks if who not in pair}
        self.follows = {pair for pair in self.follows if who not in pair}
        self.posts = {id_: author for id_, author in self.posts.items() if author != who}
        self.messages = {id_: pair for id_, pair in self.messages.items() if who not in pair}

    @rule(who=one, ends=st.booleans())
    def silence(self, who, ends):
        if who in self.gone:
            return
        self.decide(Item.of(self.person(who)), Measure.SILENCE, days=1)
        self.silenced.add(who)
        if ends:
            past = timezone.now() - timedelta(seconds=1)
            User.objects.filter(id=self.people[who].id).update(silenced_until=past)
            self.silenced.discard(who)

    @rule(data=st.data(), measure=st.sampled_from([Measure.HIDE, Measure.DELETE]))
    def moderate(self, data, measure):
        things = [*self.posts, *self.messages]
        if not things:
            return
        id_ = data.draw(st.sampled_from(sorted(things)))
        thing = Post.objects.filter(id=id_).first() or Message.objects.get(id=id_)
        self.decide(Item.of(thing), measure)
        if measure == Measure.HIDE:
            self.hidden.add(id_)
        else:
            self.posts.pop(id_, None)
            self.messages.pop(id_, None)

    @rule(data=st.data())
    def delete_own(self, data):
        if self.posts:
            id_ = data.draw(st.sampled_from(sorted(self.posts)))
            delete_post(author=self.person(self.posts.pop(id_)), post_id=id_)

    def decide(self, item, measure, days=0):
        self.token += 1
        decision_id = uuid5(self.staff.id, str(self.token))
        decide(
            item=item,
            measure=measure,
            ground=Ground.TERMS,
            reasons="Rules",
            days=days,
            by=self.staff,
            decision_id=decision_id,
        )

    def may_read(self, viewer, post):
        author = self.posts[post]
        published = post not in self.hidden and author not in self.unlisted | self.silenced
        return author == viewer or (published and not self.apart(author, viewer))

    def may_read_message(self, viewer, message):
        sender, recipient = self.messages[message]
        seen = viewer == sender or (viewer == recipient and message not in self.hidden)
        return seen and not self.apart(sender, recipient)

    @invariant()
    def someone_sees_what_they_may_and_nothing_else(self):
        """Each step looks with the eyes of one person, and the end of a story with everybody's."""
        if hasattr(self, "savepoint"):
            self.look((self.token + len(self.posts) + len(self.follows)) % PEOPLE)

    def look(self, viewer):
        if viewer in self.gone:
            return
        me = self.person(viewer)
        readable = {post for post in self.posts if self.may_read(viewer, post)}
        assert set(Post.objects.visible_to(me).values_list("id", flat=True)) == readable
        assert {post.id for post in search.query("lamp station", viewer=me)} == readable
        followed = {b for a, b in self.follows if a == viewer} | {viewer}
        feed = {entry.post_id for entry in FeedEntry.objects.of_reader(me).visible_to(me)}
        assert feed == {post for post in readable if self.posts[post] in followed}
        inbox = set(Message.objects.visible_to(me).values_list("id", flat=True))
        assert inbox == {message for message in self.messages if self.may_read_message(viewer, message)}
        unread = Conversation.objects.of_owner(me).visible_to(me).values_list("unread", flat=True)
        assert me.unread_messages == sum(unread)
        others = {n for n in range(PEOPLE) if n not in self.gone and not self.apart(n, viewer)}
        found = set(people_seen_by(me).values_list("id", flat=True)) - {self.staff.id}
        assert found == {self.people[n].id for n in others if n not in self.unlisted or n == viewer}
        assert me not in people_to_write_to(me)


@pytest.mark.django_db
def test_nobody_sees_what_they_may_not():
    run_state_machine_as_test(Community, settings=settings(max_examples=shortened(24), stateful_step_count=15, **SLOW))
