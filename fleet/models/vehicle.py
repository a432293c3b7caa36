"""``Vehicle``: what is on the road."""

import secrets
import uuid
from urllib.parse import urlencode

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from cities.models import City, city_column, served_city_constraint
from cities.registry import registry
from movr_project.db.constraints import ForeignKeyConstraint
from movr_project.db.keys import CityKey
from movr_project.db.relations import CityForeignKey

from .. import geohash
from ..choices import VehicleStatus, VehicleType
from ..querysets import VehicleQuerySet

# Letters and digits that can't be mistaken for one another, by eye or by ear over the phone.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CITY_CODE_LENGTH = 3
CODE_DIGITS = 5


def new_lock_code() -> str:
    return f"{secrets.randbelow(10_000):04}"


def place_in_words(words: str, position: tuple[float, float] | None) -> str:
    """What is said of a place: the words that somebody wrote, or that it is known as a position alone."""
    return words or (gettext("At the point on the map") if position else "")


class Vehicle(models.Model):
    """One vehicle in one city (rows M2, I4), the operator's own unless it has an owner."""

    pk = CityKey("city", "id")
    city = city_column()
    id = models.UUIDField(default=uuid.uuid4, editable=False)
    code = models.CharField(_("code"), max_length=8, help_text=_("On its label; begins with the city's code."))
    public_id = models.UUIDField(
        default=uuid.uuid4,
        editable=False,
        help_text=_("The only id that is published; new after every trip."),
    )
    type = models.CharField(_("type"), max_length=16, choices=VehicleType)
    brand = models.CharField(_("brand"), max_length=64, blank=True)
    color = models.CharField(_("color"), max_length=32)
    owner_id = models.UUIDField(null=True, blank=True, editable=False)
    owner = CityForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="vehicles")
    date_added = models.DateField(_("added"), default=timezone.localdate, editable=False)
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True, help_text=_("Riders see it from then on."))
    status = models.CharField(
        _("status"),
        max_length=16,
        choices=VehicleStatus,
        default=VehicleStatus.AVAILABLE,
        editable=False,
    )
    last_location = models.CharField(_("current location"), max_length=200, blank=True)
    latitude = models.FloatField(
        _("latitude"),
        null=True,
        blank=True,
        validators=[MinValueValidator(-90), MaxValueValidator(90)],
    )
    longitude = models.FloatField(
        _("longitude"),
        null=True,
        blank=True,
        validators=[MinValueValidator(-180), MaxValueValidator(180)],
    )
    cell = models.CharField(
        max_length=geohash.PRECISION,
        blank=True,
        editable=False,
        help_text=_("The geohash of its position; empty while that is not known."),
    )
    battery_percent = models.PositiveSmallIntegerField(
        _("battery"), null=True, blank=True, validators=[MaxValueValidator(100)]
    )
    range_m = models.PositiveIntegerField(
        _("range"), null=True, blank=True, help_text=_("In meters, as far as it gets now.")
    )
    lock_code = models.CharField(
        _("lock code"), max_length=8, default=new_lock_code, help_text=_("Shown to its rider only.")
    )

    last_event_at = models.DateTimeField(
        null=True, editable=False, help_text=_("When the last of its events was; the next one is later.")
    )

    objects = VehicleQuerySet.as_manager()

    class Meta:
        db_table = "vehicles"
        verbose_name = _("vehicle")
        verbose_name_plural = _("vehicles")
        constraints = [
            served_city_constraint("vehicles"),
            # No ON UPDATE CASCADE: while somebody owns a vehicle, their home city can't change.
            ForeignKeyConstraint(
                name="vehicles_owner_lives_in_the_city",
                columns=["city", "owner_id"],
                to_table="users",
                to_columns=["city", "id"],
            ),
            models.UniqueConstraint(fields=["city", "code"], name="vehicles_city_code"),
            models.CheckConstraint(
                condition=Q(latitude__isnull=True, longitude__isnull=True, cell="")
                | Q(latitude__isnull=False, longitude__isnull=False) & ~Q(cell=""),
                name="vehicles_position_is_whole",
            ),
        ]
        indexes = [
            # With the unique index on (city, code), each filter of the list finds its page in order.
            models.Index(fields=["city", "status", "code"], name="vehicles_city_status"),
            models.Index(fields=["city", "type", "code"], name="vehicles_city_type"),
            models.Index(fields=["city", "cell"], name="vehicles_city_cell"),
            models.Index(fields=["city", "owner_id", "status"], name="vehicles_city_owner"),
        ]

    def __str__(self) -> str:
        return f"{self.get_type_display()} {self.code}"

    def __repr__(self) -> str:
        return f"<Vehicle(city={self.city!r}, id='{self.id}', type={self.type!r}, status={self.status!r})>"

    def get_absolute_url(self) -> str:
        return reverse("fleet:vehicle_detail", args=[self.city, self.id])

    @property
    def served_city(self) -> City:
        return registry[self.city]

    @property
    def place(self) -> str:
        """Where it stands, in words (row M24)."""
        return f"{self.spot}, {self.served_city}" if self.spot else str(self.served_city)

    @property
    def spot(self) -> str:
        """Where in its city it stands, in the reader's language where its last rider wrote no words."""
        return place_in_words(self.last_location, self.position)

    @property
    def position(self) -> tuple[float, float] | None:
        """Latitude and longitude in degrees; None while they are not known."""
        return None if self.latitude is None else (self.latitude, self.longitude)

    @property
    def has_position(self) -> bool:
        return self.position is not None

    @property
    def is_available(self) -> bool:
        """Whether nobody rides it. Whether somebody holds it stands in its calendar."""
        return self.status == VehicleStatus.AVAILABLE and self.approved_at is not None

    @property
    def is_rideable(self) -> bool:
        """Whether its viewer may ride it now. Of a vehicle from ``seen_by``."""
        return self.is_available and (self.taken_kind is None or self.is_taken_by_viewer)

    @property
    def is_taken_by_viewer(self) -> bool:
        return self.taken_kind is not None and bool(self.taken_is_own)

    @property
    def is_taken_later(self) -> bool:
        """Whether what is in the way has not begun."""
        return self.taken_kind is not None and self.taken_from is not None and self.taken_from > timezone.now()

    @property
    def standing(self) -> str:
        """What its viewer is told of it, in one word. Of a vehicle from ``seen_by``."""
        if self.is_removed:
            return "removed"
        if self.awaits_approval:
            return "awaits_approval"
        if self.is_on_trip:
            return "in_use"
        if self.taken_kind is None:
            return "available"
        if self.is_taken_by_viewer:
            return f"own_{self.taken_kind}"
        return "booked_soon" if self.is_taken_later else self.taken_kind

    @property
    def is_on_trip(self) -> bool:
        return self.status == VehicleStatus.ON_TRIP

    @property
    def is_removed(self) -> bool:
        return self.status == VehicleStatus.REMOVED

    @property
    def awaits_approval(self) -> bool:
        return self.approved_at is None

    @property
    def map_query(self) -> str:
        return f"{self.latitude},{self.longitude}" if self.has_position else self.place

    @property
    def map_url(self) -> str:
        """A map that shows the place, on another site (row M46)."""
        query = urlencode({"api": 1, "query": self.map_query})
        return f"https://www.google.com/maps/search/?{query}"

    def park(self, place: str, position: tuple[float, float] | None) -> list[str]:
        """Put the vehicle at a place, in words and (where known) degrees; return the changed fields' names."""
        self.last_location = place
        self.latitude, self.longitude = position or (None, None)
        self.cell = geohash.encode(*position) if position else ""
        return ["last_location", "latitude", "longitude", "cell"]
