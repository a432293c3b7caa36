"""``Photo``: a picture that someone took of a vehicle, for a ride or a problem report."""

import uuid

from django.conf import settings
from django.core.files.storage import Storage, storages
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cities.models import city_column, served_city_constraint
from movr_project.db.constraints import ForeignKeyConstraint
from movr_project.db.keys import CityKey
from movr_project.db.relations import CityForeignKey

STORAGE = "photos"


def photo_storage() -> Storage:
    """Return the storage of the files, which no URL of its own leads to: see ``photos.views``."""
    return storages[STORAGE]


class Subject(models.TextChoices):
    """What a photo belongs to."""

    RIDE = "ride", _("parked vehicle")
    REPORT = "report", _("problem report")

    @property
    def permission(self) -> str:
        """Return the permission with which staff see what the photo belongs to, and so the photo."""
        return {Subject.RIDE: "rides.view_ride", Subject.REPORT: "operations.view_problemreport"}[self]


class Photo(models.Model):
    """A picture and where its file is. Written only by ``photos.services``."""

    pk = CityKey("city", "id")
    city = city_column()
    id = models.UUIDField(default=uuid.uuid4, editable=False)
    subject = models.CharField(max_length=8, choices=Subject)
    # Not a relation, as rides and reports are in later apps. Checked by `check_integrity`.
    subject_id = models.UUIDField(editable=False)
    photographer_city = city_column(editable=False)
    photographer_id = models.UUIDField(editable=False)
    photographer = CityForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, city_field="photographer_city", related_name="photos"
    )
    # A name in the storage. A FileField would take its storage from the settings once and for all.
    file = models.CharField(max_length=100, editable=False)
    width = models.PositiveIntegerField(editable=False)  # pixels
    height = models.PositiveIntegerField(editable=False)
    size = models.PositiveIntegerField(editable=False)  # bytes
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        db_table = "photos"
        verbose_name = _("photo")
        verbose_name_plural = _("photos")
        default_permissions = ()
        constraints = [
            served_city_constraint("photos"),
            ForeignKeyConstraint(
                name="photos_photographer_lives_in_city",
                columns=["photographer_city", "photographer_id"],
                to_table="users",
                to_columns=["city", "id"],
                on_update="CASCADE",
            ),
            models.UniqueConstraint(fields=["city", "subject", "subject_id"], name="photos_one_per_subject"),
        ]
        indexes = [
            models.Index(fields=["city", "created_at"], name="photos_city_time"),
            models.Index(fields=["photographer_city", "photographer_id"], name="photos_photographer"),
        ]

    def __str__(self) -> str:
        return self.get_subject_display()

    def __repr__(self) -> str:
        return f"<Photo(city={self.city!r}, id='{self.id}', subject='{self.subject}')>"

    def get_absolute_url(self) -> str:
        return reverse("photos:photo", args=[self.city, self.id])
