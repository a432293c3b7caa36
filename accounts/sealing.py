"""Encrypt the secrets of second factors, so that a database dump doesn't reveal them.

The key is derived from SECOND_FACTOR_KEY or, if that is empty, from SECRET_KEY. Secrets encrypted with an earlier key
(SECRET_KEY_FALLBACKS) can still be decrypted.
"""

import hashlib
import hmac
import secrets
from base64 import b32encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import suppress
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.utils.crypto import salted_hmac

SEALED = "1:"  # a version prefix; django-otp's column has 80 characters
NONCE_BYTES = 12
HASH_CHARACTERS = 16  # 80 bits; django-otp's column has room for no more


class CannotUnseal(Exception):
    """None of the configured keys can decrypt it."""


def _keys(purpose: str) -> Iterator[bytes]:
    """Return all keys, the current one first."""
    for secret in (
        settings.SECOND_FACTOR_KEY or settings.SECRET_KEY,
        settings.SECRET_KEY,
        *settings.SECRET_KEY_FALLBACKS,
    ):
        yield salted_hmac(f"movr.second-factor.{purpose}", "", secret=secret, algorithm="sha256").digest()


def seal(secret: bytes, *, owner: UUID) -> str:
    """Encrypt a secret for one person. It can't be decrypted in another person's row."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = AESGCM(next(_keys("seal"))).encrypt(nonce, secret, owner.bytes)
    return SEALED + urlsafe_b64encode(nonce + sealed).decode()


def unseal(text: str, *, owner: UUID) -> bytes:
    """Decrypt a secret. Raise ``CannotUnseal``."""
    sealed = urlsafe_b64decode(text.removeprefix(SEALED))
    for key in _keys("seal"):
        with suppress(InvalidTag):
            return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], owner.bytes)
    raise CannotUnseal("SECOND_FACTOR_KEY or SECRET_KEY has changed, and SECRET_KEY_FALLBACKS lacks the old one.")


def is_sealed_with_present_key(text: str, *, owner: UUID) -> bool:
    sealed = urlsafe_b64decode(text.removeprefix(SEALED))
    with suppress(InvalidTag):
        AESGCM(next(_keys("seal"))).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], owner.bytes)
        return True
    return False


def hash_code(code: str, *, owner: UUID) -> str:
    """Return the keyed hash of a recovery code: 40 bits without a key could be cracked within minutes."""
    return _hash(next(_keys("code")), code, owner)


def possible_hashes(code: str, *, owner: UUID) -> list[str]:
    """Return the hashes of a code by the current and earlier keys."""
    return [_hash(key, code, owner) for key in _keys("code")]


def _hash(key: bytes, code: str, owner: UUID) -> str:
    digest = hmac.new(key, owner.bytes + code.encode(), hashlib.sha256).digest()
    return b32encode(digest).decode().lower()[:HASH_CHARACTERS]


def derived_code(secret: bytes, number: int) -> str:
    """Derive a recovery code from the secret, so that a form sent twice shows the same codes."""
    digest = hmac.new(next(_keys("derive")), secret + number.to_bytes(2), hashlib.sha256).digest()
    return b32encode(digest[:5]).decode().lower()
