"""Machine translation of posts, by a service of the operator's choice. None by default.

A translation is asked for once per post and language, and kept. After several failures in a row, nothing is asked for a
while, so that readers don't wait for a service that is down.
"""

import json
import threading
import time
import urllib.request
import uuid
from contextlib import suppress
from typing import Protocol
from urllib.error import URLError

from django.conf import settings
from django.db import IntegrityError
from django.utils.translation import gettext as _

from movr_project.db.retry import retry_transaction
from movr_project.errors import Refused

from .models import Post, Translation

TIMEOUT_SECONDS = 5
MAX_ANSWER = 20_000  # bytes
MAX_TEXT = 2_000  # characters


class TranslationRefused(Refused):
    """Codes: ``not_configured``, ``failed``."""


class Translator(Protocol):
    def translate(self, text: str, source: str, target: str) -> str:
        """Raise ``OSError`` or ``ValueError`` if it fails."""
        ...


class LibreTranslate:
    """A service with LibreTranslate's interface, at TRANSLATE_URL."""

    def translate(self, text: str, source: str, target: str) -> str:
        body = {"q": text, "source": source, "target": target, "format": "text", "api_key": settings.TRANSLATE_KEY}
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        request = urllib.request.Request(settings.TRANSLATE_URL, json.dumps(body).encode(), headers)  # noqa: S310  (checked by a system check)
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
            answer = json.loads(response.read(MAX_ANSWER))
        translated = answer.get("translatedText") if isinstance(answer, dict) else None
        if not isinstance(translated, str) or not translated.strip():
            raise ValueError("The answer has no translation.")
        return translated.replace("\0", "")[:MAX_TEXT]


class Breaker:
    """Stop asking after ``failures`` in a row, for ``seconds``. Per process."""

    def __init__(self, *, failures: int = 3, seconds: float = 60):
        self._limit, self._pause = failures, seconds
        self._failures, self._open_until = 0, 0.0
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        return time.monotonic() < self._open_until

    def succeeded(self) -> None:
        with self._lock:
            self._failures = 0

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            if self._failures >= self._limit:
                self._failures, self._open_until = 0, time.monotonic() + self._pause


breaker = Breaker()


def can_translate() -> bool:
    return bool(settings.TRANSLATE_URL)


def is_translatable(post: Post, language: str) -> bool:
    """Return whether a reader with this language is offered a translation."""
    return can_translate() and bool(post.language) and post.language != language.partition("-")[0]


def translate_post(post: Post, language: str, translator: Translator | None = None) -> str:
    """Return a post in another language. Raise ``TranslationRefused``. Not part of a transaction."""
    if not can_translate():
        raise TranslationRefused(_("Error: the translation service is not configured."), code="not_configured")
    target = language.partition("-")[0]
    id_ = uuid.uuid5(post.id, target)
    kept = Translation.objects.filter(city=post.city, id=id_).first()
    if kept:
        return kept.text
    text = _ask(translator or LibreTranslate(), post, target)
    with suppress(IntegrityError):  # if the post was deleted meanwhile
        _keep(post, id_, target, text)
    return text


def _ask(translator: Translator, post: Post, target: str) -> str:
    if breaker.is_open:
        raise _failed()
    try:
        text = translator.translate(post.body, post.language, target)
    except (URLError, OSError, ValueError) as error:
        breaker.failed()
        raise _failed() from error
    breaker.succeeded()
    return text


@retry_transaction(idempotent=True)
def _keep(post: Post, id_: uuid.UUID, language: str, text: str) -> None:
    row = Translation(city=post.city, id=id_, post_id=post.id, language=language, text=text)
    Translation.objects.bulk_create([row], ignore_conflicts=True)


def _failed() -> TranslationRefused:
    return TranslationRefused(_("Error: Could not contact server."), code="failed")
