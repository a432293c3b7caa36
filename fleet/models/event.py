"""``VehicleEvent``: the append-only log of actions on vehicles."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cities.geography import place_in_words
from cities.models import City, city_column, served_city_constraint
from cities.registry import registry
from movr_project.db.constraints import ForeignKeyConstraint
from movr_project.db.keys import CityKey
from movr_project.db.relations import CityForeignKey

from .choices import EventType, VehicleState


class VehicleEvent(models.Model):
    """An action on a vehicle in the terms of MDS 2.0 (Vehicle Events), and the vehicle's state after it.

    Written only by ``fleet.calendar.events``. The start and expiry of allocations are not stored:
    ``fleet.calendar.replay`` derives them from the calendar.
    """

    pk = CityKey("city", "id")
    city = city_column()
    id = models.UUIDField(default=uuid.uuid4, editable=False)
    vehicle_id = models.UUIDField(editable=False)
    vehicle = CityForeignKey("fleet.Vehicle", models.PROTECT, related_name="events")
    state = models.CharField(_("state"), max_length=16, choices=VehicleState)
    event_types = models.JSONField(_("what"), help_text=_("In the order in which they happened."))
    occurred_at = models.DateTimeField(_("when"))
    recorded_at = models.DateTimeField(_("recorded"), default=timezone.now, editable=False)
    place = models.CharField(_("location"), max_length=200, blank=True)
    latitude = models.FloatField(_("latitude"), null=True, blank=True)
    longitude = models.FloatField(_("longitude"), null=True, blank=True)
    # Not a relation, as the fleet must not depend on rides. Checked by `check_integrity`.
    ride_id = models.UUIDField(_("ride"), null=True, blank=True, editable=False)
    allocation_id = models.UUIDField(null=True, editable=False)
    allocation = CityForeignKey("fleet.Allocation", models.PROTECT, null=True, related_name="events")
    actor_city = city_column(null=True, editable=False)
    actor_id = models.UUIDField(null=True, editable=False)
    actor = CityForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, city_field="actor_city", null=True, related_name="vehicle_events"
    )
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        db_table = "vehicle_events"
        verbose_name = _("vehicle event")
        verbose_name_plural = _("vehicle events")
        constraints = [
            served_city_constraint("vehicle_events"),
            ForeignKeyConstraint(
                name="vehicle_events_vehicle_is_in_the_city",
                columns=["city", "vehicle_id"],
                to_table="vehicles",
                to_columns=["city", "id"],
            ),
            ForeignKeyConstraint(
                name="vehicle_events_allocation_is_in_the_city",
                columns=["city", "allocation_id"],
                to_table="allocations",
                to_columns=["city", "id"],
            ),
            ForeignKeyConstraint(
                name="vehicle_events_actor_lives_in_actor_city",
                columns=["actor_city", "actor_id"],
                to_table="users",
                to_columns=["city", "id"],
                on_update="CASCADE",
            ),
            # Unique times make the order of replay well-defined.
            models.UniqueConstraint(fields=["city", "vehicle_id", "occurred_at"], name="vehicle_events_one_at_a_time"),
        ]
        indexes = [
            models.Index(fields=["city", "occurred_at"], name="vehicle_events_city_time"),
            models.Index(fields=["actor_city", "actor_id"], name="vehicle_events_actor"),
        ]

    def __str__(self) -> str:
        return self.what

    def __repr__(self) -> str:
        return f"<VehicleEvent(city={self.city!r}, id='{self.id}', types={self.event_types!r}, state={self.state!r})>"

    @property
    def served_city(self) -> City:
        return registry[self.city]

    @property
    def spot(self) -> str:
        """Return the location within the city."""
        return place_in_words(self.place, None if self.latitude is None else (self.latitude, self.longitude))

    @property
    def what(self) -> str:
        """Return the names of its types, for people."""
        return ", ".join(str(EventType(type_).label) for type_ in self.event_types if type_ in EventType)
