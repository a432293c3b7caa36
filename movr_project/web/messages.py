"""Message storage in a cookie of limited size.

Django's storage puts what exceeds its cookie into the session, which is a cookie here as well: 80 messages produced
headers that proxies and browsers reject.
"""

from typing import Any

from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpResponse
from django.utils.safestring import SafeData
from django.utils.text import Truncator
from django.utils.translation import ngettext

MAX_MESSAGES = 10
MAX_LENGTH = 400  # characters


class CappedStorage(CookieStorage):
    """Drop duplicates, keep the first messages that fit, and add how many were left out."""

    def _store(self, messages: list[Message], response: HttpResponse, *args: Any, **kwargs: Any) -> list[Message]:
        distinct = list({(message.level, str(message)): _shorten(message) for message in messages}.values())
        kept = distinct[:MAX_MESSAGES]
        while kept and len(self._encode(_with_notice(kept, distinct))) > self.max_cookie_size - len("''"):
            kept.pop()
        super()._store(_with_notice(kept, distinct), response, *args, **kwargs)
        return []  # nothing remains for Django to warn about


def _with_notice(kept: list[Message], distinct: list[Message]) -> list[Message]:
    left_out = len(distinct) - len(kept)
    if not left_out:
        return kept
    sentence = ngettext("%(count)d more message is left out.", "%(count)d more messages are left out.", left_out)
    return [*kept, Message(constants.WARNING, sentence % {"count": left_out})]


def _shorten(message: Message) -> Message:
    """Shorten a plain message. HTML can't be cut safely, so it is left unchanged."""
    text = message.message
    if isinstance(text, SafeData) or len(str(text)) <= MAX_LENGTH:
        return message
    return Message(message.level, Truncator(str(text)).chars(MAX_LENGTH), message.extra_tags)
