"""Limits on what people do with their account, on the site and through the API."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import OK, TOO_MANY_REQUESTS
from typing import Any

from django.conf import settings
from django.forms import BaseForm

from throttling.services import Throttled, refuse_throttled, throttle

from .models import User

SHARED_LIMIT_FACTOR = 5  # factor for limits that many people share: per IP address, or per mailbox


@contextmanager
def limited_email_changes(user: User, changes: dict[str, Any]) -> Iterator[None]:
    """Change a profile in the block, with a limit on changes of the e-mail address. Raise ``Throttled`` above it.

    They cause e-mails to the new address, which may be a stranger's, and to the old one. Only successful changes are
    counted, as refused ones send no e-mail.
    """
    email = changes.get("email")
    if email is None:
        yield
        return
    refuse_throttled("change-email", str(user.id), limit=settings.MAILS_PER_HOUR)
    refuse_throttled("confirm-to", email, limit=settings.MAILS_PER_HOUR * SHARED_LIMIT_FACTOR)
    yield
    with suppress(Throttled):
        throttle("change-email", str(user.id), limit=settings.MAILS_PER_HOUR)
        throttle("confirm-to", email, limit=settings.MAILS_PER_HOUR * SHARED_LIMIT_FACTOR)


def form_status(form: BaseForm) -> int:
    """Return 429 for a throttled form, so that programs understand it too."""
    codes = {error.code for errors in form.errors.as_data().values() for error in errors}
    return TOO_MANY_REQUESTS if "too_often" in codes else OK
