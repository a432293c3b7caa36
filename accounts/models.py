"""``User``: a person who rides, owns vehicles or works for the operator."""

import secrets
import uuid

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, PermissionsMixin
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from cities.models import City, city_column, served_city_constraint
from cities.registry import registry
from movr_project.db.constraints import ForeignKeyConstraint
from movr_project.db.counters import CounterField, DeadlineField
from movr_project.db.keys import CityKey
from movr_project.db.relations import CityForeignKey

from .querysets import NoticeQuerySet, UserManager

USERNAME_PATTERN = r"^[a-z0-9_.-]{3,64}\Z"


def new_session_epoch() -> str:
    return secrets.token_urlsafe(12)


def validate_served_city(name: str) -> None:
    if name not in registry:
        cities = ", ".join(city.name for city in registry)
        raise ValidationError(_("We don't serve that city. Write one of: %(cities)s."), params={"cities": cities})


class LowerCaseMixin:
    """A text column that is always stored in lower case.

    A unique index on the column itself then ignores case. One on ``LOWER(column)`` would do too, but
    CockroachDB's regional tables do not search expression indexes locally.
    """

    def to_python(self, value):
        value = super().to_python(value)
        return value.lower() if isinstance(value, str) else value

    def get_prep_value(self, value):
        value = super().get_prep_value(value)
        return value.lower() if isinstance(value, str) else value

    def pre_save(self, model_instance, add):
        value = super().pre_save(model_instance, add)
        if isinstance(value, str):
            value = value.lower()
            setattr(model_instance, self.attname, value)
        return value


class LowerCaseCharField(LowerCaseMixin, models.CharField):
    """See ``LowerCaseMixin``."""


class LowerCaseEmailField(LowerCaseMixin, models.EmailField):
    """See ``LowerCaseMixin``."""


