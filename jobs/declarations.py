"""``JobTask``: what ``@task`` makes of a function, with what MovR's backend adds to the API of ``django_tasks``."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar

from django_tasks.base import Task

if TYPE_CHECKING:
    from accounts.models import User

P = ParamSpec("P")
T = TypeVar("T")

PROMPT_QUEUES = ("mail", "push")  # their jobs are short, and don't wait for long ones, nor for a worker
SCHEDULED: "dict[str, JobTask[Any, Any]]" = {}


@dataclass(frozen=True, kw_only=True)
class JobTask(Task[P, T]):
    """A function that runs as a job. Pass the first group of options to ``@task``, the second to ``using()``.

    ``title`` is what its person reads while it runs ("Exporting your posts"): jobs without one are shown only to staff.
    ``atomic`` runs the function in the transaction that marks the job as done. Otherwise it runs outside any, and may
    run more than once: what it writes must be idempotent, by ids from ``context.item_id()``. ``at_most_once`` is for
    effects that can't be: if a worker dies meanwhile, the job becomes uncertain instead of running again.
    ``exclusive`` allows one active job per person. ``start_within`` lets jobs expire that nobody has started. ``every``
    puts the task on the schedule. ``result_template`` shows ``job.result`` on the job's page. ``for_staff`` shows jobs
    and their files only to people who are still staff, in sessions in which they have proved their second factor.
    """

    title: str = ""
    atomic: bool = False
    at_most_once: bool = False
    exclusive: bool = False
    max_attempts: int = 5
    start_within: timedelta | None = None
    every: timedelta | None = None
    result_template: str = ""
    for_staff: bool = False

    user: "User | None" = None
    city: str = ""  # of a job without a person; by default the default city
    exclusive_key: str = ""  # at most one active job of a city has it
    job_id: uuid.UUID | None = None  # makes sending the same form twice one job

    def __post_init__(self) -> None:
        Task.__post_init__(self)
        if self.every:
            SCHEDULED.setdefault(self.module_path, self)

    def using(
        self,
        *,
        priority: int | None = None,
        queue_name: str | None = None,
        run_after: datetime | None = None,
        backend: str | None = None,
        **options: Any,
    ) -> Self:
        """Return the task with other options for one call: ``export.using(user=person).enqueue()``."""
        changed = Task.using(self, priority=priority, queue_name=queue_name, run_after=run_after, backend=backend)
        return replace(changed, **options)

    @property
    def unique_key(self) -> str | None:
        """Return the key under which at most one job of a city is active, or None."""
        if self.exclusive_key:
            return self.exclusive_key
        if self.exclusive:
            return f"{self.module_path}:{self.user.pk}" if self.user else self.module_path
        return None
