"""Private messages."""

from functools import partial

import pytest

from accounts.models import User
from accounts.services import remove_account
from cities.placement.locality import PEOPLE_WRITTEN_TO
from community.models import Conversation, Message
from community.services import block, mark_read, send_message, unblock
from movr_project.tests.locality import assert_local
from movr_project.tests.threads import at_once, behind
from operations.tests.consistency import contradictions

from .factories import MemberFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna():
    return MemberFactory(username="anna")


@pytest.fixture
def bob():
    return MemberFactory(username="bob", city="rome")


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def unread(person) -> int:
    return User.objects.get(id=person.id).unread_messages


def test_a_message_is_sent_once_and_read_when_it_was_shown(anna, bob, client_of):
    for _again in range(2):
        page = client_of(anna).post("/messages/bob/", {"body": "Is the lift working?", "token": "one"}, follow=True)
    assert "Your message has been sent." in text_of(page)
    assert unread(bob) == 1
    for number in range(25):
        send_message(sender=anna, recipient=bob, body=f"message {number}", token=str(number))
    client = client_of(bob)
    assert "@anna" in text_of(client.get("/messages/"))
    shown = client.get("/messages/anna/")
    assert unread(bob) == 26
    client.post("/messages/anna/read/", {"message": [*map(str, shown.context["unread_ids"]), "junk"]})
    assert unread(bob) == 1  # the oldest is on the second page
    assert contradictions() == []


def test_the_badge_is_on_every_page_and_hidden_at_0(anna, bob, client_of):
    assert "data-unread-messages hidden" in text_of(client_of(bob).get("/users/"))
    send_message(sender=anna, recipient=bob, body="Hello", token="one")
    assert "data-unread-messages>" in text_of(client_of(bob).get("/users/"))


def test_open_pages_learn_the_number_of_unread_messages(anna, bob, client_of):
    for token in ("one", "two"):
        send_message(sender=anna, recipient=bob, body="Hello", token=token)
    answer = client_of(bob).get("/notifications/?since=0", headers={"Accept": "application/json"}).json()
    assert [item["data"] for item in answer["news"] if item["name"] == "unread_messages"] == [{"unread": 2}]
    assert answer["unread"] == 0  # it is no notification of its own


@pytest.mark.parametrize("body", ["", "x" * 141], ids=["empty", "too long"])
def test_a_message_has_1_to_140_characters(anna, bob, client_of, body):
    assert client_of(anna).post("/messages/bob/", {"body": body}).context["form"].errors["body"]


def test_nobody_writes_to_themselves_to_who_blocked_them_or_to_strangers_who_hide(anna, bob, client_of):
    client = client_of(anna)
    assert client.post("/messages/anna/", {"body": "Hello"}).status_code == 404
    block(blocker=bob, blocked=anna)
    assert client.post("/messages/bob/", {"body": "Hello"}).status_code == 404
    MemberFactory(username="shy", is_listed=False)
    assert client.post("/messages/shy/", {"body": "Hello"}).status_code == 404
    assert not Message.objects.exists()


def test_messages_of_someone_who_was_blocked_for_a_while_leave_the_badge_once(anna, bob, client_of):
    for sender, number in ((bob, 3), (MemberFactory(), 2)):
        for token in range(number):
            send_message(sender=sender, recipient=anna, body="Hello", token=str(token))
    block(blocker=anna, blocked=bob)
    assert unread(anna) == 2
    unblock(blocker=anna, blocked=bob)
    shown = client_of(anna).get("/messages/bob/")
    assert shown.context["unread_ids"] == []
    mark_read(reader=anna, other=bob, message_ids=[message.id for message in shown.context["page"]])
    assert unread(anna) == 2
    assert contradictions() == []


