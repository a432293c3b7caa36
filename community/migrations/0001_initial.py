import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import community.models
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
            name="Post",
            fields=[
                (
                    "pk",
                    movr_project.db.keys.CityKey(
                        "city", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("city", models.CharField(max_length=64, verbose_name="city")),
                ("id", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("author_id", models.UUIDField(editable=False)),
                ("body", models.CharField(max_length=140, verbose_name="text")),
                ("language", models.CharField(blank=True, max_length=5, verbose_name="language")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="written"),
                ),
                (
                    "ride_type",
                    models.CharField(
                        blank=True,
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
                        editable=False,
                        max_length=16,
                        verbose_name="vehicle type",
                    ),
                ),
                ("ride_length", models.DurationField(blank=True, editable=False, null=True, verbose_name="duration")),
                ("ride_city", models.CharField(blank=True, editable=False, max_length=64, verbose_name="city")),
                ("search_id", models.BigIntegerField(default=community.models.new_search_id, editable=False)),
                ("hidden_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="hidden")),
                (
                    "author",
                    movr_project.db.relations.CityForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="posts", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "post",
                "verbose_name_plural": "posts",
                "db_table": "posts",
                "indexes": [
                    models.Index(fields=["city", "-created_at", "-id"], name="posts_city"),
                    models.Index(fields=["city", "author_id", "-created_at", "-id"], name="posts_author"),
                    models.Index(fields=["-created_at", "-id"], name="posts_newest"),
                ],
                "constraints": [
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city",), name="posts_city_is_served", to_columns=("name",), to_table="cities"
                    ),
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city", "author_id"),
                        name="posts_author_lives_in_city",
                        on_update="CASCADE",
                        to_columns=("city", "id"),
                        to_table="users",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ride_city", ""), ("ride_length__isnull", True), ("ride_type", "")),
                            models.Q(
                                models.Q(("ride_type", ""), _negated=True),
                                ("ride_length__isnull", False),
                                models.Q(("ride_city", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="posts_ride_is_whole",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FeedEntry",
            fields=[
                (
                    "pk",
                    movr_project.db.keys.CityKey(
                        "city", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("city", models.CharField(max_length=64, verbose_name="city")),
                ("id", models.UUIDField(editable=False)),
                ("reader_id", models.UUIDField(editable=False)),
                ("post_city", models.CharField(editable=False, max_length=64, verbose_name="city")),
                ("post_id", models.UUIDField(editable=False)),
                ("created_at", models.DateTimeField(editable=False)),
                (
                    "reader",
                    movr_project.db.relations.CityForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="feed_entries",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "post",
                    movr_project.db.relations.CityForeignKey(
                        city_field="post_city",
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="feed_entries",
                        to="community.post",
                    ),
                ),
            ],
            options={
                "verbose_name": "feed entry",
                "verbose_name_plural": "feed entries",
                "db_table": "feed_entries",
                "indexes": [
                    models.Index(fields=["city", "reader_id", "-created_at", "-id"], name="feed_entries_reader"),
                    models.Index(fields=["post_city", "post_id"], name="feed_entries_post"),
                ],
                "constraints": [
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city",), name="feed_entries_city_is_served", to_columns=("name",), to_table="cities"
                    ),
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city", "reader_id"),
                        name="feed_entries_reader_lives_in_city",
                        on_update="CASCADE",
                        to_columns=("city", "id"),
                        to_table="users",
                    ),
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("post_city", "post_id"),
                        name="feed_entries_post_exists",
                        on_delete="CASCADE",
                        on_update="CASCADE",
                        to_columns=("city", "id"),
                        to_table="posts",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Report",
            fields=[
                (
                    "subject",
                    models.CharField(
                        choices=[("post", "Post"), ("message", "Message"), ("person", "Person")],
                        editable=False,
                        max_length=8,
                        verbose_name="about",
                    ),
                ),
                ("item_city", models.CharField(blank=True, editable=False, max_length=64, verbose_name="city")),
                ("item_id", models.UUIDField(editable=False, null=True)),
                ("text", models.CharField(blank=True, editable=False, max_length=140, verbose_name="text")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="time"),
                ),
                (
                    "pk",
                    movr_project.db.keys.CityKey(
                        "city", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("city", models.CharField(max_length=64, verbose_name="city")),
                ("id", models.UUIDField(editable=False)),
                ("person_id", models.UUIDField(editable=False)),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("spam", "Spam or advertising"),
                            ("harassment", "Harassment or bullying"),
                            ("hate", "Hate speech"),
                            ("violence", "Threats or violence"),
                            ("sexual", "Sexual content"),
                            ("privacy", "Someone's private information"),
                            ("illegal", "Something else that is illegal"),
                            ("other", "Something else"),
                        ],
                        max_length=16,
                        verbose_name="reason",
                    ),
                ),
                ("details", models.CharField(blank=True, max_length=500, verbose_name="details")),
                ("reporter_city", models.CharField(editable=False, max_length=64, null=True, verbose_name="city")),
                ("reporter_id", models.UUIDField(editable=False, null=True)),
                ("closed_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="closed")),
                (
                    "person",
                    movr_project.db.relations.CityForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reports_about",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "reporter",
                    movr_project.db.relations.CityForeignKey(
                        city_field="reporter_city",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reports",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "report",
                "verbose_name_plural": "reports",
                "db_table": "reports",
                "indexes": [
                    models.Index(fields=["city", "closed_at", "-created_at"], name="reports_queue"),
                    models.Index(fields=["city", "person_id"], name="reports_person"),
                    models.Index(fields=["reporter_city", "reporter_id"], name="reports_reporter"),
                ],
                "constraints": [
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city",), name="reports_city_is_served", to_columns=("name",), to_table="cities"
                    ),
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city", "person_id"),
                        name="reports_person_lives_in_city",
                        on_update="CASCADE",
                        to_columns=("city", "id"),
                        to_table="users",
                    ),
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("reporter_city", "reporter_id"),
                        name="reports_reporter_lives_in_city",
                        on_update="CASCADE",
                        to_columns=("city", "id"),
                        to_table="users",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Translation",
            fields=[
                (
                    "pk",
                    movr_project.db.keys.CityKey(
                        "city", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("city", models.CharField(max_length=64, verbose_name="city")),
                ("id", models.UUIDField(editable=False)),
                ("post_id", models.UUIDField(editable=False)),
                ("language", models.CharField(max_length=5)),
                ("text", models.TextField()),
                (
                    "post",
                    movr_project.db.relations.CityForeignKey(
                        on_delete=django.db.models.deletion.DO_NOTHING, related_name="translations", to="community.post"
                    ),
                ),
            ],
            options={
                "verbose_name": "translation",
                "verbose_name_plural": "translations",
                "db_table": "translations",
                "indexes": [models.Index(fields=["city", "post_id"], name="translations_post")],
                "constraints": [
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city",), name="translations_city_is_served", to_columns=("name",), to_table="cities"
                    ),
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city", "post_id"),
                        name="translations_post_exists",
                        on_delete="CASCADE",
                        on_update="CASCADE",
                        to_columns=("city", "id"),
                        to_table="posts",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Block",
            fields=[
                (
                    "pk",
                    movr_project.db.keys.CityKey(
                        "city", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("city", models.CharField(max_length=64, verbose_name="city")),
                ("id", models.UUIDField(editable=False)),
                ("blocker_id", models.UUIDField(editable=False)),
                ("blocked_city", models.CharField(editable=False, max_length=64, verbose_name="city")),
                ("blocked_id", models.UUIDField(editable=False)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "blocked",
                    movr_project.db.relations.CityForeignKey(
                        city_field="blocked_city",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="blocked_by",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "blocker",
                    movr_project.db.relations.CityForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="blocks", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "block",
                "verbose_name_plural": "blocks",
                "db_table": "blocks",
                "indexes": [
                    models.Index(fields=["city", "blocker_id", "blocked_id"], name="blocks_blocker"),
                    models.Index(fields=["blocked_city", "blocked_id"], name="blocks_blocked"),
                ],
                "constraints": [
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city",), name="blocks_city_is_served", to_columns=("name",), to_table="cities"
                    ),
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city", "blocker_id"),
                        name="blocks_blocker_lives_in_city",
                        on_update="CASCADE",
                        to_columns=("city", "id"),
                        to_table="users",
                    ),
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("blocked_city", "blocked_id"),
                        name="blocks_blocked_lives_in_city",
                        on_update="CASCADE",
                        to_columns=("city", "id"),
                        to_table="users",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("blocker_id", models.F("blocked_id")), _negated=True),
                        name="blocks_someone_else",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Conversation",
            fields=[
                (
                    "pk",
                    movr_project.db.keys.CityKey(
                        "city", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("city", models.CharField(max_length=64, verbose_name="city")),
                ("id", models.UUIDField(editable=False)),
                ("owner_id", models.UUIDField(editable=False)),
                ("other_city", models.CharField(editable=False, max_length=64, verbose_name="city")),
                ("other_id", models.UUIDField(editable=False)),
                ("last_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("unread", models.PositiveIntegerField(default=0, editable=False)),
                (
                    "other",
                    movr_project.db.relations.CityForeignKey(
                        city_field="other_city",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="conversations_with",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "owner",
                    movr_project.db.relations.CityForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="conversations",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "conversation",
                "verbose_name_plural": "conversations",
                "db_table": "conversations",
                "indexes": [
                    models.Index(fields=["city", "owner_id", "-last_at", "-id"], name="conversations_owner"),
                    models.Index(fields=["other_city", "other_id"], name="conversations_other"),
                ],
                "constraints": [
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city",), name="conversations_city_is_served", to_columns=("name",), to_table="cities"
                    ),
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city", "owner_id"),
                        name="conversations_owner_lives_in_city",
                        on_update="CASCADE",
                        to_columns=("city", "id"),
                        to_table="users",
                    ),
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("other_city", "other_id"),
                        name="conversations_other_lives_in_city",
                        on_update="CASCADE",
                        to_columns=("city", "id"),
                        to_table="users",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                (
                    "subject",
                    models.CharField(
                        choices=[("post", "Post"), ("message", "Message"), ("person", "Person")],
                        editable=False,
                        max_length=8,
                        verbose_name="about",
                    ),
                ),
                ("item_city", models.CharField(blank=True, editable=False, max_length=64, verbose_name="city")),
                ("item_id", models.UUIDField(editable=False, null=True)),
                ("text", models.CharField(blank=True, editable=False, max_length=140, verbose_name="text")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="time"),
                ),
                (
                    "pk",
                    movr_project.db.keys.CityKey(
                        "city", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("city", models.CharField(max_length=64, verbose_name="city")),
                ("id", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("person_id", models.UUIDField(editable=False)),
                (
                    "measure",
                    models.CharField(
                        choices=[
                            ("hide", "Hidden"),
                            ("delete", "Deleted"),
                            ("warn", "Warning"),
                            ("silence", "Silenced"),
                        ],
                        editable=False,
                        max_length=8,
                        verbose_name="decision",
                    ),
                ),
                ("until", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="until")),
                (
                    "ground",
                    models.CharField(
                        choices=[("terms", "Our terms of use"), ("law", "The law")],
                        editable=False,
                        max_length=8,
                        verbose_name="based on",
                    ),
                ),
                ("reasons", models.CharField(editable=False, max_length=500, verbose_name="reasons")),
                ("was_reported", models.BooleanField(default=True, editable=False, verbose_name="after a report")),
                ("objection", models.CharField(blank=True, editable=False, max_length=500, verbose_name="objection")),
                ("objected_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="objected")),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[("upheld", "The decision stands"), ("reversed", "The decision was reversed")],
                        editable=False,
                        max_length=8,
                        verbose_name="outcome",
                    ),
                ),
                (
                    "outcome_reasons",
                    models.CharField(blank=True, editable=False, max_length=500, verbose_name="reasons"),
                ),
                (
                    "decided_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="objection decided"),
                ),
                (
                    "person",
                    movr_project.db.relations.CityForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decisions_about",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "decision",
                "verbose_name_plural": "decisions",
                "db_table": "decisions",
                "indexes": [
                    models.Index(fields=["city", "-created_at"], name="decisions_city"),
                    models.Index(fields=["city", "person_id"], name="decisions_person"),
                ],
                "constraints": [
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city",), name="decisions_city_is_served", to_columns=("name",), to_table="cities"
                    ),
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city", "person_id"),
                        name="decisions_person_lives_in_city",
                        on_update="CASCADE",
                        to_columns=("city", "id"),
                        to_table="users",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Follow",
            fields=[
                (
                    "pk",
                    movr_project.db.keys.CityKey(
                        "city", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("city", models.CharField(max_length=64, verbose_name="city")),
                ("id", models.UUIDField(editable=False)),
                ("follower_id", models.UUIDField(editable=False)),
                ("followed_city", models.CharField(editable=False, max_length=64, verbose_name="city")),
                ("followed_id", models.UUIDField(editable=False)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "followed",
                    movr_project.db.relations.CityForeignKey(
                        city_field="followed_city",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="followed_by",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "follower",
                    movr_project.db.relations.CityForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="follows", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "follower",
                "verbose_name_plural": "followers",
                "db_table": "follows",
                "indexes": [
                    models.Index(fields=["city", "follower_id", "followed_id"], name="follows_follower"),
                    models.Index(fields=["followed_city", "followed_id"], name="follows_followed"),
                ],
                "constraints": [
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city",), name="follows_city_is_served", to_columns=("name",), to_table="cities"
                    ),
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city", "follower_id"),
                        name="follows_follower_lives_in_city",
                        on_update="CASCADE",
                        to_columns=("city", "id"),
                        to_table="users",
                    ),
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("followed_city", "followed_id"),
                        name="follows_followed_lives_in_city",
                        on_update="CASCADE",
                        to_columns=("city", "id"),
                        to_table="users",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("follower_id", models.F("followed_id")), _negated=True),
                        name="follows_someone_else",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                (
                    "pk",
                    movr_project.db.keys.CityKey(
                        "city", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("city", models.CharField(max_length=64, verbose_name="city")),
                ("id", models.UUIDField(editable=False)),
                ("recipient_id", models.UUIDField(editable=False)),
                ("sender_city", models.CharField(editable=False, max_length=64, verbose_name="city")),
                ("sender_id", models.UUIDField(editable=False)),
                ("pair", models.UUIDField(editable=False)),
                ("body", models.CharField(max_length=140, verbose_name="text")),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="sent"),
                ),
                ("read_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="read")),
                ("hidden_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="hidden")),
                (
                    "recipient",
                    movr_project.db.relations.CityForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="received_messages",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "sender",
                    movr_project.db.relations.CityForeignKey(
                        city_field="sender_city",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sent_messages",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "message",
                "verbose_name_plural": "messages",
                "db_table": "messages",
                "indexes": [
                    models.Index(fields=["city", "pair", "-created_at", "-id"], name="messages_pair"),
                    models.Index(fields=["city", "recipient_id", "read_at"], name="messages_recipient"),
                    models.Index(fields=["sender_city", "sender_id"], name="messages_sender"),
                ],
                "constraints": [
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city",), name="messages_city_is_served", to_columns=("name",), to_table="cities"
                    ),
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city", "recipient_id"),
                        name="messages_recipient_lives_in_city",
                        on_update="CASCADE",
                        to_columns=("city", "id"),
                        to_table="users",
                    ),
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("sender_city", "sender_id"),
                        name="messages_sender_lives_in_city",
                        on_update="CASCADE",
                        to_columns=("city", "id"),
                        to_table="users",
                    ),
                ],
            },
        ),
    ]
