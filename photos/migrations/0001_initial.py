import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import movr_project.db.constraints
import movr_project.db.keys
import movr_project.db.relations


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("cities", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Photo",
            fields=[
                (
                    "pk",
                    movr_project.db.keys.CityKey(
                        "city", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("city", models.CharField(max_length=64, verbose_name="city")),
                ("id", models.UUIDField(default=uuid.uuid4, editable=False)),
                (
                    "subject",
                    models.CharField(choices=[("ride", "parked vehicle"), ("report", "problem report")], max_length=8),
                ),
                ("subject_id", models.UUIDField(editable=False)),
                ("photographer_city", models.CharField(editable=False, max_length=64, verbose_name="city")),
                ("photographer_id", models.UUIDField(editable=False)),
                ("file", models.CharField(editable=False, max_length=100)),
                ("width", models.PositiveIntegerField(editable=False)),
                ("height", models.PositiveIntegerField(editable=False)),
                ("size", models.PositiveIntegerField(editable=False)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False),
                ),
                (
                    "photographer",
                    movr_project.db.relations.CityForeignKey(
                        city_field="photographer_city",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="photos",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "photo",
                "verbose_name_plural": "photos",
                "db_table": "photos",
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["city", "created_at"], name="photos_city_time"),
                    models.Index(fields=["photographer_city", "photographer_id"], name="photos_photographer"),
                ],
                "constraints": [
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city",), name="photos_city_is_served", to_columns=("name",), to_table="cities"
                    ),
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("photographer_city", "photographer_id"),
                        name="photos_photographer_lives_in_city",
                        on_update="CASCADE",
                        to_columns=("city", "id"),
                        to_table="users",
                    ),
                    models.UniqueConstraint(fields=("city", "subject", "subject_id"), name="photos_one_per_subject"),
                ],
            },
        ),
    ]
