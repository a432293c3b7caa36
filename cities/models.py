"""``City``: the partitioning key of all fleet and ride data. ``Region`` is where it is, and a ``Place`` is in it."""

import uuid
from functools import cached_property
from math import cos, radians
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from movr_project.db.constraints import ForeignKeyConstraint
from movr_project.db.keys import CityKey
from movr_project.web.fields import validate_visible

from .geography import great_circle_km
from .geohash import METRES_PER_DEGREE

CITY_NAME_LENGTH = 64
PLACE_NAME_LENGTH = 100

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
gettext_noop("Europe")
gettext_noop("US East")
gettext_noop("US West")


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
        _("radius"), validators=[MinValueValidator(1)], help_text=_("How far from its center vehicles may be, in km.")
    )
    time_zone = models.CharField(_("time zone"), max_length=64, validators=[validate_time_zone])
    currency = models.CharField(
        _("currency"),
        max_length=3,
        validators=[RegexValidator(r"^[A-Z]{3}\Z", _("Three capital letters, like EUR."))],
    )
    uses_24_hours = models.BooleanField(
        _("24-hour clock"), default=True, help_text=_("Whether people there write 15:30 instead of 3:30 PM.")
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

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Return the south, west, north and east, in degrees, of the square around the city's circle."""
        height = self.radius_km * 1000 / METRES_PER_DEGREE
        width = height / cos(radians(self.latitude))
        return self.latitude - height, self.longitude - width, self.latitude + height, self.longitude + width

    def contains(self, latitude: float, longitude: float) -> bool:
        return self.distance_km(latitude, longitude) <= self.radius_km


class Region(models.Model):
    """What people call a region of the database. Regions without a row keep the database's name."""

    name = models.CharField(
        _("name"), max_length=64, primary_key=True, help_text=_("As the database names it: gcp-europe-west1.")
    )
    display_name = models.CharField(_("display name"), max_length=CITY_NAME_LENGTH)

    class Meta:
        db_table = "regions"
        ordering = ["display_name"]
        verbose_name = _("region")
        verbose_name_plural = _("regions")

    def __str__(self) -> str:
        """Return the display name, translated if the catalogue has a translation."""
        return gettext(self.display_name)


class PlaceQuerySet(models.QuerySet):
    def in_city(self, city: str) -> "PlaceQuerySet":
        return self.filter(city=city)


class Place(models.Model):
    """A well-known place in a city, which people search for: a station, a square. The operator's own list."""

    pk = CityKey("city", "id")
    city = city_column()
    id = models.UUIDField(default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=PLACE_NAME_LENGTH, validators=[validate_visible])
    latitude = models.FloatField(_("latitude"), validators=[MinValueValidator(-90), MaxValueValidator(90)])
    longitude = models.FloatField(_("longitude"), validators=[MinValueValidator(-180), MaxValueValidator(180)])

    objects = PlaceQuerySet.as_manager()

    class Meta:
        db_table = "places"
        ordering = ["city", "name"]
        verbose_name = _("place")
        verbose_name_plural = _("places")
        constraints = [
            served_city_constraint("places"),
            models.UniqueConstraint(fields=["city", "name"], name="places_city_name"),
        ]

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<Place(city={self.city!r}, name={self.name!r})>"

    @property
    def position(self) -> tuple[float, float]:
        return self.latitude, self.longitude
