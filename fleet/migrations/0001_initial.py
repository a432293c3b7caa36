import uuid

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import fleet.models.allocation
import fleet.models.vehicle
import movr_project.db.constraints
import movr_project.db.keys
import movr_project.db.relations
import movr_project.web.fields


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("cities", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Vehicle",
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
                    "code",
                    models.CharField(
                        help_text="On its label; begins with the city's code.", max_length=8, verbose_name="code"
                    ),
                ),
                (
                    "public_id",
                    models.UUIDField(
                        default=uuid.uuid4,
                        editable=False,
                        help_text="The only ID we publish. Changes after every trip.",
                    ),
                ),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("bike", "Bike"),
                            ("e-bike", "E-bike"),
                            ("scooter", "Scooter"),
                            ("skateboard", "Skateboard"),
                            ("moped", "Moped"),
                            ("car", "Car"),
                            ("lorry", "Lorry"),
                            ("truck", "Truck"),
                        ],
                        max_length=16,
                        verbose_name="type",
                    ),
                ),
                (
                    "brand",
                    models.CharField(
                        blank=True,
                        max_length=64,
                        validators=[movr_project.web.fields.validate_visible],
                        verbose_name="brand",
                    ),
                ),
                (
                    "color",
                    models.CharField(
                        max_length=32, validators=[movr_project.web.fields.validate_visible], verbose_name="color"
                    ),
                ),
                ("owner_id", models.UUIDField(blank=True, editable=False, null=True)),
                (
                    "date_added",
                    models.DateField(default=django.utils.timezone.localdate, editable=False, verbose_name="added"),
                ),
                (
                    "approved_at",
                    models.DateTimeField(
                        blank=True, help_text="Riders can see it from then on.", null=True, verbose_name="approved"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("available", "Available"), ("on_trip", "In use"), ("removed", "Not on the street")],
                        default="available",
                        editable=False,
                        max_length=16,
                        verbose_name="status",
                    ),
                ),
                (
                    "last_location",
                    models.CharField(
                        blank=True,
                        max_length=200,
                        validators=[movr_project.web.fields.validate_visible],
                        verbose_name="current location",
                    ),
                ),
                (
                    "latitude",
                    models.FloatField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(-90),
                            django.core.validators.MaxValueValidator(90),
                        ],
                        verbose_name="latitude",
                    ),
                ),
                (
                    "longitude",
                    models.FloatField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(-180),
                            django.core.validators.MaxValueValidator(180),
                        ],
                        verbose_name="longitude",
                    ),
                ),
                (
                    "cell",
                    models.CharField(
                        blank=True,
                        editable=False,
                        help_text="The geohash of its position. Empty if unknown.",
                        max_length=6,
                    ),
                ),
                (
                    "old_latitude",
                    models.FloatField(blank=True, editable=False, null=True, verbose_name="last known latitude"),
                ),
                (
                    "old_longitude",
                    models.FloatField(blank=True, editable=False, null=True, verbose_name="last known longitude"),
                ),
                (
                    "battery_percent",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        null=True,
                        validators=[django.core.validators.MaxValueValidator(100)],
                        verbose_name="battery",
                    ),
                ),
                (
                    "range_m",
                    models.PositiveIntegerField(
                        blank=True, help_text="Remaining range in meters.", null=True, verbose_name="range"
                    ),
                ),
                (
                    "lock_code",
                    models.CharField(
                        default=fleet.models.vehicle.new_lock_code,
                        help_text="Only shown to its rider.",
                        max_length=8,
                        verbose_name="lock code",
                    ),
                ),
                (
                    "last_event_at",
                    models.DateTimeField(editable=False, help_text="Time of its latest event.", null=True),
                ),
                (
                    "owner",
                    movr_project.db.relations.CityForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="vehicles",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "vehicle",
                "verbose_name_plural": "vehicles",
                "db_table": "vehicles",
            },
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
                        verbose_name="vehicle state",
                    ),
                ),
                (
                    "starts_at",
                    models.DateTimeField(
                        blank=True, help_text="Leave empty for no start.", null=True, verbose_name="from"
                    ),
                ),
                (
                    "ends_at",
                    models.DateTimeField(
                        blank=True, help_text="Leave empty for no end.", null=True, verbose_name="until"
                    ),
                ),
                ("start_by", models.DateTimeField(editable=False, null=True, verbose_name="ride to start by")),
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
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
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
                "verbose_name": "calendar entry",
                "verbose_name_plural": "calendar entries",
                "db_table": "allocations",
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
                ("place", models.CharField(blank=True, max_length=200, verbose_name="location")),
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
            },
        ),
        migrations.AddIndex(
            model_name="vehicle",
            index=models.Index(fields=["city", "status", "public_id"], name="vehicles_city_status"),
        ),
        migrations.AddIndex(
            model_name="vehicle",
            index=models.Index(fields=["city", "type", "public_id"], name="vehicles_city_type"),
        ),
        migrations.AddIndex(
            model_name="vehicle",
            index=models.Index(fields=["city", "cell"], name="vehicles_city_cell"),
        ),
        migrations.AddIndex(
            model_name="vehicle",
            index=models.Index(fields=["city", "owner_id", "status"], name="vehicles_city_owner"),
        ),
        migrations.AddConstraint(
            model_name="vehicle",
            constraint=movr_project.db.constraints.ForeignKeyConstraint(
                columns=("city",), name="vehicles_city_is_served", to_columns=("name",), to_table="cities"
            ),
        ),
        migrations.AddConstraint(
            model_name="vehicle",
            constraint=movr_project.db.constraints.ForeignKeyConstraint(
                columns=("city", "owner_id"),
                name="vehicles_owner_lives_in_the_city",
                to_columns=("city", "id"),
                to_table="users",
            ),
        ),
        migrations.AddConstraint(
            model_name="vehicle",
            constraint=models.UniqueConstraint(fields=("city", "code"), name="vehicles_city_code"),
        ),
        migrations.AddConstraint(
            model_name="vehicle",
            constraint=models.UniqueConstraint(fields=("city", "public_id"), name="vehicles_city_public_id"),
        ),
        migrations.AddConstraint(
            model_name="vehicle",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("cell", ""), ("latitude__isnull", True), ("longitude__isnull", True)),
                    models.Q(
                        ("latitude__isnull", False), ("longitude__isnull", False), models.Q(("cell", ""), _negated=True)
                    ),
                    _connector="OR",
                ),
                name="vehicles_position_is_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="vehicle",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("old_latitude__isnull", True), ("old_longitude__isnull", True)),
                    models.Q(
                        ("latitude__isnull", True), ("old_latitude__isnull", False), ("old_longitude__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="vehicles_old_position_is_old",
            ),
        ),
        migrations.AddIndex(
            model_name="allocation",
            index=models.Index(
                condition=models.Q(("cancelled_at__isnull", True)),
                fields=["city", "vehicle_id", "ends_at"],
                name="allocations_vehicle_ends",
            ),
        ),
        migrations.AddIndex(
            model_name="allocation",
            index=models.Index(
                condition=models.Q(("cancelled_at__isnull", True)),
                fields=["city", "ends_at"],
                name="allocations_city_ends",
            ),
        ),
        migrations.AddIndex(
            model_name="allocation",
            index=models.Index(fields=["rider_city", "rider_id", "-starts_at"], name="allocations_rider"),
        ),
        migrations.AddIndex(
            model_name="allocation",
            index=models.Index(fields=["made_by_city", "made_by_id"], name="allocations_maker"),
        ),
        migrations.AddConstraint(
            model_name="allocation",
            constraint=movr_project.db.constraints.ForeignKeyConstraint(
                columns=("city",), name="allocations_city_is_served", to_columns=("name",), to_table="cities"
            ),
        ),
        migrations.AddConstraint(
            model_name="allocation",
            constraint=movr_project.db.constraints.ForeignKeyConstraint(
                columns=("city", "vehicle_id"),
                name="allocations_vehicle_is_in_the_city",
                to_columns=("city", "id"),
                to_table="vehicles",
            ),
        ),
        migrations.AddConstraint(
            model_name="allocation",
            constraint=movr_project.db.constraints.ForeignKeyConstraint(
                columns=("rider_city", "rider_id"),
                name="allocations_rider_lives_in_rider_city",
                on_update="CASCADE",
                to_columns=("city", "id"),
                to_table="users",
            ),
        ),
        migrations.AddConstraint(
            model_name="allocation",
            constraint=movr_project.db.constraints.ForeignKeyConstraint(
                columns=("made_by_city", "made_by_id"),
                name="allocations_maker_lives_in_made_by_city",
                on_update="CASCADE",
                to_columns=("city", "id"),
                to_table="users",
            ),
        ),
        migrations.AddConstraint(
            model_name="allocation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("starts_at__isnull", True),
                    ("ends_at__isnull", True),
                    ("starts_at__lt", models.F("ends_at")),
                    _connector="OR",
                ),
                name="allocations_end_after_they_start",
            ),
        ),
        migrations.AddConstraint(
            model_name="allocation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind__in", ["reservation", "booking"]), _negated=True),
                    models.Q(("ends_at__isnull", False), ("starts_at__isnull", False)),
                    _connector="OR",
                ),
                name="allocations_of_riders_have_bounds",
            ),
        ),
        migrations.AddConstraint(
            model_name="allocation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("start_by__isnull", True),
                    models.Q(
                        ("cancelled_at__isnull", True),
                        ("ends_at__gt", models.F("start_by")),
                        ("kind", "booking"),
                        ("starts_at__lt", models.F("start_by")),
                    ),
                    _connector="OR",
                ),
                name="allocations_start_by_is_within",
            ),
        ),
        migrations.AddConstraint(
            model_name="allocation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind__in", ["reservation", "booking"]), ("state", "reserved")),
                    models.Q(("kind", "paused"), ("state", "non_operational")),
                    models.Q(("kind", "maintenance"), ("state__in", ["non_operational", "removed", "missing"])),
                    _connector="OR",
                ),
                name="allocations_state_is_of_the_kind",
            ),
        ),
        migrations.AddIndex(
            model_name="vehicleevent",
            index=models.Index(fields=["city", "occurred_at"], name="vehicle_events_city_time"),
        ),
        migrations.AddIndex(
            model_name="vehicleevent",
            index=models.Index(fields=["actor_city", "actor_id"], name="vehicle_events_actor"),
        ),
        migrations.AddConstraint(
            model_name="vehicleevent",
            constraint=movr_project.db.constraints.ForeignKeyConstraint(
                columns=("city",), name="vehicle_events_city_is_served", to_columns=("name",), to_table="cities"
            ),
        ),
        migrations.AddConstraint(
            model_name="vehicleevent",
            constraint=movr_project.db.constraints.ForeignKeyConstraint(
                columns=("city", "vehicle_id"),
                name="vehicle_events_vehicle_is_in_the_city",
                to_columns=("city", "id"),
                to_table="vehicles",
            ),
        ),
        migrations.AddConstraint(
            model_name="vehicleevent",
            constraint=movr_project.db.constraints.ForeignKeyConstraint(
                columns=("city", "allocation_id"),
                name="vehicle_events_allocation_is_in_the_city",
                to_columns=("city", "id"),
                to_table="allocations",
            ),
        ),
        migrations.AddConstraint(
            model_name="vehicleevent",
            constraint=movr_project.db.constraints.ForeignKeyConstraint(
                columns=("actor_city", "actor_id"),
                name="vehicle_events_actor_lives_in_actor_city",
                on_update="CASCADE",
                to_columns=("city", "id"),
                to_table="users",
            ),
        ),
        migrations.AddConstraint(
            model_name="vehicleevent",
            constraint=models.UniqueConstraint(
                fields=("city", "vehicle_id", "occurred_at"), name="vehicle_events_one_at_a_time"
            ),
        ),
    ]
