"""What can end a job, besides its own errors."""

from movr_project.errors import Refused


class JobRefused(Refused):
    """Codes: ``job_running``, ``job_not_active``, ``job_active``, ``account_changed``."""


class Stopped(Exception):
    """Raised inside a task that should not go on: it was cancelled, or its worker is shutting down."""


class Cancelled(Stopped):
    """Somebody has cancelled the job."""


class ShuttingDown(Stopped):
    """The worker stops. The job goes back to the queue."""


class LeaseLost(Stopped):
    """Another worker has taken the job over. Nothing that this one does counts any more."""
