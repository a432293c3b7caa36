import uuid

import django.core.validators
from django.db import migrations, models

import movr_project.db.constraints
import movr_project.db.keys
import movr_project.web.fields


class Migration(migrations.Migration):
    dependencies = [("cities", "0002_served_cities")]

    operations = [
        migrations.CreateModel(
            name="Place",
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
                    "name",
                    models.CharField(
                        max_length=100,
                        validators=[movr_project.web.fields.validate_visible],
                        verbose_name="name",
                    ),
                ),
                (
                    "latitude",
                    models.FloatField(
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
                        validators=[
                            django.core.validators.MinValueValidator(-180),
                            django.core.validators.MaxValueValidator(180),
                        ],
                        verbose_name="longitude",
                    ),
                ),
            ],
            options={
                "verbose_name": "place",
                "verbose_name_plural": "places",
                "db_table": "places",
                "ordering": ["city", "name"],
                "constraints": [
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city",), name="places_city_is_served", to_columns=("name",), to_table="cities"
                    ),
                    models.UniqueConstraint(fields=("city", "name"), name="places_city_name"),
                ],
            },
        ),
    ]
