"""E-mails to people: in their language, and sent after the transaction is committed."""

import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from contextvars import copy_context
from functools import partial
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation

from .logs import log_event
from .metrics import MAILS

logger = logging.getLogger(__name__)

# One thread is enough for one mail server. It starts with the first e-mail, after gunicorn has forked.
_background = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")


def send_mail(template: str, *, to: str, context: dict[str, Any], language: str = "") -> None:
    """Render the e-mail ``templates/mail/<template>.*`` now and send it after the transaction commits.

    Nothing is sent if the transaction is rolled back, and a failing mail server does not fail the request. The
    templates also get ``site_url``, as links must not come from the Host header. Without a ``language``, use the
    request's.
    """
    if not to:
        return  # the account was removed
    message = _write(template, to, context | {"site_url": settings.SITE_URL}, language)
    transaction.on_commit(partial(_dispatch, template, message), robust=True)


def _write(template: str, to: str, context: dict[str, Any], language: str) -> EmailMultiAlternatives:
    with translation.override(language) if language else nullcontext():
        subject = render_to_string(f"mail/{template}.subject.txt", context)
        text = render_to_string(f"mail/{template}.txt", context)
        html = render_to_string(f"mail/{template}.html", context)
    subject = " ".join(subject.split())
    no_replies = {"Auto-Submitted": "auto-generated"}  # prevents out-of-office replies
    message = EmailMultiAlternatives(f"{settings.EMAIL_SUBJECT_PREFIX}{subject}", text, to=[to], headers=no_replies)
    message.attach_alternative(html, "text/html")
    return message


def _dispatch(template: str, message: EmailMultiAlternatives) -> None:
    """Send in the background, so that response times don't depend on the mail server or reveal known addresses."""
    if settings.MAIL_IN_BACKGROUND:
        _background.submit(copy_context().run, _send, template, message)  # copies the request's id for the log
    else:
        _send(template, message)


def _send(template: str, message: EmailMultiAlternatives) -> None:
    try:
        message.send()
    except Exception as error:
        # Log only the template: mail servers quote the address in their replies, and the e-mail contains a token.
        log_event(logger, "mail_failed", level=logging.ERROR, template=template, error=type(error).__name__)
        MAILS.labels(template, "failed").inc()
    else:
        MAILS.labels(template, "sent").inc()
