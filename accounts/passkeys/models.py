"""``Passkey`` and ``PasskeyChallenge``."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cities.models import city_column, served_city_constraint
from movr_project.db.constraints import ForeignKeyConstraint
from movr_project.db.keys import CityKey
from movr_project.db.relations import CityForeignKey

NAME_LENGTH = 64
HASH_LENGTH = 64  # a SHA-256 in hexadecimal digits
CREDENTIAL_ID_LENGTH = 1364  # 1023 bytes, WebAuthn's maximum, in base64url


class Passkey(models.Model):
    """A key pair on a person's device, of which we have the public key. Stored in the person's home city.

    ``credential_id`` names it, in base64url as browsers send it; ``sha256`` is its hash, by which it is found.
    ``public_key`` is a COSE_Key (RFC 9052). ``sign_count`` is the device's counter at the last use: a copy of the key
    would fall behind. Most devices leave it at 0.
    """

    pk = CityKey("city", "id")
    city = city_column()
    id = models.UUIDField(default=uuid.uuid4, editable=False)
    user_id = models.UUIDField(editable=False)
    user = CityForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="passkeys")
    name = models.CharField(_("name"), max_length=NAME_LENGTH)
    sha256 = models.CharField(max_length=HASH_LENGTH, editable=False)
    credential_id = models.CharField(max_length=CREDENTIAL_ID_LENGTH, editable=False)
    public_key = models.BinaryField()
    sign_count = models.PositiveBigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)

    LABEL = "accounts.passkey"
    confirmed = True  # for django-otp, which can't tell it from a device of its own

    class Meta:
        db_table = "passkeys"
        verbose_name = _("passkey")
        verbose_name_plural = _("passkeys")
        constraints = [
            served_city_constraint("passkeys"),
            # Passkeys move with the person.
            ForeignKeyConstraint(
                name="passkeys_user_lives_in_the_city",
                columns=["city", "user_id"],
                to_table="users",
                to_columns=["city", "id"],
                on_update="CASCADE",
            ),
            # Of other people's, add_passkey refuses those it sees. A device names its person, so no more is needed.
            models.UniqueConstraint(fields=["city", "user_id", "sha256"], name="passkeys_once_per_person"),
        ]
        indexes = [models.Index(fields=["city", "sha256"], name="passkeys_sha256")]

    def __str__(self) -> str:
        return self.name

    @property
    def persistent_id(self) -> str:
        """Return what django-otp keeps in the session of someone who proved a second factor with this passkey."""
        return f"{self.LABEL}/{self.pk}"


class Purpose(models.TextChoices):
    ADD = "add"
    LOG_IN = "log_in"
    SECOND_FACTOR = "second_factor"


class PasskeyChallenge(models.Model):
    """A random value for a passkey to sign, by its hash. It is deleted when it is used, so it can't be used again.

    Nobody is logged in yet where it is for logging in, so it has no city, and then no person.
    """

    sha256 = models.CharField(max_length=HASH_LENGTH, primary_key=True)
    purpose = models.CharField(max_length=16, choices=Purpose)
    user_id = models.UUIDField(null=True, db_index=True)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "passkey_challenges"
        verbose_name = _("passkey challenge")
        verbose_name_plural = _("passkey challenges")

    def __str__(self) -> str:
        return self.sha256
