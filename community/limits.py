"""How often people may write, translate, follow and report. Accounts of less than a day may do less."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from accounts.models import User
from throttling.services import throttle

NEW_ACCOUNT = timedelta(days=1)
POST, MESSAGE, FOLLOW, REPORT, TRANSLATE = KINDS = ("post", "message", "follow", "community-report", "translate")


def is_new(person: User) -> bool:
    return timezone.now() - person.date_joined < NEW_ACCOUNT


def count_act(kind: str, person: User) -> None:
    """Count something that a person does. Raise ``Throttled`` above the limit per hour."""
    limits = settings.COMMUNITY_NEW_LIMITS if is_new(person) else settings.COMMUNITY_LIMITS
    throttle(kind, str(person.id), limit=limits[kind])
