"""``User``: someone who rides, owns vehicles or works for the operator."""

import secrets
import uuid
from typing import Any

from django import forms
from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import AbstractBaseUser, PermissionsMixin
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from cities.models import City, city_column, served_city_constraint
from cities.registry import registry
from movr_project.db.counters import CounterField, DeadlineField
from movr_project.web.fields import validate_visible

from .email_addresses import EmailField as EmailFormField
from .email_addresses import fold_email, validate_folded
from .passwords import nfc, nfd
from .querysets import UserManager
from .sealing import possible_hashes, unseal

REASON_LENGTH = 200
USERNAME_PATTERN = r"^[a-z0-9_.-]{3,64}\Z"


def new_session_epoch() -> str:
    return secrets.token_urlsafe(12)


def validate_served_city(name: str) -> None:
    if name not in registry:
        cities = ", ".join(city.name for city in registry)
        raise ValidationError(_("We don't serve that city. Choose one of: %(cities)s."), params={"cities": cities})


class LowerCaseMixin:
    """A text column that is always stored in lower case.

    This makes a plain unique index case-insensitive. CockroachDB's regional tables don't search an index on
    ``LOWER(column)`` locally.
    """

    fold = staticmethod(str.lower)

    def to_python(self, value):
        value = super().to_python(value)
        return self.fold(value) if isinstance(value, str) else value

    def get_prep_value(self, value):
        value = super().get_prep_value(value)
        return self.fold(value) if isinstance(value, str) else value

    def pre_save(self, model_instance, add):
        value = super().pre_save(model_instance, add)
        if isinstance(value, str):
            value = self.fold(value)
            setattr(model_instance, self.attname, value)
        return value


class LowerCaseCharField(LowerCaseMixin, models.CharField):
    """See ``LowerCaseMixin``."""


class LowerCaseEmailField(LowerCaseMixin, models.EmailField):
    """See ``LowerCaseMixin``. The domain is stored in IDNA."""

    default_validators = [validate_folded]
    fold = staticmethod(fold_email)

    def formfield(self, **kwargs: Any) -> forms.Field:
        return super().formfield(**({"form_class": EmailFormField} | kwargs))


