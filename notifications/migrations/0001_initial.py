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
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("cities", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Notification",
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
                ("code", models.CharField(max_length=32, verbose_name="code")),
                ("text", models.CharField(max_length=300, verbose_name="text")),
                ("url", models.CharField(blank=True, max_length=200, verbose_name="address")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="sent")),
                ("read_at", models.DateTimeField(blank=True, null=True, verbose_name="read")),
                (
                    "user",
                    movr_project.db.relations.CityForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notifications",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "notification",
                "verbose_name_plural": "notifications",
                "db_table": "notifications",
                "indexes": [
                    models.Index(fields=["city", "user_id", "-created_at"], name="notifications_user"),
                    models.Index(
                        condition=models.Q(("read_at__isnull", True)),
                        fields=["city", "user_id", "-created_at"],
                        name="notifications_unread",
                    ),
                    models.Index(
                        condition=models.Q(("read_at__isnull", False)),
                        fields=["city", "read_at"],
                        name="notifications_read",
                    ),
                ],
                "constraints": [
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city",), name="notifications_city_is_served", to_columns=("name",), to_table="cities"
                    ),
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city", "user_id"),
                        name="notifications_user_lives_in_the_city",
                        on_update="CASCADE",
                        to_columns=("city", "id"),
                        to_table="users",
                    ),
                ],
            },
        ),
    ]
