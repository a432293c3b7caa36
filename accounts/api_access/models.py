"""``ApiToken``, ``ApiClient`` and ``KeptAnswer``."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

NAME_LENGTH = 64
PREFIX_LENGTH = 12
HASH_LENGTH = 64  # a SHA-256 in hexadecimal digits


class Scope(models.TextChoices):
    """What a credential may be used for. What its owner may do is checked as well."""

    PROFILE = "profile", _("Read and change the profile, read notifications")
    RIDES = "rides", _("Start, end and list rides")
    BOOKINGS = "bookings", _("Reserve and book vehicles")
    FLEET_READ = "fleet:read", _("Read vehicles' calendars and events")
    FLEET_WRITE = "fleet:write", _("Change vehicles and their calendars")
    USERS_READ = "users:read", _("Read other people's public profiles")
    COMMUNITY_READ = "community:read", _("Read posts")
    COMMUNITY_WRITE = "community:write", _("Write posts, follow people")


FLEET = frozenset({Scope.FLEET_READ, Scope.FLEET_WRITE})


class Credential(models.Model):
    """What a program sends to be let in. Only a hash is stored; ``prefix`` lets people recognise it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=NAME_LENGTH)
    prefix = models.CharField(_("begins with"), max_length=PREFIX_LENGTH, editable=False)
    sha256 = models.CharField(max_length=HASH_LENGTH, unique=True, editable=False)
    scopes = models.JSONField(_("scopes"), default=list)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def scope_labels(self) -> list[str]:
        return [str(Scope(scope).label) for scope in self.scopes]


class ApiToken(Credential):
    """A person's token. ``epoch`` is their ``session_epoch`` when it was made: what ends sessions ends tokens."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens", verbose_name=_("person")
    )
    epoch = models.CharField(max_length=16, editable=False)
    expires_at = models.DateTimeField(_("expires"), editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)

    class Meta:
        db_table = "api_tokens"
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def is_valid(self, now: datetime) -> bool:
        """Return whether the token lets its person in. Reads ``user``."""
        in_time = self.revoked_at is None and now < self.expires_at
        return in_time and self.user.is_active and self.epoch == self.user.session_epoch


class ApiClient(Credential):
    """An organisation's credential for the fleet of some cities. Made in the admin."""

    cities = models.JSONField(_("cities"), default=list)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        db_table = "api_clients"
        verbose_name = _("API client")
        verbose_name_plural = _("API clients")


class KeptAnswer(models.Model):
    """The answer to a request with an ``Idempotency-Key``, written in the transaction of its effect.

    ``key`` is a hash of the owner and the key that was sent, ``request`` one of the request itself.
    """

    key = models.CharField(max_length=HASH_LENGTH, primary_key=True)
    owner_id = models.UUIDField(null=True, db_index=True)  # of a person or a client
    request = models.CharField(max_length=HASH_LENGTH)
    made_at = models.DateTimeField(db_index=True)
    status = models.PositiveSmallIntegerField(null=True)
    location = models.TextField(blank=True)
    body = models.TextField(blank=True)

    class Meta:
        db_table = "kept_answers"
        verbose_name = _("kept answer")
        verbose_name_plural = _("kept answers")

    def __str__(self) -> str:
        return self.key
