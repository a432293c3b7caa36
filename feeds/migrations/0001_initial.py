import uuid

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import feeds.localized
import feeds.models
import movr_project.db.constraints
import movr_project.db.keys


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("cities", "0002_served_cities"),
    ]

    operations = [
        migrations.CreateModel(
            name="Alert",
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
                    "type",
                    models.CharField(
                        choices=[("system_closure", "The system is closed"), ("other", "Other")],
                        default="other",
                        max_length=16,
                        verbose_name="type",
                    ),
                ),
                ("starts_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="from")),
                ("ends_at", models.DateTimeField(blank=True, null=True, verbose_name="until")),
                ("summary", feeds.localized.LocalizedText(max_length=200, verbose_name="summary")),
                (
                    "description",
                    feeds.localized.LocalizedText(
                        blank=True, default=dict, max_length=2000, verbose_name="description"
                    ),
                ),
                ("url", models.URLField(blank=True, verbose_name="more information")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
            ],
            options={
                "verbose_name": "feed alert",
                "verbose_name_plural": "feed alerts",
                "db_table": "gbfs_alerts",
                "indexes": [models.Index(fields=["city", "ends_at"], name="gbfs_alerts_city_end")],
                "constraints": [
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city",), name="gbfs_alerts_city_is_served", to_columns=("name",), to_table="cities"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ends_at__isnull", True), ("starts_at__lt", models.F("ends_at")), _connector="OR"
                        ),
                        name="gbfs_alerts_end_after_they_start",
                        violation_error_message="The end must be after the start.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="System",
            fields=[
                (
                    "city",
                    models.OneToOneField(
                        db_column="city",
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="system",
                        serialize=False,
                        to="cities.city",
                        verbose_name="city",
                    ),
                ),
                (
                    "system_id",
                    models.CharField(
                        help_text="Unique worldwide. Don't change it once the feed is registered.",
                        max_length=64,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[a-z0-9_]+\\Z", "Lower-case letters, digits and underscores only."
                            )
                        ],
                        verbose_name="system ID",
                    ),
                ),
                ("name", feeds.localized.LocalizedText(max_length=80, verbose_name="name")),
                ("operator", models.CharField(blank=True, max_length=80, verbose_name="operator")),
                (
                    "languages",
                    models.JSONField(
                        default=feeds.models.site_languages,
                        help_text="Every text in the feed appears in each of them.",
                        verbose_name="languages",
                    ),
                ),
                (
                    "opening_hours",
                    models.CharField(
                        default="24/7",
                        help_text="In OpenStreetMap's syntax, like “24/7” or “Mo-Su 06:00-23:00”.",
                        max_length=200,
                        validators=[feeds.models.validate_opening_hours],
                        verbose_name="opening hours",
                    ),
                ),
                ("start_date", models.DateField(blank=True, null=True, verbose_name="in operation since")),
                ("url", models.URLField(blank=True, help_text="Leave empty for this site.", verbose_name="website")),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="customer service e-mail")),
                (
                    "phone_number",
                    models.CharField(
                        blank=True,
                        max_length=16,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^\\+[1-9]\\d{1,14}\\Z", "With the country code, like +33123456789."
                            )
                        ],
                        verbose_name="customer service phone",
                    ),
                ),
                (
                    "feed_contact_email",
                    models.EmailField(
                        blank=True,
                        help_text="For people who use the feeds. If empty, feeds@ and this site's host.",
                        max_length=254,
                        verbose_name="feed contact e-mail",
                    ),
                ),
                (
                    "license_id",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("CC0-1.0", "CC0 1.0"),
                            ("CC-BY-4.0", "CC BY 4.0"),
                            ("CC-BY-SA-4.0", "CC BY-SA 4.0"),
                            ("ODbL-1.0", "ODbL 1.0"),
                            ("ODC-By-1.0", "ODC-By 1.0"),
                            ("PDDL-1.0", "PDDL 1.0"),
                            ("CDLA-Permissive-2.0", "CDLA-Permissive 2.0"),
                        ],
                        max_length=32,
                        verbose_name="license",
                    ),
                ),
                (
                    "license_url",
                    models.URLField(
                        blank=True,
                        help_text="Instead of a license from the list.",
                        verbose_name="URL of another license",
                    ),
                ),
                (
                    "attribution",
                    models.CharField(
                        blank=True,
                        help_text="Who should be credited for the data.",
                        max_length=80,
                        verbose_name="attribution",
                    ),
                ),
                ("attribution_url", models.URLField(blank=True, verbose_name="attribution URL")),
                (
                    "brand_color",
                    models.CharField(
                        blank=True,
                        max_length=7,
                        validators=[
                            django.core.validators.RegexValidator("^#[0-9a-fA-F]{6}\\Z", "Use the form #12201a.")
                        ],
                        verbose_name="brand color",
                    ),
                ),
                (
                    "brand_image_url",
                    models.URLField(
                        blank=True,
                        help_text="The URL of an SVG. Leave empty for this site's logo.",
                        verbose_name="brand image",
                    ),
                ),
                ("brand_image_url_dark", models.URLField(blank=True, verbose_name="brand image on dark backgrounds")),
                (
                    "brand_last_modified",
                    models.DateField(default=django.utils.timezone.localdate, verbose_name="brand last changed"),
                ),
                ("brand_terms_url", models.URLField(blank=True, verbose_name="terms of use of the brand")),
            ],
            options={
                "verbose_name": "city feed",
                "verbose_name_plural": "city feeds",
                "db_table": "gbfs_systems",
                "ordering": ["pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("license_id", ""), ("license_url", ""), _connector="OR"),
                        name="gbfs_systems_one_license",
                        violation_error_message="Choose a license or enter the URL of another one, not both.",
                    )
                ],
            },
        ),
    ]
