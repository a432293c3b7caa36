"""WebAuthn's ceremonies: what the browser is asked, and whether its answer is right.

https://www.w3.org/TR/webauthn-3/ (sections 5.4, 5.5 and 7). py_webauthn verifies answers. It is imported by the first
process that has to, as it takes 15 MB. It raises its own errors, and those of the decoders that it calls on what a
stranger sent: any of them makes an answer wrong.
"""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings

from ..models import Passkey, User

ALGORITHMS = (-8, -7, -257)  # Ed25519, ES256 and RS256: what py_webauthn accepts, by COSE's numbers
MAX_CREDENTIAL_ID_BYTES = 1023
ANSWER_WITHIN_MS = 60_000  # then the browser's dialog closes


@dataclass(frozen=True)
class Answer:
    """A browser's answer: a PublicKeyCredential in JSON. Nothing about it has been verified."""

    credential: dict[str, Any]
    credential_id: bytes
    challenge: bytes
    user_id: UUID | None  # of the person for whom a passkey was made

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Parse an answer. Return None if it is malformed."""
        try:
            credential = json.loads(text)
            response = credential["response"]
            handle = response.get("userHandle")
            return cls(
                credential=credential,
                credential_id=_decode(credential["rawId"]),
                challenge=_decode(json.loads(_decode(response["clientDataJSON"]))["challenge"]),
                user_id=UUID(bytes=_decode(handle)) if handle else None,
            )
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
            return None


@dataclass(frozen=True)
class Created:
    """A new passkey, as its device made it."""

    credential_id: bytes
    public_key: bytes
    sign_count: int


def creation_options(user: User, challenge: bytes, *, known: Iterable[str]) -> dict[str, Any]:
    """Return the options of ``navigator.credentials.create``. No device makes a second one beside a ``known`` one."""
    return {
        "rp": {"id": _site_id(), "name": "MovR"},
        "user": {"id": encode(user.id.bytes), "name": user.username, "displayName": user.first_name},
        "challenge": encode(challenge),
        "pubKeyCredParams": [{"type": "public-key", "alg": algorithm} for algorithm in ALGORITHMS],
        "excludeCredentials": _descriptors(known),
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        },
        "attestation": "none",
        "timeout": ANSWER_WITHIN_MS,
    }


def request_options(challenge: bytes, *, allowed: Iterable[str] = ()) -> dict[str, Any]:
    """Return the options of ``navigator.credentials.get``. Without ``allowed``, the person chooses among all theirs."""
    return {
        "rpId": _site_id(),
        "challenge": encode(challenge),
        "allowCredentials": _descriptors(allowed),
        "userVerification": "required",
        "timeout": ANSWER_WITHIN_MS,
    }


def verify_creation(answer: Answer) -> Created | None:
    """Return what is to be stored about a new passkey, or None if the answer is wrong."""
    from webauthn import verify_registration_response

    try:
        verified = verify_registration_response(
            credential=answer.credential,
            expected_challenge=answer.challenge,
            expected_rp_id=_site_id(),
            expected_origin=_origin(),
            require_user_verification=True,
        )
    except Exception:
        return None
    if len(verified.credential_id) > MAX_CREDENTIAL_ID_BYTES:
        return None
    return Created(verified.credential_id, verified.credential_public_key, verified.sign_count)


def verify_use(answer: Answer, passkey: Passkey) -> int | None:
    """Return the new sign count, or None if the answer is wrong or the count has not grown."""
    from webauthn import verify_authentication_response

    try:
        verified = verify_authentication_response(
            credential=answer.credential,
            expected_challenge=answer.challenge,
            expected_rp_id=_site_id(),
            expected_origin=_origin(),
            credential_public_key=bytes(passkey.public_key),
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except Exception:
        return None
    return verified.new_sign_count


def encode(value: bytes) -> str:
    """Return base64url without padding (RFC 4648, section 5), as WebAuthn has it."""
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def hash_of(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest()


def _site_id() -> str:
    """Return the domain that passkeys are bound to."""
    return urlsplit(settings.SITE_URL).hostname or ""


def _origin() -> str:
    site = urlsplit(settings.SITE_URL)
    return f"{site.scheme}://{site.netloc}".lower()


def _descriptors(credential_ids: Iterable[str]) -> list[dict[str, str]]:
    return [{"type": "public-key", "id": credential_id} for credential_id in credential_ids]


def _decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "==")
