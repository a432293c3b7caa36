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
        ("fleet", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("cities", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="ProblemReport",
            fields=[
                (
                    "pk",
                    movr_project.db.keys.CityKey(
                        "city", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("city", models.CharField(max_length=64, verbose_name="city")),
                ("id", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("vehicle_id", models.UUIDField(editable=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("brakes", "Brakes"),
                            ("steering", "Handlebars or steering"),
                            ("wheels", "Tires or wheels"),
                            ("lights", "Lights"),
                            ("battery", "Battery or motor"),
                            ("lock", "Lock or unlock code"),
                            ("not_there", "Not at its location"),
                            ("parked", "Blocking the way"),
                            ("dirty", "Dirty"),
                            ("other", "Something else"),
                        ],
                        max_length=16,
                        verbose_name="problem",
                    ),
                ),
                ("text", models.CharField(blank=True, max_length=500, verbose_name="details")),
                ("reporter_city", models.CharField(editable=False, max_length=64, null=True, verbose_name="city")),
                ("reporter_id", models.UUIDField(editable=False, null=True)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="reported"),
                ),
                (
                    "took_off",
                    models.BooleanField(
                        default=False,
                        editable=False,
                        help_text="The report put the vehicle in maintenance immediately.",
                        verbose_name="put out of service",
                    ),
                ),
                (
                    "is_trusted",
                    models.BooleanField(
                        default=False,
                        editable=False,
                        help_text="The person had recently ridden the vehicle or scanned its label.",
                        verbose_name="on the spot",
                    ),
                ),
                ("closed_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="closed")),
                ("resolution", models.CharField(blank=True, max_length=200, verbose_name="outcome")),
                (
                    "reporter",
                    movr_project.db.relations.CityForeignKey(
                        city_field="reporter_city",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="problem_reports",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "vehicle",
                    movr_project.db.relations.CityForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="problem_reports", to="fleet.vehicle"
                    ),
                ),
            ],
            options={
                "verbose_name": "problem report",
                "verbose_name_plural": "problem reports",
                "db_table": "problem_reports",
                "indexes": [
                    models.Index(
                        condition=models.Q(("closed_at__isnull", True)),
                        fields=["city", "vehicle_id"],
                        name="problem_reports_open",
                    ),
                    models.Index(fields=["city", "-created_at"], name="problem_reports_newest"),
                    models.Index(fields=["reporter_city", "reporter_id"], name="problem_reports_reporter"),
                ],
                "constraints": [
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city",),
                        name="problem_reports_city_is_served",
                        to_columns=("name",),
                        to_table="cities",
                    ),
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city", "vehicle_id"),
                        name="problem_reports_vehicle_is_in_the_city",
                        to_columns=("city", "id"),
                        to_table="vehicles",
                    ),
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("reporter_city", "reporter_id"),
                        name="problem_reports_reporter_lives_in_city",
                        on_update="CASCADE",
                        to_columns=("city", "id"),
                        to_table="users",
                    ),
                ],
            },
        ),
    ]
