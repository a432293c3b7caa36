"""Deployment checks of the settings (``manage.py check --deploy``)."""

from typing import Any

from django.conf import settings
from django.core import checks

DUMMY_BACKEND = "django.core.mail.backends.dummy.EmailBackend"


def check_mail(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Warn if no mail server is configured. The site works, except for what needs e-mail."""
    if settings.EMAIL_BACKEND != DUMMY_BACKEND:
        return []
    return [
        checks.Warning(
            "E-mail is not sent, so no one can reset a password or confirm an address, and ADMINS get no errors.",
            hint="Set EMAIL_URL (see .env.example).",
            id="movr.W001",
        )
    ]


def check_origins(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Check the settings for browser apps on other origins, which fail silently if they don't fit together."""
    found: list[checks.CheckMessage] = []
    for origin in settings.CORS_ALLOWED_ORIGINS:
        if origin not in settings.CSRF_TRUSTED_ORIGINS:
            message = f"The app on {origin} may read through the API, but not write."
            hint = "Add it to CSRF_TRUSTED_ORIGINS."
            found.append(checks.Warning(message, hint=hint, id="movr.W003"))
        if origin.startswith("http://") and settings.SESSION_COOKIE_SECURE:
            message = f"The app on {origin} gets no cookies, as they are sent over HTTPS only."
            found.append(checks.Warning(message, hint="Use https:// in CORS_ALLOWED_ORIGINS.", id="movr.W004"))
    samesite, domain = settings.SESSION_COOKIE_SAMESITE, settings.SESSION_COOKIE_DOMAIN
    if samesite not in ("Lax", "Strict", "None"):
        message = f"SESSION_COOKIE_SAMESITE={samesite!r} is none of Lax, Strict, None."
        found.append(checks.Error(message, id="movr.E002"))
    if samesite == "None" and not settings.SESSION_COOKIE_SECURE:
        message = "Browsers reject cookies with SameSite=None that are sent without HTTPS."
        found.append(checks.Error(message, hint="Use SESSION_COOKIE_SAMESITE=Lax in development.", id="movr.E003"))
    if domain and not _is_below(settings.SITE_HOST, domain):
        message = f"SESSION_COOKIE_DOMAIN={domain!r} does not contain {settings.SITE_HOST}: no one could log in."
        found.append(checks.Error(message, id="movr.E004"))
    return found


def _is_below(host: str, domain: str) -> bool:
    return f".{host}".endswith(f".{domain.lstrip('.')}")


def check_proxy(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Warn if no proxy is trusted. gunicorn serves plain HTTP, so only a proxy can report that a request used HTTPS."""
    if not settings.SECURE_SSL_REDIRECT or settings.SECURE_PROXY_SSL_HEADER:
        return []
    return [
        checks.Warning(
            "No proxy is trusted, so no request counts as HTTPS and every request redirects to https:// in a loop.",
            hint="Set TRUSTED_PROXY_COUNT (see .env.example).",
            id="movr.W002",
        )
    ]
