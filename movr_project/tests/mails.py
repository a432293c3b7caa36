"""Send each of MovR's e-mails once."""

from django.core import mail
from django.test import TestCase

from accounts.tests.factories import UserFactory
from movr_project.mail import send_mail

PATH = "/password-reset/abc/def-123/"
CONTEXTS = {
    "password_reset": {"path": PATH, "minutes": 10},
    "confirm_email": {"path": PATH, "days": 3},
    "email_changed": {},
    "password_changed": {"path": PATH},
    "account_removed": {"first_name": "Ada"},
    "account_suspended": {"reason": "Reports from where you weren't."},
    "suspension_lifted": {},
    "notification": {
        "path": "/notifications/",
        "text": "Your booking was cancelled: its brakes are being repaired.",
    },
}


def sent(template="password_reset", *, user=None, **options):
    """Return the e-mail for a template."""
    user = user or UserFactory.build()
    context = {"user": user} | CONTEXTS[template]
    with TestCase.captureOnCommitCallbacks(execute=True):
        send_mail(template, to="ada@example.com", context=context, **options)
    (message,) = mail.outbox
    return message


def html_of(message):
    (alternative,) = message.alternatives
    assert alternative.mimetype == "text/html"
    return alternative.content
