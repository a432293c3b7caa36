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
        ("accounts", "0006_active_jobs"),
        ("cities", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Job",
            fields=[
                (
                    "pk",
                    movr_project.db.keys.CityKey(
                        "city", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("city", models.CharField(max_length=64, verbose_name="city")),
                ("id", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("user_id", models.UUIDField(editable=False, null=True)),
                ("task", models.CharField(max_length=200, verbose_name="task")),
                ("queue", models.CharField(max_length=32, verbose_name="queue")),
                ("arguments", models.JSONField(default=dict, verbose_name="arguments")),
                ("is_shown", models.BooleanField(default=False, verbose_name="shown to its person")),
                ("exclusive_key", models.CharField(max_length=250, null=True)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("queued", "Waiting"),
                            ("running", "In progress"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("expired", "Expired"),
                            ("cancelled", "Cancelled"),
                            ("uncertain", "Outcome unknown"),
                        ],
                        default="queued",
                        max_length=16,
                        verbose_name="status",
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="created")),
                ("run_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="due")),
                ("expires_at", models.DateTimeField(null=True, verbose_name="expires")),
                ("started_at", models.DateTimeField(null=True, verbose_name="started")),
                ("finished_at", models.DateTimeField(null=True, verbose_name="finished")),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("worker_id", models.UUIDField(null=True, verbose_name="worker")),
                ("token", models.UUIDField(null=True)),
                ("cancel_requested_at", models.DateTimeField(null=True, verbose_name="cancellation requested")),
                ("error", models.CharField(blank=True, max_length=64, verbose_name="error")),
                ("message", models.CharField(blank=True, max_length=300, verbose_name="message")),
                ("result", models.JSONField(null=True, verbose_name="result")),
                ("file_name", models.CharField(blank=True, max_length=100, verbose_name="file")),
                ("file_type", models.CharField(blank=True, max_length=64)),
                ("file_until", models.DateTimeField(null=True, verbose_name="file available until")),
                ("pruned_at", models.DateTimeField(null=True)),
                (
                    "user",
                    movr_project.db.relations.CityForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="jobs",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "job",
                "verbose_name_plural": "jobs",
                "db_table": "jobs",
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "queued")), fields=["city", "queue", "run_at"], name="jobs_due"
                    ),
                    models.Index(
                        condition=models.Q(("status", "running")), fields=["city", "worker_id"], name="jobs_running"
                    ),
                    models.Index(fields=["city", "user_id", "-created_at"], name="jobs_user"),
                    models.Index(fields=["city", "finished_at"], name="jobs_finished"),
                ],
                "constraints": [
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city",), name="jobs_city_is_served", to_columns=("name",), to_table="cities"
                    ),
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city", "user_id"),
                        name="jobs_user_lives_in_the_city",
                        on_update="CASCADE",
                        to_columns=("city", "id"),
                        to_table="users",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status__in", ["queued", "running"])),
                        fields=("city", "exclusive_key"),
                        name="jobs_one_active",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "running"), _negated=True),
                            models.Q(("token__isnull", False), ("worker_id__isnull", False)),
                            _connector="OR",
                        ),
                        name="jobs_running_has_a_worker",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="JobProgress",
            fields=[
                (
                    "pk",
                    movr_project.db.keys.CityKey(
                        "city", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("city", models.CharField(max_length=64, verbose_name="city")),
                ("id", models.UUIDField(editable=False)),
                ("percent", models.PositiveSmallIntegerField()),
                ("done", models.PositiveIntegerField()),
                ("total", models.PositiveIntegerField()),
                ("note", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "verbose_name": "progress",
                "verbose_name_plural": "progress",
                "db_table": "job_progress",
                "constraints": [
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city", "id"),
                        name="job_progress_of_a_job",
                        on_delete="CASCADE",
                        on_update="CASCADE",
                        to_columns=("city", "id"),
                        to_table="jobs",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="JobFilePart",
            fields=[
                (
                    "pk",
                    movr_project.db.keys.CityKey(
                        "city", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("city", models.CharField(max_length=64, verbose_name="city")),
                ("id", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("job_id", models.UUIDField(editable=False)),
                ("kind", models.CharField(choices=[("input", "input"), ("result", "result")], max_length=8)),
                ("token", models.UUIDField(null=True)),
                ("number", models.PositiveIntegerField()),
                ("content", models.BinaryField()),
            ],
            options={
                "verbose_name": "part of a file",
                "verbose_name_plural": "parts of files",
                "db_table": "job_file_parts",
                "indexes": [models.Index(fields=["city", "job_id", "kind", "number"], name="job_file_parts_in_order")],
                "constraints": [
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city", "job_id"),
                        name="job_file_parts_of_a_job",
                        on_delete="CASCADE",
                        on_update="CASCADE",
                        to_columns=("city", "id"),
                        to_table="jobs",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Worker",
            fields=[
                (
                    "pk",
                    movr_project.db.keys.CityKey(
                        "city", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("city", models.CharField(max_length=64, verbose_name="city")),
                ("id", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("cities", models.JSONField(verbose_name="cities")),
                ("started_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="started")),
                ("alive_until", models.DateTimeField(verbose_name="alive until")),
            ],
            options={
                "verbose_name": "worker",
                "verbose_name_plural": "workers",
                "db_table": "job_workers",
                "constraints": [
                    movr_project.db.constraints.ForeignKeyConstraint(
                        columns=("city",), name="job_workers_city_is_served", to_columns=("name",), to_table="cities"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Schedule",
            fields=[
                ("task", models.CharField(max_length=200, primary_key=True, serialize=False, verbose_name="task")),
                ("next_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="next run")),
                ("last_at", models.DateTimeField(null=True, verbose_name="last run")),
            ],
            options={
                "verbose_name": "scheduled task",
                "verbose_name_plural": "schedule",
                "db_table": "job_schedules",
            },
        ),
    ]
