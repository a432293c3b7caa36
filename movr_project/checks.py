"""What `manage.py check --deploy` says of a server's settings."""

from typing import Any

from django.conf import settings
from django.core import checks

NOWHERE = "django.core.mail.backends.dummy.EmailBackend"


def check_mail(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """A site without a mail server works, but for what needs one."""
    if settings.EMAIL_BACKEND != NOWHERE:
        return []
    return [
        checks.Warning(
            "Mails go nowhere: nobody can reset a password or confirm an address, and no error is mailed to ADMINS.",
            hint="Set EMAIL_URL (see .env.example).",
            id="movr.W001",
        )
    ]


def check_proxy(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """gunicorn speaks plain HTTP: only a proxy that is believed can say that a request came by HTTPS."""
    if not settings.SECURE_SSL_REDIRECT or settings.SECURE_PROXY_SSL_HEADER:
        return []
    return [
        checks.Warning(
            "No proxy is trusted, so no request counts as HTTPS and each is sent to https:// again and again.",
            hint="Set TRUSTED_PROXY_COUNT (see .env.example).",
            id="movr.W002",
        )
    ]
