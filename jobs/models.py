"""``Job`` and what belongs to it: progress, files, workers and the schedule."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cities.models import city_column, served_city_constraint
from movr_project.db.constraints import ForeignKeyConstraint
from movr_project.db.keys import CityKey
from movr_project.db.relations import CityForeignKey

from .querysets import JobQuerySet, WorkerQuerySet

TASK_LENGTH = 200
KEY_LENGTH = 250
CODE_LENGTH = 64
MESSAGE_LENGTH = 300
NOTE_LENGTH = 200
FILE_NAME_LENGTH = 100


class Status(models.TextChoices):
    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("In progress")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    EXPIRED = "expired", _("Expired")
    CANCELLED = "cancelled", _("Cancelled")
    UNCERTAIN = "uncertain", _("Outcome unknown")


ACTIVE = (Status.QUEUED, Status.RUNNING)


class Job(models.Model):
    """A call of a task, stored in its person's home city. See ``docs/jobs.md``.

    ``worker_id`` and ``token`` are the lease: a job runs as long as its worker's row is alive, and only who knows the
    token may end it. A finished job keeps its token, so that a repeated COMMIT recognises its own work.
    """

    pk = CityKey("city", "id")
    city = city_column()
    id = models.UUIDField(default=uuid.uuid4, editable=False)
    user_id = models.UUIDField(null=True, editable=False)
    user = CityForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="jobs")
    task = models.CharField(_("task"), max_length=TASK_LENGTH)
    queue = models.CharField(_("queue"), max_length=32)
    arguments = models.JSONField(_("arguments"), default=dict)  # emptied once the job is done
    is_shown = models.BooleanField(_("shown to its person"), default=False)
    exclusive_key = models.CharField(max_length=KEY_LENGTH, null=True)
    status = models.CharField(_("status"), max_length=16, choices=Status, default=Status.QUEUED)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    run_at = models.DateTimeField(_("due"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"), null=True)  # unless started before
    started_at = models.DateTimeField(_("started"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    worker_id = models.UUIDField(_("worker"), null=True)
    token = models.UUIDField(null=True)
    cancel_requested_at = models.DateTimeField(_("cancellation requested"), null=True)
    error = models.CharField(_("error"), max_length=CODE_LENGTH, blank=True)
    message = models.CharField(_("message"), max_length=MESSAGE_LENGTH, blank=True)  # in the person's language
    result = models.JSONField(_("result"), null=True)
    file_name = models.CharField(_("file"), max_length=FILE_NAME_LENGTH, blank=True)
    file_type = models.CharField(max_length=64, blank=True)
    file_until = models.DateTimeField(_("file available until"), null=True)
    pruned_at = models.DateTimeField(null=True)  # what it contained is erased

    objects = JobQuerySet.as_manager()

    class Meta:
        db_table = "jobs"
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        constraints = [
            served_city_constraint("jobs"),
            # Jobs move with the person.
            ForeignKeyConstraint(
                name="jobs_user_lives_in_the_city",
                columns=["city", "user_id"],
                to_table="users",
                to_columns=["city", "id"],
                on_update="CASCADE",
            ),
            models.UniqueConstraint(
                fields=["city", "exclusive_key"],
                name="jobs_one_active",
                condition=Q(status__in=["queued", "running"]),
            ),
            models.CheckConstraint(
                condition=~Q(status="running") | Q(worker_id__isnull=False, token__isnull=False),
                name="jobs_running_has_a_worker",
            ),
        ]
        indexes = [
            models.Index(fields=["city", "queue", "run_at"], name="jobs_due", condition=Q(status="queued")),
            models.Index(fields=["city", "worker_id"], name="jobs_running", condition=Q(status="running")),
            models.Index(fields=["city", "user_id", "-created_at"], name="jobs_user"),
            models.Index(fields=["city", "finished_at"], name="jobs_finished"),
        ]

    def __str__(self) -> str:
        return f"{self.task} {self.id}"

    def get_absolute_url(self) -> str:
        return reverse("jobs:job", args=[self.id])

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE

    @property
    def is_pruned(self) -> bool:
        return self.pruned_at is not None

    def is_expired(self, now: datetime) -> bool:
        """Return whether it is too late to start the job for the first time."""
        return self.expires_at is not None and self.expires_at <= now and self.attempts <= 1

    def has_file(self, now: datetime) -> bool:
        is_whole = self.status == Status.DONE and bool(self.file_name)
        return is_whole and self.file_until is not None and now < self.file_until


class JobProgress(models.Model):
    """How far a job has got. A row of its own, as it is written while the job's transaction is open."""

    pk = CityKey("city", "id")
    city = city_column()
    id = models.UUIDField(editable=False)  # the job's
    percent = models.PositiveSmallIntegerField()  # never decreases
    done = models.PositiveIntegerField()
    total = models.PositiveIntegerField()
    note = models.CharField(max_length=NOTE_LENGTH, blank=True)  # in the person's language

    class Meta:
        db_table = "job_progress"
        verbose_name = _("progress")
        verbose_name_plural = _("progress")
        constraints = [
            ForeignKeyConstraint(
                name="job_progress_of_a_job",
                columns=["city", "id"],
                to_table="jobs",
                to_columns=["city", "id"],
                on_update="CASCADE",
                on_delete="CASCADE",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.percent}%"


class FileKind(models.TextChoices):
    INPUT = "input", _("input")
    RESULT = "result", _("result")


class JobFilePart(models.Model):
    """A piece of a job's file. In the database, as web and worker processes may share no disk."""

    pk = CityKey("city", "id")
    city = city_column()
    id = models.UUIDField(default=uuid.uuid4, editable=False)
    job_id = models.UUIDField(editable=False)
    kind = models.CharField(max_length=8, choices=FileKind)
    token = models.UUIDField(null=True)  # of the lease under which it was written
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        db_table = "job_file_parts"
        verbose_name = _("part of a file")
        verbose_name_plural = _("parts of files")
        constraints = [
            ForeignKeyConstraint(
                name="job_file_parts_of_a_job",
                columns=["city", "job_id"],
                to_table="jobs",
                to_columns=["city", "id"],
                on_update="CASCADE",
                on_delete="CASCADE",
            ),
        ]
        indexes = [models.Index(fields=["city", "job_id", "kind", "number"], name="job_file_parts_in_order")]

    def __str__(self) -> str:
        return f"{self.job_id} {self.kind} {self.number}"


class Worker(models.Model):
    """A process that runs jobs. Its heartbeat keeps the leases of all of them.

    ``cities`` is empty for a web process that sends e-mails while there is no worker.
    """

    pk = CityKey("city", "id")
    city = city_column()  # one of those it serves
    id = models.UUIDField(default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=100)
    cities = models.JSONField(_("cities"))
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    alive_until = models.DateTimeField(_("alive until"))  # moved by each heartbeat

    objects = WorkerQuerySet.as_manager()

    class Meta:
        db_table = "job_workers"
        verbose_name = _("worker")
        verbose_name_plural = _("workers")
        constraints = [served_city_constraint("job_workers")]

    def __str__(self) -> str:
        return self.name


class Schedule(models.Model):
    """When a task that runs regularly is due next. Moved by a conditional UPDATE, so that one worker enqueues it."""

    task = models.CharField(_("task"), max_length=TASK_LENGTH, primary_key=True)
    next_at = models.DateTimeField(_("next run"), default=timezone.now)
    last_at = models.DateTimeField(_("last run"), null=True)

    class Meta:
        db_table = "job_schedules"
        verbose_name = _("scheduled task")
        verbose_name_plural = _("schedule")

    def __str__(self) -> str:
        return self.task
