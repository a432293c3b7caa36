import uuid

import django.core.validators
import django.utils.timezone
from django.db import migrations, models

import accounts.models
import accounts.querysets
import movr_project.db.constraints
import movr_project.db.counters
import movr_project.web.fields


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        # By hand, here and in the other apps: Django sees no dependency in a ForeignKeyConstraint.
        ("cities", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="User",
            fields=[
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "city",
                    models.CharField(
                        max_length=64, validators=[accounts.models.validate_served_city], verbose_name="city"
                    ),
                ),
                (
                    "username",
                    accounts.models.LowerCaseCharField(
                        error_messages={"unique": "Please use a different username."},
                        max_length=64,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[a-z0-9_.-]{3,64}\\Z", "3 to 64 letters, digits, dots, hyphens or underscores."
                            )
                        ],
                        verbose_name="username",
                    ),
                ),
                (
                    "email",
                    accounts.models.LowerCaseEmailField(
                        error_messages={"unique": "Please use a different e-mail address."},
                        max_length=254,
                        null=True,
                        unique=True,
                        verbose_name="e-mail",
                    ),
                ),
                (
                    "first_name",
                    models.CharField(
                        max_length=64, validators=[movr_project.web.fields.validate_visible], verbose_name="first name"
                    ),
                ),
                (
                    "last_name",
                    models.CharField(
                        blank=True,
                        max_length=64,
                        validators=[movr_project.web.fields.validate_visible],
                        verbose_name="last name",
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                (
                    "is_staff",
                    models.BooleanField(default=False, help_text="Can log in to the admin.", verbose_name="staff"),
                ),
                (
                    "date_joined",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="joined"),
                ),
                (
                    "email_confirmed_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="e-mail confirmed"),
                ),
                (
                    "about_me",
                    models.CharField(
                        blank=True, help_text="Up to 140 characters.", max_length=140, verbose_name="about me"
                    ),
                ),
                (
                    "is_listed",
                    models.BooleanField(
                        default=True,
                        help_text="Other people can see the username, the first name and “about me”.",
                        verbose_name="visible to others",
                    ),
                ),
                ("language", models.CharField(blank=True, max_length=8, verbose_name="language")),
                (
                    "theme",
                    models.CharField(
                        choices=[("auto", "Match my device"), ("light", "Light"), ("dark", "Dark")],
                        default="auto",
                        max_length=8,
                        verbose_name="theme",
                    ),
                ),
                ("suspended_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="suspended")),
                (
                    "suspension_reason",
                    models.CharField(
                        blank=True, editable=False, max_length=200, verbose_name="reason for the suspension"
                    ),
                ),
                ("last_seen", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="last seen")),
                (
                    "terms_version",
                    models.PositiveIntegerField(
                        default=0,
                        editable=False,
                        help_text="The latest version accepted.",
                        verbose_name="terms accepted",
                    ),
                ),
                (
                    "session_epoch",
                    models.CharField(default=accounts.models.new_session_epoch, editable=False, max_length=16),
                ),
                (
                    "proof_epoch",
                    models.CharField(default=accounts.models.new_session_epoch, editable=False, max_length=16),
                ),
                ("open_rides", movr_project.db.counters.CounterField(verbose_name="open rides")),
                ("owned_vehicles", movr_project.db.counters.CounterField(verbose_name="vehicles owned")),
                ("hold_until", movr_project.db.counters.DeadlineField(verbose_name="has a reservation until")),
                ("recent_starts", movr_project.db.counters.CounterField(verbose_name="recent ride starts")),
                ("starts_since", movr_project.db.counters.DeadlineField(verbose_name="ride starts counted since")),
                ("unread_notifications", movr_project.db.counters.CounterField(verbose_name="unread notifications")),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "person",
                "verbose_name_plural": "people",
                "db_table": "users",
                "indexes": [models.Index(fields=["city", "username"], name="users_city_username")],
                "constraints": [
                    models.UniqueConstraint(fields=("city", "id"), name="users_city_id"),
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city",), name="users_city_is_served", to_columns=("name",), to_table="cities"
                    ),
                ],
            },
            managers=[
                ("objects", accounts.querysets.UserManager()),
            ],
        ),
    ]
