from typing import Any

from django.conf import settings
from django.core import checks

from .locks import Lock, lock


@checks.register
def lock_backend_is_there(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Rather at the start than when the first rider stands before a vehicle."""
    try:
        backend: Lock = lock()
        missing = not callable(getattr(backend, "unlock_instructions", None))
    except (ImportError, TypeError):
        missing = True
    if not missing:
        return []
    return [checks.Error(f"LOCK_BACKEND {settings.LOCK_BACKEND!r} names no lock.", id="rides.E001")]
