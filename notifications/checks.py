from typing import Any

from django.conf import settings
from django.core import checks

from .push import keys


@checks.register
def vapid_key_is_valid(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Check VAPID_PRIVATE_KEY at start-up instead of at the first message."""
    if not keys.is_configured():
        return []
    try:
        keys.check_private_key(settings.VAPID_PRIVATE_KEY)
    except ValueError:
        hint = "Make one with manage.py make_vapid_key."
        return [checks.Error("VAPID_PRIVATE_KEY is not a private key.", hint=hint, id="notifications.E001")]
    return []
