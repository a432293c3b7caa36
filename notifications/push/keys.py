"""The server's key pair, with which push services recognise it (VAPID, RFC 8292)."""

import base64
import time
from email.utils import parseaddr
from functools import lru_cache
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from py_vapid import Vapid02

CURVE = ec.SECP256R1()
HOURS_VALID = 12  # of an authorization; at most 24


def is_configured() -> bool:
    return bool(settings.VAPID_PRIVATE_KEY)


def public_key() -> str:
    """Return what browsers subscribe with."""
    return encode(point(_key_pair(settings.VAPID_PRIVATE_KEY).public_key))


def authorization(endpoint: str) -> dict[str, str]:
    """Return the headers with which we prove who sends a message, and whom to contact."""
    claims = {
        "aud": f"https://{urlsplit(endpoint).netloc}",
        "exp": int(time.time()) + HOURS_VALID * 60 * 60,
        "sub": f"mailto:{parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}",
    }
    return _key_pair(settings.VAPID_PRIVATE_KEY).sign(claims)


def new_private_key() -> str:
    number = ec.generate_private_key(CURVE).private_numbers().private_value
    return encode(number.to_bytes(32, "big"))


def check_private_key(key: str) -> None:
    """Raise ``ValueError`` if it isn't a private key as ``new_private_key`` makes it."""
    if len(decode(key)) != 32:
        raise ValueError("A private key has 32 bytes.")
    _key_pair(key)


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def encode(data: bytes) -> str:
    """Return base64url without padding, as all of Web Push writes it."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decode(text: str) -> bytes:
    """Raise ``ValueError`` if the text is not base64url."""
    return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True)


@lru_cache(maxsize=4)
def _key_pair(private_key: str) -> Vapid02:
    return Vapid02.from_raw(private_key.encode())
