"""``Allocation``: an interval for which a vehicle is not free, and the reason."""

import json
import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User, name_of
from cities.local_times import local_interval
from cities.models import City, city_column, served_city_constraint
from cities.registry import registry
from movr_project.db.constraints import ForeignKeyConstraint
from movr_project.db.keys import CityKey
from movr_project.db.relations import CityForeignKey

from ..calendar.intervals import Interval
from ..querysets.allocations import AllocationQuerySet
from .choices import AllocationKind, Outcome, Situation, VehicleState

DATA_BYTES = 4096


def validate_data(value: object) -> None:
    if not isinstance(value, dict):
        raise ValidationError(_("Enter a JSON object."))
    if len(json.dumps(value).encode()) > DATA_BYTES:
        raise ValidationError(_("At most %(bytes)d bytes."), params={"bytes": DATA_BYTES})


class Allocation(models.Model):
    """A vehicle's reservation, booking, maintenance or pause.

    ``[starts_at, ends_at)``, where None means unbounded. Allocations of a vehicle that are not cancelled never overlap,
    as services create them while the vehicle is locked. To end one that has started, ``ends_at`` is moved; one in the
    future is cancelled. ``state`` is the vehicle's MDS state while it is in effect.

    A booking with a ``start_by`` ends then, unless its rider has started a ride: see ``services.no_shows``. So others
    may have the vehicle from then on, and ``until`` tells the actual end. ``ends_at`` stays what was booked.
    """

    pk = CityKey("city", "id")
    city = city_column()
    id = models.UUIDField(default=uuid.uuid4, editable=False)
    vehicle_id = models.UUIDField(editable=False)
    vehicle = CityForeignKey("fleet.Vehicle", models.PROTECT, related_name="allocations")
    kind = models.CharField(_("kind"), max_length=16, choices=AllocationKind)
    state = models.CharField(_("vehicle state"), max_length=16, choices=VehicleState)
    starts_at = models.DateTimeField(_("from"), null=True, blank=True, help_text=_("Leave empty for no start."))
    ends_at = models.DateTimeField(_("until"), null=True, blank=True, help_text=_("Leave empty for no end."))
    start_by = models.DateTimeField(_("ride to start by"), null=True, editable=False)
    reminded_at = models.DateTimeField(_("rider reminded"), null=True, editable=False)
    description = models.CharField(_("description"), max_length=100, blank=True)
    data = models.JSONField(_("data"), default=dict, blank=True, validators=[validate_data])
    # The rider and the creator, if any. Both may live in another city, and may leave.
    rider_city = city_column(null=True, editable=False)
    rider_id = models.UUIDField(null=True, editable=False)
    rider = CityForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, city_field="rider_city", null=True, related_name="allocations"
    )
    made_by_city = city_column(null=True, editable=False)
    made_by_id = models.UUIDField(null=True, editable=False)
    made_by = CityForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, city_field="made_by_city", null=True, related_name="allocations_made"
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True, blank=True, editable=False)

    objects = AllocationQuerySet.as_manager()

    class Meta:
        db_table = "allocations"
        verbose_name = _("calendar entry")
        verbose_name_plural = _("calendar entries")
        constraints = [
            served_city_constraint("allocations"),
            ForeignKeyConstraint(
                name="allocations_vehicle_is_in_the_city",
                columns=["city", "vehicle_id"],
                to_table="vehicles",
                to_columns=["city", "id"],
            ),
            ForeignKeyConstraint(
                name="allocations_rider_lives_in_rider_city",
                columns=["rider_city", "rider_id"],
                to_table="users",
                to_columns=["city", "id"],
                on_update="CASCADE",
            ),
            ForeignKeyConstraint(
                name="allocations_maker_lives_in_made_by_city",
                columns=["made_by_city", "made_by_id"],
                to_table="users",
                to_columns=["city", "id"],
                on_update="CASCADE",
            ),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True) | Q(ends_at__isnull=True) | Q(starts_at__lt=F("ends_at")),
                name="allocations_end_after_they_start",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=[AllocationKind.RESERVATION, AllocationKind.BOOKING])
                | Q(starts_at__isnull=False, ends_at__isnull=False),
                name="allocations_of_riders_have_bounds",
            ),
            models.CheckConstraint(
                condition=Q(start_by__isnull=True)
                | Q(
                    kind=AllocationKind.BOOKING,
                    cancelled_at__isnull=True,
                    starts_at__lt=F("start_by"),
                    ends_at__gt=F("start_by"),
                ),
                name="allocations_start_by_is_within",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[AllocationKind.RESERVATION, AllocationKind.BOOKING], state=VehicleState.RESERVED)
                | Q(kind=AllocationKind.PAUSED, state=VehicleState.NON_OPERATIONAL)
                | Q(
                    kind=AllocationKind.MAINTENANCE,
                    state__in=[VehicleState.NON_OPERATIONAL, VehicleState.REMOVED, VehicleState.MISSING],
                ),
                name="allocations_state_is_of_the_kind",
            ),
        ]
        indexes = [
            # Finds a vehicle's conflicts among few rows, however long its past.
            models.Index(
                fields=["city", "vehicle_id", "ends_at"],
                condition=Q(cancelled_at__isnull=True),
                name="allocations_vehicle_ends",
            ),
            models.Index(
                fields=["city", "ends_at"], condition=Q(cancelled_at__isnull=True), name="allocations_city_ends"
            ),
            # Finds what riders are to be reminded of.
            models.Index(
                fields=["city", "starts_at"],
                condition=Q(cancelled_at__isnull=True, reminded_at__isnull=True, rider_id__isnull=False),
                name="allocations_to_remind",
            ),
            models.Index(fields=["rider_city", "rider_id", "-starts_at"], name="allocations_rider"),
            # For moving and leaving. Without it, they would scan all rows and conflict with every concurrent booking.
            models.Index(fields=["made_by_city", "made_by_id"], name="allocations_maker"),
        ]

    def __str__(self) -> str:
        """Name the kind, the vehicle, the rider, the time and the reason. Needs the vehicle and the rider."""
        rider = name_of(self.rider) if self.rider_id else ""
        parts = [self.get_kind_display(), str(self.vehicle), rider, self.when, self.description]
        return " · ".join(part for part in parts if part)

    def __repr__(self) -> str:
        return f"<Allocation(city={self.city!r}, id='{self.id}', kind={self.kind!r}, vehicle_id='{self.vehicle_id}')>"

    def get_absolute_url(self) -> str:
        return reverse("fleet:booking_detail", args=[self.city, self.id])

    @property
    def served_city(self) -> City:
        return registry[self.city]

    @property
    def interval(self) -> Interval:
        return Interval(self.starts_at, self.ends_at)

    @property
    def when(self) -> str:
        """Return its times in the city's time zone."""
        return local_interval(self.starts_at, self.until(timezone.now()), self.served_city)

    @property
    def situation(self) -> Situation:
        """Return the vehicle's situation during the allocation."""
        return Situation.of_allocation(self.kind, self.state)

    @property
    def is_reservation(self) -> bool:
        return self.kind == AllocationKind.RESERVATION

    @property
    def is_booking(self) -> bool:
        return self.kind == AllocationKind.BOOKING

    @property
    def is_maintenance(self) -> bool:
        return self.kind == AllocationKind.MAINTENANCE

    @property
    def is_paused(self) -> bool:
        return self.kind == AllocationKind.PAUSED

    @property
    def is_for_a_rider(self) -> bool:
        return self.is_reservation or self.is_booking

    def is_for(self, person: User) -> bool:
        return self.rider_id == person.id

    def until(self, moment: datetime) -> datetime | None:
        """Return when it ends, as far as is known at a time: a booking that is released then has ended early."""
        return self.start_by if self.start_by is not None and self.start_by <= moment else self.ends_at

    def deadline(self, *, free_from: datetime) -> datetime | None:
        """Return by when a booking's rider must start, if the vehicle is free from a time on. None: at any time.

        An organisation's booking has no rider, and nobody starts a ride on it.
        """
        if self.rider_id is None:
            return None
        if not settings.BOOKING_NO_SHOW_MINUTES or self.starts_at is None or self.ends_at is None:
            return None
        start_by = max(self.starts_at, free_from) + timedelta(minutes=settings.BOOKING_NO_SHOW_MINUTES)
        return start_by if start_by < self.ends_at else None

    @property
    def released_at(self) -> datetime | None:
        """Return when it was released because its rider had not started a ride, or None."""
        return self.start_by if self.start_by is not None and self.start_by <= timezone.now() else None

    def covers(self, moment: datetime) -> bool:
        return self.cancelled_at is None and moment in Interval(self.starts_at, self.until(moment))

    def has_ended(self, moment: datetime) -> bool:
        until = self.until(moment)
        return self.cancelled_at is not None or (until is not None and until <= moment)

    @property
    def outcome(self) -> Outcome:
        """Return how a past allocation ended. Requires ``with_outcome``."""
        if self.ride_id is not None:
            return Outcome.RIDDEN
        if self.released_at is not None:
            return Outcome.RELEASED
        if self.cancelled_at is not None and self.ended_as != Outcome.CANCELLED_BY_US:
            return Outcome.CANCELLED
        if self.ended_as is not None:
            return Outcome(self.ended_as)
        # Old events are deleted, so an early end may only show as "ended".
        whole = timedelta(minutes=settings.RESERVATION_MINUTES)
        is_whole = self.is_reservation and self.ends_at - self.starts_at >= whole
        return Outcome.EXPIRED if is_whole else Outcome.OVER

    def end(self, moment: datetime) -> list[str]:
        """End it if it has started, else cancel it. Return the names of the changed fields."""
        self.start_by = None
        if self.starts_at is None or self.starts_at < moment:
            self.ends_at = moment
            return ["ends_at", "start_by"]
        self.cancelled_at = moment
        return ["cancelled_at", "start_by"]
