from typing import Any

from django.conf import settings
from django.core import checks

from .locks import Lock, lock


@checks.register
def lock_backend_is_there(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Check that LOCK_BACKEND can be imported, at start-up instead of at the first ride."""
    try:
        backend: Lock = lock()
        missing = not callable(getattr(backend, "unlock_instructions", None))
    except (ImportError, TypeError):
        missing = True
    if not missing:
        return []
    return [checks.Error(f"LOCK_BACKEND {settings.LOCK_BACKEND!r} is not a lock backend.", id="rides.E001")]
