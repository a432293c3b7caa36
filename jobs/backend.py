"""The backend of ``django_tasks`` that stores jobs in the database. Named in ``settings.TASKS``."""

from functools import partial
from typing import Any

from django.db import transaction
from django_tasks.backends.base import BaseTaskBackend
from django_tasks.base import Task, TaskResult, TaskResultStatus
from django_tasks.exceptions import TaskResultDoesNotExist
from django_tasks.signals import task_enqueued
from django_tasks.utils import normalize_json

from .declarations import PROMPT_QUEUES, JobTask


class DatabaseBackend(BaseTaskBackend):
    """``enqueue`` adds a ``Job``, in the caller's transaction if there is one. ``manage.py work`` runs it."""

    task_class = JobTask
    supports_defer = True
    supports_get_result = True

    def enqueue(self, task: JobTask, args: Any, kwargs: Any) -> TaskResult:
        """Raise ``JobRefused``: see ``add_job``. A result's ``id`` is the job's key, as ``city:uuid``."""
        from .services.queue import add_job  # tasks are declared before the models are loaded
        from .without_worker import run_without_worker

        self.validate_task(task)
        job = add_job(task, {"args": normalize_json(args), "kwargs": normalize_json(kwargs)})
        if task.queue_name in PROMPT_QUEUES:
            transaction.on_commit(partial(run_without_worker, job.city, task.queue_name), robust=True)
        result = self.result_of(job, task)
        task_enqueued.send(type(self), task_result=result)
        return result

    def get_result(self, result_id: str) -> TaskResult:
        from .models import Job
        from .registry import task_of

        job = Job.objects.filter(pk=result_id).first()
        task = task_of(job.task) if job else None
        if job is None or task is None:
            raise TaskResultDoesNotExist(result_id)
        return self.result_of(job, task)

    def result_of(self, job: Any, task: Task) -> TaskResult:
        result: TaskResult = TaskResult(
            task=task,
            id=str(job.pk),
            status=_STATUS.get(job.status, TaskResultStatus.FAILED),
            enqueued_at=job.created_at,
            started_at=job.started_at,
            finished_at=job.finished_at,
            last_attempted_at=job.started_at,
            args=job.arguments.get("args", []),
            kwargs=job.arguments.get("kwargs", {}),
            backend=self.alias,
            errors=[],
            worker_ids=[str(job.worker_id)] * job.attempts,
        )
        object.__setattr__(result, "_return_value", job.result)
        return result


_STATUS = {
    "queued": TaskResultStatus.READY,
    "running": TaskResultStatus.RUNNING,
    "done": TaskResultStatus.SUCCESSFUL,
}
