import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import movr_project.db.constraints
import movr_project.db.keys
import movr_project.db.relations


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_hidden_until_chosen"),
    ]

    operations = [
        migrations.CreateModel(
            name="PasskeyChallenge",
            fields=[
                ("sha256", models.CharField(max_length=64, primary_key=True, serialize=False)),
                (
                    "purpose",
                    models.CharField(
                        choices=[("add", "Add"), ("log_in", "Log In"), ("second_factor", "Second Factor")],
                        max_length=16,
                    ),
                ),
                ("user_id", models.UUIDField(db_index=True, null=True)),
                ("expires_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "verbose_name": "passkey challenge",
                "verbose_name_plural": "passkey challenges",
                "db_table": "passkey_challenges",
            },
        ),
        migrations.CreateModel(
            name="Passkey",
            fields=[
                (
                    "pk",
                    movr_project.db.keys.CityKey(
                        "city", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("city", models.CharField(max_length=64, verbose_name="city")),
                ("id", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("user_id", models.UUIDField(editable=False)),
                ("name", models.CharField(max_length=64, verbose_name="name")),
                ("sha256", models.CharField(editable=False, max_length=64)),
                ("credential_id", models.CharField(editable=False, max_length=1364)),
                ("public_key", models.BinaryField()),
                ("sign_count", models.PositiveBigIntegerField(default=0, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created"),
                ),
                ("last_used_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="last used")),
                (
                    "user",
                    movr_project.db.relations.CityForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="passkeys",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "passkey",
                "verbose_name_plural": "passkeys",
                "db_table": "passkeys",
                "indexes": [models.Index(fields=["city", "sha256"], name="passkeys_sha256")],
                "constraints": [
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city",), name="passkeys_city_is_served", to_columns=("name",), to_table="cities"
                    ),
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city", "user_id"),
                        name="passkeys_user_lives_in_the_city",
                        on_update="CASCADE",
                        to_columns=("city", "id"),
                        to_table="users",
                    ),
                    models.UniqueConstraint(fields=("city", "user_id", "sha256"), name="passkeys_once_per_person"),
                ],
            },
        ),
    ]
