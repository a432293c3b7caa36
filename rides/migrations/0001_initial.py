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
            name="Ride",
            fields=[
                (
                    "pk",
                    movr_project.db.keys.CityKey(
                        "city", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("city", models.CharField(max_length=64, verbose_name="city")),
                ("id", models.UUIDField(editable=False)),
                ("vehicle_id", models.UUIDField(editable=False)),
                ("rider_city", models.CharField(editable=False, max_length=64, verbose_name="city")),
                ("rider_id", models.UUIDField(editable=False, null=True)),
                ("start_location", models.CharField(blank=True, max_length=200, verbose_name="from")),
                ("start_latitude", models.FloatField(blank=True, null=True, verbose_name="latitude")),
                ("start_longitude", models.FloatField(blank=True, null=True, verbose_name="longitude")),
                ("end_location", models.CharField(blank=True, max_length=200, verbose_name="to")),
                ("end_latitude", models.FloatField(blank=True, null=True, verbose_name="latitude")),
                ("end_longitude", models.FloatField(blank=True, null=True, verbose_name="longitude")),
                ("start_time", models.DateTimeField(default=django.utils.timezone.now, verbose_name="started")),
                ("end_time", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
                ("length", models.DurationField(blank=True, null=True, verbose_name="duration")),
                (
                    "rider",
                    movr_project.db.relations.CityForeignKey(
                        city_field="rider_city",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rides",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "vehicle",
                    movr_project.db.relations.CityForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="rides", to="fleet.vehicle"
                    ),
                ),
            ],
            options={
                "verbose_name": "ride",
                "verbose_name_plural": "rides",
                "db_table": "rides",
                "indexes": [
                    models.Index(fields=["rider_city", "rider_id", "-start_time"], name="rides_rider"),
                    models.Index(fields=["city", "vehicle_id", "-start_time"], name="rides_vehicle"),
                    models.Index(fields=["city", "-start_time"], name="rides_city_start"),
                ],
                "constraints": [
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city",), name="rides_city_is_served", to_columns=("name",), to_table="cities"
                    ),
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city", "vehicle_id"),
                        name="rides_vehicle_is_in_the_city",
                        to_columns=("city", "id"),
                        to_table="vehicles",
                    ),
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("rider_city", "rider_id"),
                        name="rides_rider_lives_in_rider_city",
                        on_update="CASCADE",
                        to_columns=("city", "id"),
                        to_table="users",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("end_time__isnull", True)),
                        fields=("city", "vehicle_id"),
                        name="rides_one_open_per_vehicle",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("end_time__isnull", True), ("length__isnull", True)),
                            models.Q(("end_time__gte", models.F("start_time")), ("length__isnull", False)),
                            _connector="OR",
                        ),
                        name="rides_end_is_whole",
                    ),
                ],
            },
        ),
    ]
