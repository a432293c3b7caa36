from typing import Any

from django.conf import settings
from django.core import checks

MIN_LEASE_SECONDS = 5


@checks.register
def check_lease(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Check that a worker's heartbeat, which has the rhythm of its loop, is well within its lease."""
    if settings.JOB_LEASE_SECONDS >= MIN_LEASE_SECONDS:
        return []
    message = f"JOB_LEASE_SECONDS must be at least {MIN_LEASE_SECONDS}."
    hint = "With less, workers that are alive look dead, and those that are dead keep their jobs."
    return [checks.Error(message, hint=hint, id="jobs.E001")]