class Theme(models.TextChoices):
    AUTO = "auto", _("As on my device")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class User(AbstractBaseUser, PermissionsMixin):
    """One account (rows M1, B1).

    A single UUID is the primary key, since groups and the admin's log can't point at a composite one;
    ``UNIQUE (city, id)`` is what the composite foreign keys of vehicles and rides refer to. ``city`` is
    the home city.
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
        null=True,  # after the account is removed
        error_messages={"unique": _("Please use a different e-mail address.")},
    )
    first_name = models.CharField(_("first name"), max_length=64)
    last_name = models.CharField(_("last name"), max_length=64)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("staff"), default=False, help_text=_("May log in to the administration."))
    date_joined = models.DateTimeField(_("joined"), default=timezone.now, editable=False)
    email_confirmed_at = models.DateTimeField(_("e-mail confirmed"), null=True, blank=True, editable=False)
    about_me = models.CharField(_("about me"), max_length=140, blank=True, help_text=_("Up to 140 characters."))
    is_listed = models.BooleanField(
        _("shown to others"),
        default=True,
        help_text=_("Other people see the username, the first name and “about me”."),
    )
    language = models.CharField(_("language"), max_length=8, blank=True)
    theme = models.CharField(_("theme"), max_length=8, choices=Theme, default=Theme.AUTO)
    last_seen = models.DateTimeField(_("last seen"), null=True, blank=True, editable=False)
    terms_version = models.PositiveIntegerField(
        _("terms accepted"), default=0, editable=False, help_text=_("The newest version accepted.")
    )
    session_epoch = models.CharField(max_length=16, default=new_session_epoch, editable=False)

    # Moved by the services of fleet and rides, each with its limit in the UPDATE's WHERE clause.
    open_rides = CounterField(_("open rides"))
    owned_vehicles = CounterField(_("vehicles owned"))
    hold_until = DeadlineField(_("holds a vehicle until"))
    unread_notices = CounterField(_("unread notices"))  # moved by accounts.notices

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
        """Whether the account is erased: the row stays, emptied, for what must still point at it."""
        return self.email is None and not self.is_active

    @property
    def is_owner(self) -> bool:
        """Whether some vehicle on the road is this person's (rows M20, M21)."""
        return self.owned_vehicles > 0

    @property
    def is_riding(self) -> bool:
        return self.open_rides > 0

    @property
    def is_holding(self) -> bool:
        """Whether a vehicle is reserved for this person just now."""
        return self.hold_until is not None and self.hold_until > timezone.now()

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What every session of this person carries.

        Sessions are signed cookies, so a copied one would outlive logging out: renewing the epoch ends
        them all. Django's public methods, for the current and for retired keys, both call this.
        """
        return salted_hmac(
            "movr.accounts.session",
            self.password + self.session_epoch,
            secret=secret,
            algorithm="sha256",
        ).hexdigest()


class Notice(models.Model):
    """Something a person is told on their next page, in their home city. See ``accounts.notices``."""

    pk = CityKey("city", "id")
    city = city_column()
    id = models.UUIDField(default=uuid.uuid4, editable=False)
    user_id = models.UUIDField(editable=False)
    user = CityForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notices")
    code = models.CharField(_("code"), max_length=32)
    text = models.CharField(_("text"), max_length=300)  # a sentence in the person's language
    url = models.CharField(_("address"), max_length=200, blank=True)  # a path of ours
    created_at = models.DateTimeField(_("told"), default=timezone.now)
    read_at = models.DateTimeField(_("read"), null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        db_table = "notices"
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        constraints = [
            served_city_constraint("notices"),
            # A person who moves takes the notices along.
            ForeignKeyConstraint(
                name="notices_user_lives_in_the_city",
                columns=["city", "user_id"],
                to_table="users",
                to_columns=["city", "id"],
                on_update="CASCADE",
            ),
        ]
        indexes = [
            models.Index(fields=["city", "user_id", "-created_at"], name="notices_user"),
            models.Index(
                fields=["city", "user_id", "-created_at"], name="notices_unread", condition=Q(read_at__isnull=True)
            ),
            models.Index(fields=["city", "read_at"], name="notices_read", condition=Q(read_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def is_unread(self) -> bool:
        return self.read_at is None


class Document(models.Model):
    """One version of a text that the operator writes for its users; a published one never changes."""

    class Kind(models.TextChoices):
        TERMS = "terms", _("Terms of use")
        PRIVACY = "privacy", _("Privacy")
        HELP = "help", _("Help")

    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    version = models.PositiveIntegerField(_("version"), editable=False)
    text = models.TextField(_("text"), help_text=_("In Markdown."))
    must_accept = models.BooleanField(
        _("ask everybody again"),
        default=False,
        help_text=_("Only for terms: people accept this version before they go on."),
    )
    published_at = models.DateTimeField(_("published"), default=timezone.now, editable=False)

    class Meta:
        db_table = "documents"
        verbose_name = _("text")
        verbose_name_plural = _("texts")
        ordering = ["kind", "-version"]
        constraints = [models.UniqueConstraint(fields=["kind", "version"], name="documents_kind_version")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.version}"


class TermsAcceptance(models.Model):
    """That a person accepted a version of the terms, and when."""

    user = models.ForeignKey(User, models.CASCADE, related_name="terms_acceptances")
    version = models.PositiveIntegerField(_("version"))
    accepted_at = models.DateTimeField(_("accepted"), default=timezone.now)

    class Meta:
        db_table = "terms_acceptances"
        verbose_name = _("acceptance of the terms")
        verbose_name_plural = _("acceptances of the terms")
        constraints = [models.UniqueConstraint(fields=["user", "version"], name="terms_accepted_once")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.version}"


class Throttle(models.Model):
    """How often something was asked for since ``since``. See ``accounts.throttling``."""

    key = models.CharField(max_length=64, primary_key=True)  # a keyed hash: no address, no name
    since = models.DateTimeField(db_index=True)
    count = models.PositiveIntegerField()

    class Meta:
        db_table = "throttles"

    def __str__(self) -> str:
        return self.key
