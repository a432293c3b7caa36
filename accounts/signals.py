"""Handle passwords set outside our service: in the admin, or by ``manage.py changepassword``."""

from collections.abc import Collection
from typing import Any

from django.db.models.signals import post_save, pre_save
from django.dispatch import receiver

from .models import User, new_session_epoch
from .services import send_password_changed


@receiver(pre_save, sender=User)
def end_sessions(instance: User, update_fields: Collection[str] | None, **kwargs: Any) -> None:
    if update_fields is None and _has_new_password(instance) and not instance._state.adding:
        instance.session_epoch = new_session_epoch()


@receiver(post_save, sender=User)
def notify_new_password(instance: User, created: bool, **kwargs: Any) -> None:
    if _has_new_password(instance) and not created:
        send_password_changed(instance)


def _has_new_password(user: User) -> bool:
    """Return whether a new password is being saved, but not when a log-in only upgrades the hash."""
    return user._password is not None