def test_someone_who_hides_can_be_answered(anna, client_of):
    shy = MemberFactory(username="shy", is_listed=False)
    send_message(sender=shy, recipient=anna, body="Hello", token="one")
    client_of(anna).post("/messages/shy/", {"body": "Hello, too"})
    assert Message.objects.count() == 2


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_listed": False}], ids=["suspended", "hidden"])
def test_messages_with_someone_who_gets_no_more_can_be_read(anna, bob, client_of, change):
    send_message(sender=anna, recipient=bob, body="Is the lift working?", token="one")
    if change == {"is_active": False}:
        send_message(sender=bob, recipient=anna, body="It is", token="one")
    User.objects.filter(id=bob.id).update(**change)
    client = client_of(anna)
    assert "@bob" in text_of(client.get("/messages/"))
    shown = client.get("/messages/bob/")
    assert "Is the lift working?" in text_of(shown)
    refused = client.post("/messages/bob/", {"body": "Thanks"})
    assert refused.status_code == 409
    for page in (shown, refused):
        assert "You can't write to this person at the moment." in text_of(page)
        for offer in ('name="body"', "/report/", "/users/bob/"):
            assert offer not in text_of(page)
    client.post("/messages/bob/read/", {"message": shown.context["unread_ids"]})
    assert unread(anna) == 0
    assert not Message.objects.filter(body="Thanks").exists()
    assert contradictions() == []


def test_only_the_two_read_or_report_a_message(anna, bob, client_of):
    message = send_message(sender=anna, recipient=bob, body="Between us", token="one")
    url = f"/messages/rome/{message.id}/report/"
    assert "Between us" in text_of(client_of(bob).get(url))
    for other in (anna, MemberFactory()):
        assert client_of(other).get(url).status_code == 404


def test_conversations_name_the_cities_of_both(anna, bob):
    send_message(sender=anna, recipient=bob, body="Hello", token="one")
    with assert_local(PEOPLE_WRITTEN_TO):
        conversations = Conversation.objects.of_owner(bob).visible_to(bob)
        assert [one.other for one in conversations] == [anna]
        assert conversations.get(other__username="anna").other == anna
    with assert_local():
        assert [message.body for message in Message.objects.between(bob, anna).visible_to(bob)] == ["Hello"]


@pytest.mark.django_db(transaction=True)
def test_two_people_who_write_to_each_other_at_once_count_each_message(anna, bob):
    def write(number):
        sender, recipient = (anna, bob) if number % 2 else (bob, anna)
        send_message(sender=sender, recipient=recipient, body="Hello", token=str(number))

    at_once(*(partial(write, number) for number in range(8)))
    assert (unread(anna), unread(bob)) == (4, 4)
    ids = list(Message.objects.values_list("id", flat=True))
    at_once(*[partial(mark_read, reader=bob, other=anna, message_ids=ids)] * 2)
    assert (unread(anna), unread(bob)) == (4, 0)
    assert sorted(Conversation.objects.values_list("unread", flat=True)) == [0, 4]


@pytest.mark.django_db(transaction=True)
def test_messages_that_are_read_while_their_sender_is_blocked_leave_the_badge_once(anna, bob):
    ids = [send_message(sender=bob, recipient=anna, body="Hello", token=token).id for token in ("one", "two")]
    send_message(sender=MemberFactory(), recipient=anna, body="Hello", token="one")
    behind(
        lambda: block.__wrapped__(blocker=anna, blocked=bob),
        lambda: mark_read(reader=anna, other=bob, message_ids=ids),
    )
    assert unread(anna) == 1
    assert contradictions() == []


@pytest.mark.django_db(transaction=True)
def test_messages_that_are_read_while_their_sender_leaves_leave_the_badge_once(anna, bob):
    ids = [send_message(sender=bob, recipient=anna, body="Hello", token=token).id for token in ("one", "two")]
    send_message(sender=MemberFactory(), recipient=anna, body="Hello", token="one")
    behind(
        lambda: mark_read.__wrapped__(reader=anna, other=bob, message_ids=ids),
        lambda: remove_account(user=bob),
    )
    assert unread(anna) == 1
    assert contradictions() == []
