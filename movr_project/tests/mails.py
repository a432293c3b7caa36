"""Send each of MovR's e-mails once."""

from django.core import mail
from django.test import TestCase

from accounts.tests.factories import UserFactory
from movr_project.mail import send_mail

CONTEXTS = {
    "password_reset": {"minutes": 10},
    "log_in_link": {"minutes": 10, "query": "?next=%2Fv%2FPAR7K3M2%2F"},
    "confirm_email": {"days": 3},
    "email_changed": {},
    "password_changed": {"path": "/password-reset/"},
    "passkey_added": {"name": "My phone", "path": "/profile/passkeys/"},
    "passkey_removed": {"name": "My phone", "path": "/password-reset/"},
    "account_removed": {"first_name": "Ada"},
    "account_suspended": {"reason": "Reports from where you weren't."},
    "suspension_lifted": {},
    "posts_exported": {"name": "ada", "path": "/jobs/", "is_attached": False},
    "notification": {
        "path": "/notifications/",
        "text": "Your booking was cancelled: its brakes are being repaired.",
    },
}


def sent(template="password_reset", *, context=None, language="", **names):
    """Return the e-mail for a template, as sent to Ada."""
    ada = UserFactory(email="ada@example.com", **names)
    with TestCase.captureOnCommitCallbacks(execute=True):
        send_mail(template, to=ada.email, user=ada, context=context or CONTEXTS[template], language=language)
    (message,) = mail.outbox
    return message


def html_of(message):
    (alternative,) = message.alternatives
    assert alternative.mimetype == "text/html"
    return alternative.content
