import django.core.validators
from django.db import migrations, models

import cities.models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="City",
            fields=[
                (
                    "name",
                    models.CharField(
                        help_text="Lower case, as in “new york”. It can't be changed later.",
                        max_length=64,
                        primary_key=True,
                        serialize=False,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[a-z]+( [a-z]+)*\\Z", "Lower-case letters and single spaces only."
                            )
                        ],
                        verbose_name="name",
                    ),
                ),
                ("display_name", models.CharField(max_length=64, verbose_name="display name")),
                (
                    "code",
                    models.CharField(
                        help_text="Begins the code on every vehicle's label, so it can't be changed later.",
                        max_length=3,
                        unique=True,
                        validators=[django.core.validators.RegexValidator("^[A-Z]{3}\\Z", "Three capital letters.")],
                        verbose_name="code",
                    ),
                ),
                (
                    "region",
                    models.CharField(
                        help_text="As the database names it: gcp-europe-west1.", max_length=64, verbose_name="region"
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
                (
                    "radius_km",
                    models.PositiveSmallIntegerField(
                        help_text="How far from its centre vehicles may be, in km.",
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="radius",
                    ),
                ),
                (
                    "time_zone",
                    models.CharField(
                        max_length=64, validators=[cities.models.validate_time_zone], verbose_name="time zone"
                    ),
                ),
                (
                    "currency",
                    models.CharField(
                        max_length=3,
                        validators=[
                            django.core.validators.RegexValidator("^[A-Z]{3}\\Z", "Three capital letters, like EUR.")
                        ],
                        verbose_name="currency",
                    ),
                ),
            ],
            options={
                "verbose_name": "city",
                "verbose_name_plural": "cities",
                "db_table": "cities",
                "ordering": ["name"],
            },
        ),
    ]
