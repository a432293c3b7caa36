"""Find a task by the path that its jobs store."""

from typing import Any

from django.utils.module_loading import import_string

from .declarations import JobTask


def task_of(path: str) -> JobTask[Any, Any] | None:
    """Return the task, or None if a later version of MovR no longer has it."""
    try:
        found = import_string(path)
    except ImportError:
        return None
    return found if isinstance(found, JobTask) else None
