"""``City``: the partitioning key of all fleet and ride data."""

from functools import cached_property
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from movr_project.db.constraints import ForeignKeyConstraint

from .geography import great_circle_km

CITY_NAME_LENGTH = 64

# Display names for the catalogue. Languages that spell them the same omit them.
gettext_noop("New York")
gettext_noop("Boston")
gettext_noop("Washington DC")
gettext_noop("San Francisco")
gettext_noop("Seattle")
gettext_noop("Los Angeles")
gettext_noop("Amsterdam")
gettext_noop("Paris")
gettext_noop("Rome")


def validate_time_zone(value: str) -> None:
    if value not in available_timezones():
        raise ValidationError(_("“%(value)s” is not a time zone, like Europe/Paris."), params={"value": value})


def city_column(**kwargs) -> models.CharField:
    """Return the ``city`` column of a partitioned table: a plain string, with ``served_city_constraint``."""
    return models.CharField(_("city"), max_length=CITY_NAME_LENGTH, **kwargs)


def served_city_constraint(table: str, column: str = "city") -> ForeignKeyConstraint:
    """Return the foreign key from a partitioned table to the cities, which allows only served ones."""
    return ForeignKeyConstraint(
        name=f"{table}_{column}_is_served", columns=[column], to_table="cities", to_columns=["name"]
    )


class City(models.Model):
    """A city that MovR serves. Its name is part of all keys in the city and never changes.

    Read it through ``cities.registry``, which caches all cities in memory.
    """

    name = models.CharField(
        _("name"),
        max_length=CITY_NAME_LENGTH,
        primary_key=True,
        validators=[RegexValidator(r"^[a-z]+( [a-z]+)*\Z", _("Lower-case letters and single spaces only."))],
        help_text=_("Lower case, as in “new york”. It can't be changed later."),
    )
    display_name = models.CharField(_("display name"), max_length=CITY_NAME_LENGTH)
    code = models.CharField(
        _("code"),
        max_length=3,
        unique=True,
        validators=[RegexValidator(r"^[A-Z]{3}\Z", _("Three capital letters."))],
        help_text=_("Begins the code on every vehicle's label, so it can't be changed later."),
    )
    region = models.CharField(_("region"), max_length=64, help_text=_("As the database names it: gcp-europe-west1."))
    latitude = models.FloatField(_("latitude"), validators=[MinValueValidator(-90), MaxValueValidator(90)])
    longitude = models.FloatField(_("longitude"), validators=[MinValueValidator(-180), MaxValueValidator(180)])
    radius_km = models.PositiveSmallIntegerField(
        _("radius"), validators=[MinValueValidator(1)], help_text=_("How far from its centre vehicles may be, in km.")
    )
    time_zone = models.CharField(_("time zone"), max_length=64, validators=[validate_time_zone])
    currency = models.CharField(
        _("currency"),
        max_length=3,
        validators=[RegexValidator(r"^[A-Z]{3}\Z", _("Three capital letters, like EUR."))],
    )

    class Meta:
        db_table = "cities"
        ordering = ["name"]
        verbose_name = _("city")
        verbose_name_plural = _("cities")

    def __str__(self) -> str:
        """Return the display name, translated if the catalogue has a translation."""
        return gettext(self.display_name)

    @property
    def slug(self) -> str:
        """Return the city as part of a URL: ``new-york``."""
        return self.name.replace(" ", "-")

    @cached_property
    def tzinfo(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def distance_km(self, latitude: float, longitude: float) -> float:
        """Return the great-circle distance in km from the city's centre to a point in degrees."""
        return great_circle_km(self.latitude, self.longitude, latitude, longitude)

    def contains(self, latitude: float, longitude: float) -> bool:
        return self.distance_km(latitude, longitude) <= self.radius_km
