"""Which subscription belongs to a session: logging out turns it off, as someone else may use the browser next."""

import uuid
from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.models import User

from ..models import PushSubscription

SESSION_KEY = "push_device"


def remember_device(request: HttpRequest, id_: uuid.UUID) -> None:
    request.session[SESSION_KEY] = str(id_)


def this_device(request: HttpRequest) -> uuid.UUID | None:
    id_ = request.session.get(SESSION_KEY)
    return uuid.UUID(id_) if id_ else None


@receiver(user_logged_out)
def turn_off_this_device(request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    """Part of the log-out's transaction."""
    device = this_device(request)
    if user is not None and device:
        PushSubscription.objects.filter(city=user.city, user_id=user.id, id=device).delete()
