"""Services for private messages."""

import uuid
from collections.abc import Iterable

from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from movr_project.db.retry import retry_transaction
from notifications.services import publish

from ..locking import lock_pair, lock_people, refuse_silenced
from ..models import Conversation, Message
from ..querysets import MessageQuerySet, pair_of, people_to_write_to
from ..refusals import CommunityRefused

BADGE = "unread_messages"  # what the scripts of open pages are told about


@retry_transaction(idempotent=True)
def send_message(*, sender: User, recipient: User, body: str, token: str) -> Message:
    """Send a private message. The same token is one message.

    Locks both. Raises ``CommunityRefused``: ``own_account``, ``blocked``, ``silenced``, ``not_found`` (for people who
    have hidden their profile and never wrote to the sender), ``account_changed``.
    """
    if sender.id == recipient.id:
        raise CommunityRefused(_("You can't send messages to yourself."), code="own_account")
    sender, recipient = lock_pair(sender, recipient)
    id_ = uuid.uuid5(sender.id, f"message:{token}:{recipient.id}")
    existing = Message.objects.received_by(recipient).filter(id=id_).first()
    if existing:
        return existing
    refuse_silenced(sender)
    if not people_to_write_to(sender).filter(city=recipient.city, id=recipient.id).exists():
        raise CommunityRefused(_("User %(name)s not found.") % {"name": recipient.username}, code="not_found")
    message = Message(
        city=recipient.city,
        id=id_,
        recipient_id=recipient.id,
        sender_city=sender.city,
        sender_id=sender.id,
        pair=pair_of(sender, recipient),
        body=body,
    )
    message.save(force_insert=True)
    _note(sender, recipient, message, unread=0)
    _note(recipient, sender, message, unread=1)
    _add_unread(recipient, 1)
    return message


@retry_transaction(idempotent=True)
def mark_read(*, reader: User, other: User, message_ids: Iterable[uuid.UUID]) -> None:
    """Mark messages from someone as read: those that a page has shown. Other people's messages are ignored.

    Locks the reader. Only one of two concurrent calls counts a message.
    """
    (row,) = lock_people(reader)
    count_as_read(Message.objects.received_by(row).sent_by(other).filter(id__in=list(message_ids)), row, other.id)


def count_as_read(received: MessageQuerySet, reader: User, sender_id: uuid.UUID) -> None:
    """Mark messages from one sender as read, and subtract those that weren't yet from the numbers of unread ones.

    Part of a transaction that has locked the reader.
    """
    number = received.unread().update(read_at=timezone.now())
    if number:
        conversation = Conversation.objects.of_owner(reader).filter(other_id=sender_id)
        conversation.update(unread=Greatest(F("unread") - number, 0))
        _add_unread(reader, -number)


def _add_unread(person: User, number: int) -> None:
    """Change the number in a person's badge, on their open pages too."""
    own = User.objects.filter(city=person.city, id=person.id)
    own.update(unread_messages=Greatest(F("unread_messages") + number, 0))
    unread = own.values_list("unread_messages", flat=True).get()
    publish(person, code=BADGE, key=BADGE, data={"unread": unread})


def _note(owner: User, other: User, message: Message, *, unread: int) -> None:
    """Move a conversation to the top of its owner's list."""
    conversation, is_new = Conversation.objects.get_or_create(
        city=owner.city,
        id=uuid.uuid5(owner.id, str(other.id)),
        defaults={
            "owner_id": owner.id,
            "other_city": other.city,
            "other_id": other.id,
            "last_at": message.created_at,
            "unread": unread,
        },
    )
    if not is_new:
        rows = Conversation.objects.filter(city=owner.city, id=conversation.id)
        rows.update(last_at=message.created_at, unread=F("unread") + unread)
