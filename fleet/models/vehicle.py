"""``Vehicle``: a vehicle that can be ridden."""

import secrets
import uuid
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from cities import geohash
from cities.geography import place_in_words
from cities.models import City, city_column, served_city_constraint
from cities.registry import registry
from movr_project.db.constraints import ForeignKeyConstraint
from movr_project.db.keys import CityKey
from movr_project.db.relations import CityForeignKey
from movr_project.web.fields import validate_visible
from movr_project.web.row_urls import row_url

from ..querysets.vehicles import VehicleQuerySet
from .choices import COLORS, ROW_STATES, Situation, VehicleState, VehicleType

if TYPE_CHECKING:
    from .allocation import Allocation

# Letters and digits that are hard to confuse when read or heard.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CITY_CODE_LENGTH = 3
CODE_DIGITS = 5
TAG_DIGITS = 4


def new_lock_code() -> str:
    return f"{secrets.randbelow(10_000):04}"


class Vehicle(models.Model):
    """A vehicle in a city. It belongs to the operator unless it has an owner."""

    pk = CityKey("city", "id")
    city = city_column()
    id = models.UUIDField(default=uuid.uuid4, editable=False)
    code = models.CharField(_("code"), max_length=8, help_text=_("On its label; begins with the city's code."))
    public_id = models.UUIDField(
        default=uuid.uuid4,
        editable=False,
        help_text=_("The only ID we publish. Changes after every trip."),
    )
    type = models.CharField(_("type"), max_length=16, choices=VehicleType)
    brand = models.CharField(_("brand"), max_length=64, blank=True, validators=[validate_visible])
    color = models.CharField(_("color"), max_length=32, validators=[validate_visible])
    owner_id = models.UUIDField(null=True, blank=True, editable=False)
    owner = CityForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="vehicles")
    date_added = models.DateField(_("added"), default=timezone.localdate, editable=False)
    approved_at = models.DateTimeField(
        _("approved"), null=True, blank=True, help_text=_("Riders can see it from then on.")
    )
    status = models.CharField(
        _("status"),
        max_length=16,
        choices=ROW_STATES,
        default=VehicleState.AVAILABLE,
        editable=False,
    )
    last_location = models.CharField(_("current location"), max_length=200, blank=True, validators=[validate_visible])
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
        help_text=_("The geohash of its position. Empty if unknown."),
    )
    # Set while the position is unknown. It helps staff find the vehicle, and no map shows it.
    old_latitude = models.FloatField(_("last known latitude"), null=True, blank=True, editable=False)
    old_longitude = models.FloatField(_("last known longitude"), null=True, blank=True, editable=False)
    battery_percent = models.PositiveSmallIntegerField(
        _("battery"), null=True, blank=True, validators=[MaxValueValidator(100)]
    )
    range_m = models.PositiveIntegerField(_("range"), null=True, blank=True, help_text=_("Remaining range in meters."))
    lock_code = models.CharField(
        _("lock code"), max_length=8, default=new_lock_code, help_text=_("Only shown to its rider.")
    )

    last_event_at = models.DateTimeField(null=True, editable=False, help_text=_("Time of its latest event."))

    objects = VehicleQuerySet.as_manager()

    is_known_to_viewer = False  # a page that has checked it sets it on the instance

    class Meta:
        db_table = "vehicles"
        verbose_name = _("vehicle")
        verbose_name_plural = _("vehicles")
        constraints = [
            served_city_constraint("vehicles"),
            # No ON UPDATE CASCADE: the home city of a vehicle owner can't change.
            ForeignKeyConstraint(
                name="vehicles_owner_lives_in_the_city",
                columns=["city", "owner_id"],
                to_table="users",
                to_columns=["city", "id"],
            ),
            models.UniqueConstraint(fields=["city", "code"], name="vehicles_city_code"),
            models.UniqueConstraint(fields=["city", "public_id"], name="vehicles_city_public_id"),
            models.CheckConstraint(
                condition=Q(latitude__isnull=True, longitude__isnull=True, cell="")
                | Q(latitude__isnull=False, longitude__isnull=False) & ~Q(cell=""),
                name="vehicles_position_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(old_latitude__isnull=True, old_longitude__isnull=True)
                | Q(old_latitude__isnull=False, old_longitude__isnull=False, latitude__isnull=True),
                name="vehicles_old_position_is_old",
            ),
        ]
        indexes = [
            # Together with the unique index on (city, public_id), each of the list's filters has an index in order.
            models.Index(fields=["city", "status", "public_id"], name="vehicles_city_status"),
            models.Index(fields=["city", "type", "public_id"], name="vehicles_city_type"),
            models.Index(fields=["city", "cell"], name="vehicles_city_cell"),
            models.Index(fields=["city", "owner_id", "status"], name="vehicles_city_owner"),
        ]

    def __str__(self) -> str:
        return f"{self.get_type_display()} {self.code}"

    def __repr__(self) -> str:
        return f"<Vehicle(city={self.city!r}, id='{self.id}', type='{self.type}', status='{self.status}')>"

    def get_absolute_url(self) -> str:
        """Return the path of its page, which changes with every trip. See ``lasting_url``."""
        return row_url("fleet:vehicle_detail", self.city, self.public_id)

    def lasting_url(self) -> str:
        """Return a permanent path, which works only for those who have the vehicle, and staff."""
        return row_url("fleet:vehicle_detail", self.city, self.id)

    @property
    def plate(self) -> str:
        """Return its displayed name: the code for people who have it or are at it, else a short public ID."""
        return self.code if self.is_known_to_viewer else f"#{self.public_id.hex[:TAG_DIGITS].upper()}"

    @property
    def served_city(self) -> City:
        return registry[self.city]

    @property
    def place(self) -> str:
        """Return a description of its location."""
        return f"{self.spot}, {self.served_city}" if self.spot else str(self.served_city)

    @property
    def spot(self) -> str:
        """Return its location within the city, or its position in the reader's language without a description."""
        return place_in_words(self.last_location, self.position)

    @property
    def color_name(self) -> str:
        """Return the color's translated name if it is one of ``COLORS``, else the text as entered."""
        known = self.color.capitalize()
        return gettext(known) if known in COLORS else self.color

    @property
    def position(self) -> tuple[float, float] | None:
        """Return latitude and longitude in degrees, or None if unknown."""
        return None if self.latitude is None else (self.latitude, self.longitude)

    @property
    def old_position(self) -> tuple[float, float] | None:
        """Return the last known position while the current one is unknown."""
        return None if self.old_latitude is None else (self.old_latitude, self.old_longitude)

    @property
    def has_position(self) -> bool:
        return self.position is not None

    @property
    def is_available(self) -> bool:
        """Return whether nobody is riding it. It may still be reserved: see its calendar."""
        return self.status == VehicleState.AVAILABLE and self.approved_at is not None

    @property
    def is_rideable(self) -> bool:
        """Return whether the viewer may ride it now. Requires ``seen_by``."""
        return self.is_available and (self.taken_kind is None or self.is_taken_by_viewer)

    def see(self, first: "Allocation | None", viewer: User) -> None:
        """Set what ``seen_by`` annotates: what is first in the calendar from now until the booking buffer."""
        self.taken_kind = first.kind if first else None
        self.taken_from = first.starts_at if first else None
        self.taken_until = first.ends_at if first else None
        self.taken_is_own = first is not None and viewer.is_authenticated and first.is_for(viewer)

    @property
    def is_taken_by_viewer(self) -> bool:
        return self.taken_kind is not None and bool(self.taken_is_own)

    @property
    def is_taken_later(self) -> bool:
        """Return whether the conflicting allocation has not started yet."""
        return self.taken_kind is not None and self.taken_from is not None and self.taken_from > timezone.now()

    def situation_with(self, allocated_as: Situation | None) -> Situation:
        """Return what the vehicle is doing, given its current situation according to the calendar."""
        return Situation.of_vehicle(self.status, awaits_approval=self.awaits_approval, allocated_as=allocated_as)

    @property
    def situation(self) -> Situation:
        """Return what it is doing for its viewer, including a booking that begins soon. Requires ``seen_by``."""
        if self.taken_kind is None:
            return self.situation_with(None)
        is_soon = self.is_taken_later and not self.is_taken_by_viewer
        return self.situation_with(Situation.BOOKED_SOON if is_soon else Situation(self.taken_kind))

    @property
    def staff_situation(self) -> Situation:
        """Return what it is doing now. Requires ``with_situation``."""
        return self.situation_with(self.calendar_situation)

    @property
    def calendar_situation(self) -> Situation | None:
        """Return what its calendar says now, even during a ride. Requires ``with_situation``."""
        return Situation(self.allocated_as) if self.allocated_as else None

    @property
    def is_on_trip(self) -> bool:
        return self.status == VehicleState.ON_TRIP

    @property
    def is_removed(self) -> bool:
        return self.status == VehicleState.REMOVED

    @property
    def awaits_approval(self) -> bool:
        return self.approved_at is None

    @property
    def map_query(self) -> str:
        return f"{self.latitude},{self.longitude}" if self.has_position else self.place

    @property
    def map_url(self) -> str:
        """Return the URL of an external map of the location."""
        query = urlencode({"api": 1, "query": self.map_query})
        return f"https://www.google.com/maps/search/?{query}"

    def park(self, place: str, position: tuple[float, float] | None) -> list[str]:
        """Set the location: a description and, if known, degrees. Return the names of the changed fields.

        Without degrees, the last known position is kept as an old one.
        """
        old = None if position else self.position or self.old_position
        self.old_latitude, self.old_longitude = old or (None, None)
        self.last_location = place
        self.latitude, self.longitude = position or (None, None)
        self.cell = geohash.encode(*position) if position else ""
        return ["last_location", "latitude", "longitude", "cell", "old_latitude", "old_longitude"]