class Theme(models.TextChoices):
    AUTO = "auto", _("Match my device")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class User(AbstractBaseUser, PermissionsMixin):
    """A user account.

    The primary key is a single UUID, as groups and the admin log can't reference a composite one.
    ``UNIQUE (city, id)`` is the target of the composite foreign keys of vehicles and rides. ``city`` is the home
    city.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    city = city_column(validators=[validate_served_city])
    username = LowerCaseCharField(
        _("username"),
        max_length=64,
        unique=True,
        validators=[RegexValidator(USERNAME_PATTERN, _("3 to 64 letters, digits, dots, hyphens or underscores."))],
        error_messages={"unique": _("Please use a different username.")},
    )
    email = LowerCaseEmailField(
        _("e-mail"),
        max_length=254,
        unique=True,
        null=True,  # after removal of the account
        error_messages={"unique": _("Please use a different e-mail address.")},
    )
    first_name = models.CharField(_("first name"), max_length=64, validators=[validate_visible])
    # Many people have only one name.
    last_name = models.CharField(_("last name"), max_length=64, blank=True, validators=[validate_visible])
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("staff"), default=False, help_text=_("Can log in to the admin."))
    date_joined = models.DateTimeField(_("joined"), default=timezone.now, editable=False)
    email_confirmed_at = models.DateTimeField(_("e-mail confirmed"), null=True, blank=True, editable=False)
    about_me = models.CharField(_("about me"), max_length=140, blank=True, help_text=_("Up to 140 characters."))
    is_listed = models.BooleanField(
        _("visible to others"),
        default=False,
        help_text=_("Other people can see the username, the first name and “about me”."),
    )
    notify_by_mail = models.BooleanField(
        _("notifications by e-mail"),
        default=True,
        help_text=_("About your rides, bookings and vehicles. We always e-mail you about your account."),
    )
    language = models.CharField(_("language"), max_length=8, blank=True)
    theme = models.CharField(_("theme"), max_length=8, choices=Theme, default=Theme.AUTO)
    # By operations.services.suspension; a suspended account is inactive.
    suspended_at = models.DateTimeField(_("suspended"), null=True, blank=True, editable=False)
    suspension_reason = models.CharField(
        _("reason for the suspension"), max_length=REASON_LENGTH, blank=True, editable=False
    )
    last_seen = models.DateTimeField(_("last seen"), null=True, blank=True, editable=False)
    terms_version = models.PositiveIntegerField(
        _("terms accepted"), default=0, editable=False, help_text=_("The latest version accepted.")
    )
    session_epoch = models.CharField(max_length=16, default=new_session_epoch, editable=False)
    proof_epoch = models.CharField(  # for proofs of a second factor: see accounts.two_factor
        max_length=16, default=new_session_epoch, editable=False
    )

    # Changed by the services of fleet and rides, each with the limit in the UPDATE's WHERE clause.
    open_rides = CounterField(_("open rides"))
    owned_vehicles = CounterField(_("vehicles owned"))
    hold_until = DeadlineField(_("has a reservation until"))
    recent_starts = CounterField(_("recent ride starts"))  # within the hour that begins with starts_since
    starts_since = DeadlineField(_("ride starts counted since"))
    # Changed by notifications.services. The sequence grows with every change of the person's notifications.
    unread_notifications = CounterField(_("unread notifications"))
    notification_sequence = CounterField(_("changes of notifications"))
    active_jobs = CounterField(_("jobs in progress"))  # changed by jobs.services

    # Changed by the services of the community.
    unread_messages = CounterField(_("unread messages"))
    post_count = CounterField(_("posts"))
    follower_count = CounterField(_("followers"))
    followed_count = CounterField(_("following"))
    silenced_until = DeadlineField(_("silenced until"))  # can't write until then, and is not read by others

    objects = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["email", "city"]

    class Meta:
        db_table = "users"
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            models.UniqueConstraint(fields=["city", "id"], name="users_city_id"),
            served_city_constraint("users"),
        ]
        indexes = [models.Index(fields=["city", "username"], name="users_city_username")]

    def __str__(self) -> str:
        return self.username

    def __repr__(self) -> str:
        return f"<User(city={self.city!r}, id='{self.id}', name={self.get_full_name()!r})>"

    def get_full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    def get_short_name(self) -> str:
        return self.first_name

    @property
    def home_city(self) -> City:
        return registry[self.city]

    @property
    def email_is_confirmed(self) -> bool:
        return self.email_confirmed_at is not None

    @property
    def is_removed(self) -> bool:
        """Return whether the account is erased. The row is kept, emptied, for references that must remain."""
        return self.email is None and not self.is_active

    @property
    def is_suspended(self) -> bool:
        return self.suspended_at is not None

    @property
    def is_owner(self) -> bool:
        """Return whether this person owns a vehicle that is not removed."""
        return self.owned_vehicles > 0

    @property
    def is_riding(self) -> bool:
        return self.open_rides > 0

    @property
    def unread_label(self) -> str:
        """Say how many notifications are unread."""
        number = self.unread_notifications
        return ngettext("%(number)d unread notification", "%(number)d unread notifications", number) % {
            "number": number
        }

    @property
    def is_holding(self) -> bool:
        """Return whether this person has a vehicle reserved now."""
        return self.hold_until is not None and self.hold_until > timezone.now()

    @property
    def is_silenced(self) -> bool:
        """Return whether staff have silenced this person in the community."""
        return self.silenced_until is not None and self.silenced_until > timezone.now()

    def set_password(self, raw_password: str | None) -> None:
        super().set_password(raw_password if raw_password is None else nfc(raw_password))

    def check_password(self, raw_password: str) -> bool:
        """Check the password, also against a hash of its decomposed form. See ``has_decomposed``."""
        return super().check_password(nfc(raw_password)) or self.has_decomposed(raw_password)

    def has_decomposed(self, raw_password: str) -> bool:
        """Return whether the stored hash is of the password's decomposed form (NFD)."""
        return nfc(raw_password) != nfd(raw_password) and check_password(nfd(raw_password), self.password)

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Return the hash that every session of this user contains.

        Sessions are signed cookies, so a copied one would survive logging out. Changing the epoch ends all of them.
        Django's public methods, for current and fallback keys, both call this one.
        """
        return salted_hmac(
            "movr.accounts.session",
            self.password + self.session_epoch,
            secret=secret,
            algorithm="sha256",
        ).hexdigest()


def name_of(person: User | None) -> str:
    """Return a username, or that the account is gone."""
    return gettext("(deleted account)") if person is None or person.is_removed else str(person)


class AuthenticatorApp(TOTPDevice):
    """django-otp's TOTP device with an encrypted secret: see ``accounts.sealing``."""

    class Meta:
        proxy = True

    @property
    def bin_key(self) -> bytes:
        return unseal(self.key, owner=self.user_id)


class RecoveryCodes(StaticDevice):
    """django-otp's static device with hashed codes."""

    class Meta:
        proxy = True

    def verify_token(self, token: str) -> bool:
        hashes = possible_hashes(token, owner=self.user_id)
        match = self.token_set.filter(token__in=hashes).values_list("token", flat=True).first()
        return super().verify_token(match or "")


# Django looks for models here.
from .api_access.models import ApiClient, ApiToken, KeptAnswer  # noqa: E402, F401
from .passkeys.models import Passkey, PasskeyChallenge  # noqa: E402, F401
