import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import movr_project.db.constraints
import movr_project.db.keys
import movr_project.db.relations


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0002_sequence_and_data"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PushSubscription",
            fields=[
                (
                    "pk",
                    movr_project.db.keys.CityKey(
                        "city", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("city", models.CharField(max_length=64, verbose_name="city")),
                ("id", models.UUIDField(editable=False)),
                ("user_id", models.UUIDField(editable=False)),
                ("endpoint", models.CharField(max_length=1000, verbose_name="address")),
                ("p256dh", models.CharField(editable=False, max_length=100)),
                ("auth", models.CharField(editable=False, max_length=40)),
                ("epoch", models.CharField(editable=False, max_length=16)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="turned on"),
                ),
                (
                    "user",
                    movr_project.db.relations.CityForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="push_subscriptions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "push subscription",
                "verbose_name_plural": "push subscriptions",
                "db_table": "push_subscriptions",
                "indexes": [models.Index(fields=["city", "user_id"], name="push_subscriptions_user")],
                "constraints": [
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city",),
                        name="push_subscriptions_city_is_served",
                        to_columns=("name",),
                        to_table="cities",
                    ),
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city", "user_id"),
                        name="push_subscriptions_user_lives_in_the_city",
                        on_update="CASCADE",
                        to_columns=("city", "id"),
                        to_table="users",
                    ),
                ],
            },
        ),
    ]
