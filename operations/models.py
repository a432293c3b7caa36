"""``ProblemReport``: a rider's report about a vehicle."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import name_of
from cities.local_times import local_clock
from cities.models import City, city_column, served_city_constraint
from cities.registry import registry
from movr_project.db.constraints import ForeignKeyConstraint
from movr_project.db.keys import CityKey
from movr_project.db.relations import CityForeignKey


class ProblemKind(models.TextChoices):
    """What is wrong with a vehicle."""

    BRAKES = "brakes", _("Brakes")
    STEERING = "steering", _("Handlebars or steering")
    WHEELS = "wheels", _("Tires or wheels")
    LIGHTS = "lights", _("Lights")
    BATTERY = "battery", _("Battery or motor")
    LOCK = "lock", _("Lock or unlock code")
    NOT_THERE = "not_there", _("Not at its location")
    PARKED = "parked", _("Blocking the way")
    DIRTY = "dirty", _("Dirty")
    OTHER = "other", _("Something else")

    @property
    def is_about_safety(self) -> bool:
        """Return whether the vehicle must not be ridden until it has been checked."""
        return self in {ProblemKind.BRAKES, ProblemKind.STEERING, ProblemKind.WHEELS}


class ProblemReport(models.Model):
    """A report about a vehicle. It is open until staff close it with an outcome."""

    pk = CityKey("city", "id")
    city = city_column()
    id = models.UUIDField(default=uuid.uuid4, editable=False)
    vehicle_id = models.UUIDField(editable=False)
    vehicle = CityForeignKey("fleet.Vehicle", models.PROTECT, related_name="problem_reports")
    kind = models.CharField(_("problem"), max_length=16, choices=ProblemKind)
    text = models.CharField(_("details"), max_length=500, blank=True)
    reporter_city = city_column(null=True, editable=False)
    reporter_id = models.UUIDField(null=True, editable=False)
    reporter = CityForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, city_field="reporter_city", null=True, related_name="problem_reports"
    )
    created_at = models.DateTimeField(_("reported"), default=timezone.now, editable=False)
    took_off = models.BooleanField(
        _("put out of service"),
        default=False,
        editable=False,
        help_text=_("The report put the vehicle in maintenance immediately."),
    )
    is_trusted = models.BooleanField(
        _("on the spot"),
        default=False,
        editable=False,
        help_text=_("The person had recently ridden the vehicle or scanned its label."),
    )
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True, editable=False)
    resolution = models.CharField(_("outcome"), max_length=200, blank=True)

    class Meta:
        db_table = "problem_reports"
        verbose_name = _("problem report")
        verbose_name_plural = _("problem reports")
        constraints = [
            served_city_constraint("problem_reports"),
            ForeignKeyConstraint(
                name="problem_reports_vehicle_is_in_the_city",
                columns=["city", "vehicle_id"],
                to_table="vehicles",
                to_columns=["city", "id"],
            ),
            ForeignKeyConstraint(
                name="problem_reports_reporter_lives_in_city",
                columns=["reporter_city", "reporter_id"],
                to_table="users",
                to_columns=["city", "id"],
                on_update="CASCADE",
            ),
        ]
        indexes = [
            models.Index(
                fields=["city", "vehicle_id"], condition=Q(closed_at__isnull=True), name="problem_reports_open"
            ),
            models.Index(fields=["city", "-created_at"], name="problem_reports_newest"),
            models.Index(fields=["reporter_city", "reporter_id"], name="problem_reports_reporter"),
        ]

    def __str__(self) -> str:
        """Name the problem, the vehicle, the reporter and the time. Needs the vehicle and the reporter."""
        return " · ".join((self.get_kind_display(), str(self.vehicle), name_of(self.reporter), self.when))

    def __repr__(self) -> str:
        return f"<ProblemReport(city={self.city!r}, id='{self.id}', kind={self.kind!r})>"

    @property
    def served_city(self) -> City:
        return registry[self.city]

    @property
    def when(self) -> str:
        """Return when it was reported, in the city's time zone."""
        return local_clock(self.created_at, self.served_city)

    @property
    def is_open(self) -> bool:
        return self.closed_at is None
