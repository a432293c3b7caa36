"""E-mails to people: in their language, and sent after the transaction is committed.

Each is a job, so it is sent once the transaction has committed, and again as long as the mail server doesn't take it.
"""

import logging
import uuid
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from smtplib import SMTPRecipientsRefused, SMTPResponseException
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import get_template, render_to_string
from django.utils import translation
from django_tasks import TaskResult, task

from .db.retry import id_for_every_attempt
from .errors import OutcomeUncertain, TemporaryFailure
from .logs import log_event
from .metrics import MAILS

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

logger = logging.getLogger(__name__)

FORMATS = ("subject.txt", "txt", "html")

LinkMaker = Callable[[str, str], str | None]
_link_makers: dict[str, LinkMaker] = {}
_attachments: list[Callable[[str], tuple[str, bytes, str]]] = []


def makes_link(template: str) -> Callable[[LinkMaker], LinkMaker]:
    """Register the function that makes an e-mail's ``path`` when it is sent, so that its token is never stored.

    It is called with the person's id and the recipient's address, and returns None if the e-mail is obsolete.
    """

    def register(maker: LinkMaker) -> LinkMaker:
        _link_makers[template] = maker
        return maker

    return register


def reads_attachments(reader: Callable[[str], tuple[str, bytes, str]]) -> None:
    """Register the function that returns name, content and type of a file, by the key given to ``send_mail``."""
    _attachments[:] = [reader]


def send_mail(
    template: str,
    *,
    to: str | None,
    user: "AbstractBaseUser | None" = None,
    context: dict[str, Any] | None = None,
    language: str = "",
    attachment: str = "",
    job_id: uuid.UUID | None = None,
) -> TaskResult | None:
    """Send the e-mail ``templates/mail/<template>.*`` after the transaction commits.

    Nothing is sent if the transaction is rolled back, and a failing mail server does not fail the request. ``user`` is
    the person it is about; ``context`` must fit into JSON. The templates also get ``site_url``, as links must not come
    from the Host header. Without a ``language``, use the request's. Return the job, of which ``job_id`` makes only one.
    """
    if not to:
        return None  # the account was removed
    for format_ in FORMATS:
        get_template(f"mail/{template}.{format_}")  # fails here, not in a worker
    return deliver.using(user=user, job_id=job_id or id_for_every_attempt()).enqueue(
        template=template,
        to=to,
        user_id=str(user.pk) if user else "",
        context=context or {},
        language=language or translation.get_language() or "",
        attachment=attachment,
    )


@task(queue_name="mail", at_most_once=True, max_attempts=30, start_within=timedelta(days=1))
def deliver(*, template: str, to: str, user_id: str, context: dict[str, Any], language: str, attachment: str) -> None:
    """Write an e-mail and hand it to the mail server.

    Raise ``TemporaryFailure`` if the server didn't take it, ``OutcomeUncertain`` if the connection broke meanwhile.
    """
    if template in _link_makers:
        path = _link_makers[template](user_id, to)
        if path is None:
            return
        context = context | {"path": path}
    message = _write(template, to, context | {"site_url": settings.SITE_URL}, language)
    for reader in _attachments if attachment else ():
        message.attach(*reader(attachment))
    _hand_over(template, message)


def _write(template: str, to: str, context: dict[str, Any], language: str) -> EmailMultiAlternatives:
    with translation.override(language) if language else nullcontext():
        subject, text, html = (render_to_string(f"mail/{template}.{format_}", context) for format_ in FORMATS)
    subject = " ".join(subject.split())
    no_replies = {"Auto-Submitted": "auto-generated"}  # prevents out-of-office replies
    message = EmailMultiAlternatives(f"{settings.EMAIL_SUBJECT_PREFIX}{subject}", text, to=[to], headers=no_replies)
    message.attach_alternative(html, "text/html")
    return message


def _hand_over(template: str, message: EmailMultiAlternatives) -> None:
    connection = get_connection()
    is_open = False
    try:
        connection.open()
        is_open = True
        connection.send_messages([message])
    except Exception as error:
        # Log only the template: mail servers quote the address in their replies, and the e-mail contains a token.
        name = type(error).__name__
        log_event(logger, "mail_failed", level=logging.ERROR, template=template, error=name)
        MAILS.labels(template, "failed").inc()
        answered = isinstance(error, (SMTPResponseException, SMTPRecipientsRefused))
        raise (TemporaryFailure if answered or not is_open else OutcomeUncertain)(name) from None
    else:
        MAILS.labels(template, "sent").inc()
    finally:
        connection.close()
