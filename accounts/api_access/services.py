"""Make, find and revoke tokens and clients' credentials."""

import hashlib
import re
import secrets
import uuid
from collections.abc import Collection
from datetime import timedelta
from typing import TypeVar

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from movr_project.db.prepared import Prepared
from movr_project.db.retry import retry_transaction
from movr_project.errors import Refused

from ..models import User
from .models import NAME_LENGTH, PREFIX_LENGTH, ApiClient, ApiToken, Credential
from .retention import TOKENS_KEPT_FOR

SECRET = re.compile(r"movr_[pc]_[A-Za-z0-9_-]{43}")
PERSONAL, ORGANISATION = "movr_p_", "movr_c_"
DEFAULT_LIFETIME = timedelta(hours=1)
LONGEST_LIFETIME = timedelta(days=365)
TOKENS_PER_PERSON = 50
USE_IS_NOTED_EVERY = timedelta(minutes=1)

C = TypeVar("C", bound=Credential)


class TokenRefused(Refused):
    """Codes: ``too_many_tokens``, ``account_changed``."""


def new_secret(kind: str) -> str:
    return kind + secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """Return the stored form. The secret is random, so a plain hash can't be searched."""
    return hashlib.sha256(secret.encode()).hexdigest()


def with_secret(credential: C, secret: str) -> C:
    credential.prefix, credential.sha256 = secret[:PREFIX_LENGTH], hash_secret(secret)
    return credential


def find_token(secret: str) -> ApiToken | None:
    """Return a person's valid token with the person, in one query."""
    for token in _with_person.objects(None, {"sha256": hash_secret(secret)}):
        return token if token.is_valid(timezone.now()) else None
    return None


_with_person = Prepared(lambda _shape, **key: ApiToken.objects.select_related("user").filter(**key))


def valid_tokens(user: User) -> QuerySet[ApiToken]:
    """Return a person's tokens that let them in, newest first."""
    own = ApiToken.objects.filter(user_id=user.id, revoked_at=None, epoch=user.session_epoch)
    return own.filter(expires_at__gt=timezone.now()).order_by("-created_at", "id")


def find_client(secret: str) -> ApiClient | None:
    return ApiClient.objects.filter(sha256=hash_secret(secret), is_active=True).first()


def note_use(credential: ApiToken | ApiClient) -> None:
    """Record that a credential was used, at most once a minute."""
    now = timezone.now()
    before = now - USE_IS_NOTED_EVERY
    if credential.last_used_at is None or credential.last_used_at < before:
        rows = type(credential).objects.filter(Q(last_used_at=None) | Q(last_used_at__lt=before), id=credential.id)
        rows.update(last_used_at=now)


@retry_transaction(idempotent=True)
def make_token(
    *, user: User, id_: uuid.UUID, secret: str, name: str, scopes: Collection[str], lifetime: timedelta
) -> ApiToken:
    """Store a new token of a person, under an id and with a secret that the caller has drawn.

    Tokens that ended long ago are deleted. Locks the person. Raises ``TokenRefused``: ``too_many_tokens``,
    ``account_changed``.
    """
    now = timezone.now()
    row = User.objects.locked(user)
    if row is None or row.session_epoch != user.session_epoch:
        raise TokenRefused(_("Your account has changed. Please try again."), code="account_changed")
    own = ApiToken.objects.filter(user_id=row.id)
    own.filter(expires_at__lt=now - TOKENS_KEPT_FOR).delete()
    if own.filter(revoked_at=None, expires_at__gt=now).exclude(id=id_).count() >= TOKENS_PER_PERSON:
        raise TokenRefused(_("You have too many tokens. Revoke one first."), code="too_many_tokens")
    token = ApiToken(
        id=id_,
        user=row,
        name=name[:NAME_LENGTH],
        scopes=sorted(scopes),
        epoch=row.session_epoch,
        created_at=now,
        expires_at=now + lifetime,
    )
    with_secret(token, secret)
    ApiToken.objects.bulk_create([token], ignore_conflicts=True)  # there already if COMMIT was in doubt
    return token


@retry_transaction(idempotent=True)
def revoke_token(*, user_id: uuid.UUID, token_id: uuid.UUID) -> bool:
    """End a person's own token. Return False if they have none with this id that is still valid."""
    own = ApiToken.objects.filter(user_id=user_id, id=token_id, revoked_at=None)
    return bool(own.update(revoked_at=timezone.now()))
