"""Mails to people: written in their language, sent once the work they tell of is committed."""

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

logger = logging.getLogger(__name__)

# One is enough: it talks to one mail server. Its thread starts with the first mail, after gunicorn's fork.
_background = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")


def send_mail(template: str, *, to: str, context: dict[str, Any], language: str = "") -> None:
    """Write the mail ``templates/mail/<template>.*`` now; send it when the transaction is committed.

    Nothing is sent for work that is rolled back, and a mail server that fails breaks no request. The
    templates also get ``site_url``: links never come from the Host header of a request. Without a
    ``language`` it is written in the one of the request.
    """
    if not to:
        return  # the address of an account that was removed
    message = _write(template, to, context | {"site_url": settings.SITE_URL}, language)
    transaction.on_commit(partial(_hand_over, template, message), robust=True)


def _write(template: str, to: str, context: dict[str, Any], language: str) -> EmailMultiAlternatives:
    with translation.override(language) if language else nullcontext():
        subject = render_to_string(f"mail/{template}.subject.txt", context)
        text = render_to_string(f"mail/{template}.txt", context)
        html = render_to_string(f"mail/{template}.html", context)
    subject = " ".join(subject.split())
    no_replies = {"Auto-Submitted": "auto-generated"}  # of out-of-office programs
    message = EmailMultiAlternatives(f"{settings.EMAIL_SUBJECT_PREFIX}{subject}", text, to=[to], headers=no_replies)
    message.attach_alternative(html, "text/html")
    return message


def _hand_over(template: str, message: EmailMultiAlternatives) -> None:
    """A slow mail server delays nobody, and how long a page took never tells whose address is known (row B8)."""
    if settings.MAIL_IN_BACKGROUND:
        _background.submit(copy_context().run, _send, template, message)  # with the request's id for the log
    else:
        _send(template, message)


def _send(template: str, message: EmailMultiAlternatives) -> None:
    try:
        message.send()
    except Exception as error:
        # Its kind alone: what mail servers answer quotes the address, and the mail holds a token.
        log_event(logger, "mail_failed", level=logging.ERROR, template=template, error=type(error).__name__)
