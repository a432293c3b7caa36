"""``Ride``: one trip of one person on one vehicle."""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import name_of
from cities.geography import great_circle_km, place_in_words
from cities.local_times import local_clock, local_interval
from cities.models import City, city_column, served_city_constraint
from cities.registry import registry
from movr_project.db.constraints import ForeignKeyConstraint
from movr_project.db.keys import CityKey
from movr_project.db.relations import CityForeignKey

from .querysets import RideQuerySet

PLACE_LENGTH = 200
MIN_PAUSE = timedelta(minutes=1)


def ride_id(rider_id: uuid.UUID, token: str, vehicle_key: object) -> uuid.UUID:
    """Return the id of the ride that a form starts, so that sending the form again finds the same ride.

    It is derived from the rider's id, so that others can't produce it. ``vehicle_key`` is the vehicle's ``city:uuid``.
    """
    return uuid.uuid5(rider_id, f"{token}:{vehicle_key}")


class Ride(models.Model):
    """A ride in its vehicle's city. The rider may live in another one, stored in ``rider_city``."""

    pk = CityKey("city", "id")
    city = city_column()
    id = models.UUIDField(editable=False)
    vehicle_id = models.UUIDField(editable=False)
    vehicle = CityForeignKey("fleet.Vehicle", models.PROTECT, related_name="rides")
    rider_city = city_column(editable=False)
    rider_id = models.UUIDField(null=True, editable=False)  # None once the account is removed
    rider = CityForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        city_field="rider_city",
        null=True,
        related_name="rides",
    )
    start_location = models.CharField(_("from"), max_length=PLACE_LENGTH, blank=True)
    start_latitude = models.FloatField(_("latitude"), null=True, blank=True)
    start_longitude = models.FloatField(_("longitude"), null=True, blank=True)
    end_location = models.CharField(_("to"), max_length=PLACE_LENGTH, blank=True)
    end_latitude = models.FloatField(_("latitude"), null=True, blank=True)
    end_longitude = models.FloatField(_("longitude"), null=True, blank=True)
    start_time = models.DateTimeField(_("started"), default=timezone.now)
    end_time = models.DateTimeField(_("ended"), null=True, blank=True)
    length = models.DurationField(_("duration"), null=True, blank=True)
    # While the rider keeps the parked vehicle, and until when they may. A pause that is over ends without a write.
    paused_at = models.DateTimeField(null=True, blank=True, editable=False)
    pause_until = models.DateTimeField(null=True, blank=True, editable=False)
    paused_for = models.DurationField(default=timedelta, editable=False)  # in earlier pauses

    due_at: datetime | None  # of a ride from ``start_ride``: when another person's booking starts

    objects = RideQuerySet.as_manager()

    class Meta:
        db_table = "rides"
        verbose_name = _("ride")
        verbose_name_plural = _("rides")
        constraints = [
            served_city_constraint("rides"),
            ForeignKeyConstraint(
                name="rides_vehicle_is_in_the_city",
                columns=["city", "vehicle_id"],
                to_table="vehicles",
                to_columns=["city", "id"],
            ),
            # Rides follow a person who moves: `rider_city` is the home city.
            ForeignKeyConstraint(
                name="rides_rider_lives_in_rider_city",
                columns=["rider_city", "rider_id"],
                to_table="users",
                to_columns=["city", "id"],
                on_update="CASCADE",
            ),
            models.UniqueConstraint(
                fields=["city", "vehicle_id"],
                condition=Q(end_time__isnull=True),
                name="rides_one_open_per_vehicle",
            ),
            models.CheckConstraint(
                condition=Q(end_time__isnull=True, length__isnull=True)
                | Q(end_time__gte=F("start_time"), length__isnull=False),
                name="rides_end_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(paused_at__isnull=True, pause_until__isnull=True)
                | Q(
                    end_time__isnull=True,
                    paused_at__isnull=False,
                    pause_until__isnull=False,
                    pause_until__gt=F("paused_at"),
                ),
                name="rides_pause_is_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["rider_city", "rider_id", "-start_time"], name="rides_rider"),
            models.Index(fields=["city", "vehicle_id", "-start_time"], name="rides_vehicle"),
            models.Index(fields=["city", "-start_time"], name="rides_city_start"),
        ]

    def __str__(self) -> str:
        """Name the vehicle, the rider, the time and the place. Needs the vehicle and the rider."""
        return " · ".join((str(self.vehicle), name_of(self.rider), self.when, self.way))

    def __repr__(self) -> str:
        return f"<Ride(city={self.city!r}, id='{self.id}', rider_id='{self.rider_id}', vehicle_id='{self.vehicle_id}')>"

    def get_absolute_url(self) -> str:
        return reverse("rides:ride_detail", args=[self.city, self.id])

    @property
    def served_city(self) -> City:
        return registry[self.city]

    @property
    def city_slug(self) -> str:
        return self.served_city.slug

    @property
    def when(self) -> str:
        """Return its times in the city's time zone."""
        if self.end_time is None:
            return gettext("since %(time)s") % {"time": local_clock(self.start_time, self.served_city)}
        return local_interval(self.start_time, self.end_time, self.served_city)

    @property
    def way(self) -> str:
        """Return where it began and, once it has ended, where it went."""
        if self.is_open:
            return gettext("from %(place)s") % {"place": self.start_spot or gettext("an unknown place")}
        return f"{self.start_spot or '?'} → {self.end_spot or '?'}"

    @property
    def is_open(self) -> bool:
        return self.end_time is None

    @property
    def duration(self) -> timedelta:
        """Return the duration, until now for an open ride."""
        return self.length if self.length is not None else timezone.now() - self.start_time

    def is_parked_at(self, moment: datetime) -> bool:
        """Return whether the rider has parked the vehicle to go on later."""
        return self.paused_at is not None and self.pause_until is not None and moment < self.pause_until

    @property
    def is_parked(self) -> bool:
        return self.is_parked_at(timezone.now())

    def parked_for(self, moment: datetime) -> timedelta:
        """Return how long the vehicle has been parked during the ride, in total."""
        if self.paused_at is None or self.pause_until is None:
            return self.paused_for
        return self.paused_for + max(timedelta(), min(moment, self.pause_until) - self.paused_at)

    def may_park_for(self, moment: datetime) -> timedelta:
        """Return how long the vehicle may still be parked, of RIDE_PAUSE_MINUTES in total: at least a minute, or 0."""
        left = timedelta(minutes=settings.RIDE_PAUSE_MINUTES) - self.parked_for(moment)
        return left if left >= MIN_PAUSE else timedelta()

    @property
    def distance_m(self) -> float | None:
        """Return the straight-line distance in metres, or None if the start or end position is unknown."""
        if self.start_position is None or self.end_position is None:
            return None
        return great_circle_km(*self.start_position, *self.end_position) * 1000

    @property
    def start_position(self) -> tuple[float, float] | None:
        return None if self.start_latitude is None else (self.start_latitude, self.start_longitude)

    @property
    def end_position(self) -> tuple[float, float] | None:
        return None if self.end_latitude is None else (self.end_latitude, self.end_longitude)

    @property
    def start_spot(self) -> str:
        """Return the start location, or its position in the reader's language if it has no description."""
        return place_in_words(self.start_location, self.start_position)

    @property
    def end_spot(self) -> str:
        """Return the end location in the same way, or "" while the ride is open."""
        return place_in_words(self.end_location, self.end_position)

    def finish(self, place: str, position: tuple[float, float] | None, *, at: datetime) -> list[str]:
        """Set the time and place of the end. Return the names of the changed fields."""
        # If the clock was set back, the ride must not end before it started.
        self.end_time = max(at, self.start_time)
        self.length = self.end_time - self.start_time
        self.end_location = place
        self.end_latitude, self.end_longitude = position or (None, None)
        return ["end_time", "length", "end_location", "end_latitude", "end_longitude", *self.stop_pause(at=at)]

    def stop_pause(self, *, at: datetime) -> list[str]:
        """Add the current pause to the time parked. Return the names of the changed fields."""
        self.paused_for = self.parked_for(at)
        self.paused_at = self.pause_until = None
        return ["paused_for", "paused_at", "pause_until"]
