import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import fleet.models.allocation
import movr_project.db.constraints
import movr_project.db.keys
import movr_project.db.relations


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_notices"),
        ("accounts", "__first__"),
        ("cities", "0001_initial"),
        ("fleet", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="vehicle",
            name="last_event_at",
            field=models.DateTimeField(
                editable=False, help_text="When the last of its events was; the next one is later.", null=True
            ),
        ),
        migrations.CreateModel(
            name="Allocation",
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
                            ("reservation", "Reservation"),
                            ("booking", "Booking"),
                            ("maintenance", "Maintenance"),
                            ("paused", "Paused by its owner"),
                        ],
                        max_length=16,
                        verbose_name="kind",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("available", "Available"),
                            ("reserved", "Reserved"),
                            ("on_trip", "In use"),
                            ("non_operational", "Out of service"),
                            ("missing", "Missing"),
                            ("removed", "Not on the street"),
                        ],
                        max_length=16,
                        verbose_name="state meanwhile",
                    ),
                ),
                (
                    "starts_at",
                    models.DateTimeField(blank=True, help_text="Empty: since ever.", null=True, verbose_name="from"),
                ),
                (
                    "ends_at",
                    models.DateTimeField(
                        blank=True, help_text="Empty: until further notice.", null=True, verbose_name="until"
                    ),
                ),
                ("description", models.CharField(blank=True, max_length=100, verbose_name="description")),
                (
                    "data",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        validators=[fleet.models.allocation.validate_data],
                        verbose_name="data",
                    ),
                ),
                ("rider_city", models.CharField(editable=False, max_length=64, null=True, verbose_name="city")),
                ("rider_id", models.UUIDField(editable=False, null=True)),
                ("made_by_city", models.CharField(editable=False, max_length=64, null=True, verbose_name="city")),
                ("made_by_id", models.UUIDField(editable=False, null=True)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="made"),
                ),
                ("cancelled_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="cancelled")),
                (
                    "made_by",
                    movr_project.db.relations.CityForeignKey(
                        city_field="made_by_city",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="allocations_made",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "rider",
                    movr_project.db.relations.CityForeignKey(
                        city_field="rider_city",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="allocations",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "vehicle",
                    movr_project.db.relations.CityForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="allocations", to="fleet.vehicle"
                    ),
                ),
            ],
            options={
                "verbose_name": "allocation",
                "verbose_name_plural": "allocations",
                "db_table": "allocations",
                "indexes": [
                    models.Index(
                        condition=models.Q(("cancelled_at__isnull", True)),
                        fields=["city", "vehicle_id", "ends_at"],
                        name="allocations_vehicle_ends",
                    ),
                    models.Index(
                        condition=models.Q(("cancelled_at__isnull", True)),
                        fields=["city", "ends_at"],
                        name="allocations_city_ends",
                    ),
                    models.Index(fields=["rider_city", "rider_id", "-starts_at"], name="allocations_rider"),
                ],
                "constraints": [
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city",), name="allocations_city_is_served", to_columns=("name",), to_table="cities"
                    ),
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city", "vehicle_id"),
                        name="allocations_vehicle_is_in_the_city",
                        to_columns=("city", "id"),
                        to_table="vehicles",
                    ),
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("rider_city", "rider_id"),
                        name="allocations_rider_lives_in_rider_city",
                        on_update="CASCADE",
                        to_columns=("city", "id"),
                        to_table="users",
                    ),
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("made_by_city", "made_by_id"),
                        name="allocations_maker_lives_in_made_by_city",
                        on_update="CASCADE",
                        to_columns=("city", "id"),
                        to_table="users",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("starts_at__isnull", True),
                            ("ends_at__isnull", True),
                            ("starts_at__lt", models.F("ends_at")),
                            _connector="OR",
                        ),
                        name="allocations_end_after_they_start",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind__in", ["reservation", "booking"]), _negated=True),
                            models.Q(("ends_at__isnull", False), ("starts_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="allocations_of_riders_have_bounds",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind__in", ["reservation", "booking"]), ("state", "reserved")),
                            models.Q(("kind", "paused"), ("state", "non_operational")),
                            models.Q(("kind", "maintenance"), ("state__in", ["non_operational", "removed", "missing"])),
                            _connector="OR",
                        ),
                        name="allocations_state_is_of_the_kind",
                    ),
                ],
            },
        ),
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
                            ("not_there", "It is not where it should be"),
                            ("parked", "It stands in the way"),
                            ("dirty", "Dirty"),
                            ("other", "Something else"),
                        ],
                        max_length=16,
                        verbose_name="what is wrong",
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
                        help_text="Into maintenance, at once.",
                        verbose_name="took the vehicle off",
                    ),
                ),
                ("closed_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="closed")),
                ("resolution", models.CharField(blank=True, max_length=200, verbose_name="what came of it")),
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
        migrations.CreateModel(
            name="VehicleEvent",
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
                    "state",
                    models.CharField(
                        choices=[
                            ("available", "Available"),
                            ("reserved", "Reserved"),
                            ("on_trip", "In use"),
                            ("non_operational", "Out of service"),
                            ("missing", "Missing"),
                            ("removed", "Not on the street"),
                        ],
                        max_length=16,
                        verbose_name="state",
                    ),
                ),
                (
                    "event_types",
                    models.JSONField(help_text="In the order in which they happened.", verbose_name="what"),
                ),
                ("occurred_at", models.DateTimeField(verbose_name="when")),
                (
                    "recorded_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="recorded"),
                ),
                ("place", models.CharField(blank=True, max_length=200, verbose_name="place")),
                ("latitude", models.FloatField(blank=True, null=True, verbose_name="latitude")),
                ("longitude", models.FloatField(blank=True, null=True, verbose_name="longitude")),
                ("ride_id", models.UUIDField(blank=True, editable=False, null=True, verbose_name="ride")),
                ("allocation_id", models.UUIDField(editable=False, null=True)),
                ("actor_city", models.CharField(editable=False, max_length=64, null=True, verbose_name="city")),
                ("actor_id", models.UUIDField(editable=False, null=True)),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="note")),
                (
                    "actor",
                    movr_project.db.relations.CityForeignKey(
                        city_field="actor_city",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="vehicle_events",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "allocation",
                    movr_project.db.relations.CityForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="fleet.allocation",
                    ),
                ),
                (
                    "vehicle",
                    movr_project.db.relations.CityForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="events", to="fleet.vehicle"
                    ),
                ),
            ],
            options={
                "verbose_name": "vehicle event",
                "verbose_name_plural": "vehicle events",
                "db_table": "vehicle_events",
                "indexes": [
                    models.Index(fields=["city", "occurred_at"], name="vehicle_events_city_time"),
                    models.Index(fields=["actor_city", "actor_id"], name="vehicle_events_actor"),
                ],
                "constraints": [
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city",), name="vehicle_events_city_is_served", to_columns=("name",), to_table="cities"
                    ),
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city", "vehicle_id"),
                        name="vehicle_events_vehicle_is_in_the_city",
                        to_columns=("city", "id"),
                        to_table="vehicles",
                    ),
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city", "allocation_id"),
                        name="vehicle_events_allocation_is_in_the_city",
                        to_columns=("city", "id"),
                        to_table="allocations",
                    ),
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("actor_city", "actor_id"),
                        name="vehicle_events_actor_lives_in_actor_city",
                        on_update="CASCADE",
                        to_columns=("city", "id"),
                        to_table="users",
                    ),
                    models.UniqueConstraint(
                        fields=("city", "vehicle_id", "occurred_at"), name="vehicle_events_one_at_a_time"
                    ),
                ],
            },
        ),
    ]
