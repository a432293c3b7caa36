"""Lock people, always in the order of their ids, so that two requests about the same two people can't deadlock."""

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.refusals import account_changed

from .models import Block
from .refusals import CommunityRefused


def lock_people(*people: User) -> list[User]:
    """Lock people and return their rows, in the given order. Part of a transaction.

    Raises ``CommunityRefused``: ``account_changed``, if one of them has moved or left meanwhile.
    """
    rows = {}
    for person in sorted(people, key=lambda person: person.id):
        row = User.objects.locked(person)
        if row is None:
            raise account_changed(CommunityRefused)
        rows[person.id] = row
    return [rows[person.id] for person in people]


def lock_pair(one: User, other: User) -> list[User]:
    """Lock two people, neither of whom has blocked the other. Raises ``CommunityRefused``: also ``blocked``."""
    rows = lock_people(one, other)
    if Block.objects.between(*rows).exists():
        raise CommunityRefused(_("This isn't possible, because one of you has blocked the other."), code="blocked")
    return rows


def refuse_silenced(writer: User) -> None:
    """Raise ``CommunityRefused``: ``silenced``. Call it with a locked row."""
    if writer.is_silenced:
        until = date_format(writer.silenced_until, "DATE_FORMAT")
        raise CommunityRefused(_("You can't write anything until %(date)s.") % {"date": until}, code="silenced")
