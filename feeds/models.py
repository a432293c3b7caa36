"""What operators say in the feeds: about each city's system, and in alerts."""

import uuid

import opening_hours
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cities.models import City, city_column, served_city_constraint
from cities.registry import registry
from movr_project.db.keys import CityKey

from .initial_systems import initial_values
from .localized import LocalizedText, require_languages
from .querysets import AlertQuerySet

MAX_HOURS = 200  # characters


def validate_opening_hours(value: str) -> None:
    """Require OpenStreetMap's syntax, such as ``Mo-Fr 06:00-23:00``."""
    if len(value) <= MAX_HOURS and not opening_hours.validate(value):
        raise ValidationError(_("Enter opening hours as in OpenStreetMap, like “24/7” or “Mo-Su 06:00-23:00”."))


def site_languages() -> list[str]:
    return [code for code, _name in settings.LANGUAGES]


class License(models.TextChoices):
    """Licenses for data, by their SPDX identifiers."""

    CC0 = "CC0-1.0", "CC0 1.0"
    CC_BY = "CC-BY-4.0", "CC BY 4.0"
    CC_BY_SA = "CC-BY-SA-4.0", "CC BY-SA 4.0"
    ODBL = "ODbL-1.0", "ODbL 1.0"
    ODC_BY = "ODC-By-1.0", "ODC-By 1.0"
    PDDL = "PDDL-1.0", "PDDL 1.0"
    CDLA = "CDLA-Permissive-2.0", "CDLA-Permissive 2.0"


class System(models.Model):
    """A city's system, in GBFS's sense: its operator, contacts, hours, license and brand.

    Read it through ``feeds.systems``, which keeps all of them in memory.
    """

    city = models.OneToOneField(
        City,
        models.CASCADE,
        primary_key=True,
        db_column="city",
        related_name="system",
        verbose_name=gettext_lazy("city"),
    )
    system_id = models.CharField(
        gettext_lazy("system ID"),
        max_length=64,
        unique=True,
        validators=[RegexValidator(r"^[a-z0-9_]+\Z", gettext_lazy("Lower-case letters, digits and underscores only."))],
        help_text=gettext_lazy("Unique worldwide. Don't change it once the feed is registered."),
    )
    name = LocalizedText(gettext_lazy("name"), max_length=80)
    operator = models.CharField(gettext_lazy("operator"), max_length=80, blank=True)
    languages = models.JSONField(
        gettext_lazy("languages"),
        default=site_languages,
        help_text=gettext_lazy("Every text in the feed appears in each of them."),
    )
    opening_hours = models.CharField(
        gettext_lazy("opening hours"),
        max_length=MAX_HOURS,
        default="24/7",
        validators=[validate_opening_hours],
        help_text=gettext_lazy("In OpenStreetMap's syntax, like “24/7” or “Mo-Su 06:00-23:00”."),
    )
    start_date = models.DateField(gettext_lazy("in operation since"), null=True, blank=True)
    url = models.URLField(gettext_lazy("website"), blank=True, help_text=gettext_lazy("Leave empty for this site."))
    email = models.EmailField(gettext_lazy("customer service e-mail"), blank=True)
    phone_number = models.CharField(
        gettext_lazy("customer service phone"),
        max_length=16,
        blank=True,
        validators=[RegexValidator(r"^\+[1-9]\d{1,14}\Z", gettext_lazy("With the country code, like +33123456789."))],
    )
    feed_contact_email = models.EmailField(
        gettext_lazy("feed contact e-mail"),
        blank=True,
        help_text=gettext_lazy("For people who use the feeds. If empty, feeds@ and this site's host."),
    )
    license_id = models.CharField(gettext_lazy("license"), max_length=32, blank=True, choices=License)
    license_url = models.URLField(
        gettext_lazy("URL of another license"),
        blank=True,
        help_text=gettext_lazy("Instead of a license from the list."),
    )
    attribution = models.CharField(
        gettext_lazy("attribution"),
        max_length=80,
        blank=True,
        help_text=gettext_lazy("Who should be credited for the data."),
    )
    attribution_url = models.URLField(gettext_lazy("attribution URL"), blank=True)
    brand_color = models.CharField(
        gettext_lazy("brand color"),
        max_length=7,
        blank=True,
        validators=[RegexValidator(r"^#[0-9a-fA-F]{6}\Z", gettext_lazy("Use the form #12201a."))],
    )
    brand_image_url = models.URLField(
        gettext_lazy("brand image"),
        blank=True,
        help_text=gettext_lazy("The URL of an SVG. Leave empty for this site's logo."),
    )
    brand_image_url_dark = models.URLField(gettext_lazy("brand image on dark backgrounds"), blank=True)
    brand_last_modified = models.DateField(gettext_lazy("brand last changed"), default=timezone.localdate)
    brand_terms_url = models.URLField(gettext_lazy("terms of use of the brand"), blank=True)

    class Meta:
        db_table = "gbfs_systems"
        ordering = ["pk"]
        verbose_name = gettext_lazy("city feed")
        verbose_name_plural = gettext_lazy("city feeds")
        constraints = [
            models.CheckConstraint(
                condition=Q(license_id="") | Q(license_url=""),
                name="gbfs_systems_one_license",
                violation_error_message=gettext_lazy("Choose a license or enter the URL of another one, not both."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.city)

    @classmethod
    def initial(cls, city: City) -> "System":
        """Return an unsaved system for a city whose operator has not said anything yet."""
        return cls(city=city, **initial_values(city.name, city.display_name))

    def clean(self) -> None:
        if self.languages and self.name:
            try:
                require_languages(self.name, self.languages)
            except ValidationError as error:
                raise ValidationError({"name": error}) from error


class Alert(models.Model):
    """A message in a city's feed about its whole system, from a time on until another one."""

    class Type(models.TextChoices):
        """GBFS's types, except those about stations."""

        SYSTEM_CLOSURE = "system_closure", gettext_lazy("The system is closed")
        OTHER = "other", gettext_lazy("Other")

    pk = CityKey("city", "id")
    city = city_column()
    id = models.UUIDField(default=uuid.uuid4, editable=False)
    type = models.CharField(gettext_lazy("type"), max_length=16, choices=Type, default=Type.OTHER)
    starts_at = models.DateTimeField(gettext_lazy("from"), default=timezone.now)
    ends_at = models.DateTimeField(gettext_lazy("until"), null=True, blank=True)
    summary = LocalizedText(gettext_lazy("summary"), max_length=200)
    description = LocalizedText(gettext_lazy("description"), max_length=2000, default=dict, blank=True)
    url = models.URLField(gettext_lazy("more information"), blank=True)
    updated_at = models.DateTimeField(gettext_lazy("changed"), auto_now=True)

    objects = AlertQuerySet.as_manager()

    class Meta:
        db_table = "gbfs_alerts"
        verbose_name = gettext_lazy("feed alert")
        verbose_name_plural = gettext_lazy("feed alerts")
        constraints = [
            served_city_constraint("gbfs_alerts"),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(starts_at__lt=F("ends_at")),
                name="gbfs_alerts_end_after_they_start",
                violation_error_message=gettext_lazy("The end must be after the start."),
            ),
        ]
        indexes = [models.Index(fields=["city", "ends_at"], name="gbfs_alerts_city_end")]

    def __str__(self) -> str:
        return next(iter(self.summary.values()), "")

    @property
    def served_city(self) -> City:
        return registry[self.city]
