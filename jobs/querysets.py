from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Exists, OuterRef
from django.utils import timezone

if TYPE_CHECKING:
    from .models import Job


class JobQuerySet(models.QuerySet):
    def in_city(self, city: str) -> Self:
        return self.filter(city=city)

    def row(self, job: "Job") -> Self:
        return self.filter(city=job.city, id=job.id)

    def held(self, job: "Job") -> Self:
        """Filter by the job's lease: nothing, if another worker has taken it over."""
        return self.row(job).filter(status="running", token=job.token)

    def active(self) -> Self:
        return self.filter(status__in=("queued", "running"))

    def due(self, now: datetime) -> Self:
        return self.filter(status="queued", run_at__lte=now)

    def shown(self) -> Self:
        return self.filter(is_shown=True)

    def newest_first(self) -> Self:
        return self.order_by("-created_at", "-id")

    def abandoned(self, dead_for: timedelta = timedelta(0)) -> Self:
        """Return running jobs whose worker has not been alive for some time."""
        from .models import Worker

        living = Worker.objects.filter(id=OuterRef("worker_id"), alive_until__gt=timezone.now() - dead_for)
        return self.filter(status="running").exclude(Exists(living))


class WorkerQuerySet(models.QuerySet):
    def alive(self) -> Self:
        return self.filter(alive_until__gt=timezone.now())
