"""``Allocation``: for what, and from when to when, a vehicle is set aside."""

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

from accounts.models import User
from cities.models import City, city_column, served_city_constraint
from cities.registry import registry
from movr_project.db.constraints import ForeignKeyConstraint
from movr_project.db.keys import CityKey
from movr_project.db.relations import CityForeignKey

from ..choices import AllocationKind, Outcome, VehicleState
from ..intervals import Interval
from ..querysets import AllocationQuerySet

DATA_BYTES = 4096


def validate_data(value: object) -> None:
    if not isinstance(value, dict):
        raise ValidationError(_("Write a JSON object."))
    if len(json.dumps(value).encode()) > DATA_BYTES:
        raise ValidationError(_("At most %(bytes)d bytes."), params={"bytes": DATA_BYTES})


class Allocation(models.Model):
    """A vehicle's reservation, booking, maintenance or pause (rows I2, I5, I6).

    ``[starts_at, ends_at)``, where None is from, or to, infinity. Those of a vehicle that are not cancelled
    never overlap: services create them under the vehicle's lock. Ending one that has begun moves its
    ``ends_at``; one that lies ahead is cancelled. ``state`` is what the vehicle is for the world meanwhile.
    """

    pk = CityKey("city", "id")
    city = city_column()
    id = models.UUIDField(default=uuid.uuid4, editable=False)
    vehicle_id = models.UUIDField(editable=False)
    vehicle = CityForeignKey("fleet.Vehicle", models.PROTECT, related_name="allocations")
    kind = models.CharField(_("kind"), max_length=16, choices=AllocationKind)
    state = models.CharField(_("state meanwhile"), max_length=16, choices=VehicleState)
    starts_at = models.DateTimeField(_("from"), null=True, blank=True, help_text=_("Empty: since ever."))
    ends_at = models.DateTimeField(_("until"), null=True, blank=True, help_text=_("Empty: until further notice."))
    description = models.CharField(_("description"), max_length=100, blank=True)
    data = models.JSONField(_("data"), default=dict, blank=True, validators=[validate_data])
    # For whom, where it is for somebody, and by whom. Both may live elsewhere, and may leave.
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
    created_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True, blank=True, editable=False)

    objects = AllocationQuerySet.as_manager()

    class Meta:
        db_table = "allocations"
        verbose_name = _("allocation")
        verbose_name_plural = _("allocations")
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
            # What is in the way of a vehicle is found among few, however long its past.
            models.Index(
                fields=["city", "vehicle_id", "ends_at"],
                condition=Q(cancelled_at__isnull=True),
                name="allocations_vehicle_ends",
            ),
            models.Index(
                fields=["city", "ends_at"], condition=Q(cancelled_at__isnull=True), name="allocations_city_ends"
            ),
            models.Index(fields=["rider_city", "rider_id", "-starts_at"], name="allocations_rider"),
            # To move home or to leave: without it that reads all there are, and every booking meanwhile is in its way.
            models.Index(fields=["made_by_city", "made_by_id"], name="allocations_maker"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.description}" if self.description else self.get_kind_display()

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

    def covers(self, moment: datetime) -> bool:
        return self.cancelled_at is None and moment in self.interval

    def has_ended(self, moment: datetime) -> bool:
        return self.cancelled_at is not None or (self.ends_at is not None and self.ends_at <= moment)

    @property
    def outcome(self) -> Outcome:
        """What became of one that is over. Of an allocation from ``with_outcome``."""
        if self.ride_id is not None:
            return Outcome.RIDDEN
        if self.cancelled_at is not None and self.ended_as != Outcome.CANCELLED_BY_US:
            return Outcome.CANCELLED
        if self.ended_as is not None:
            return Outcome(self.ended_as)
        # The log of long ago is forgotten: what ended before its time then is just over.
        whole = timedelta(minutes=settings.RESERVATION_MINUTES)
        is_whole = self.is_reservation and self.ends_at - self.starts_at >= whole
        return Outcome.EXPIRED if is_whole else Outcome.OVER

    def end(self, moment: datetime) -> list[str]:
        """End it where it has begun, else cancel it; return the changed fields' names."""
        if self.starts_at is None or self.starts_at < moment:
            self.ends_at = moment
            return ["ends_at"]
        self.cancelled_at = moment
        return ["cancelled_at"]
