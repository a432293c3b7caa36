"""E-mails: content, recipients and time of sending."""

import json
import logging
import re
from datetime import timedelta
from email.utils import parseaddr
from html import unescape
from smtplib import SMTPDataError

import pytest
import time_machine
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import transaction
from django.template import TemplateDoesNotExist
from django.template.loader import render_to_string
from django.utils import timezone, translation

from accounts.tests.factories import UserFactory
from jobs import without_worker
from jobs.models import Job, Status
from jobs.tests.work import new_worker, run_jobs
from movr_project.checks import check_mail
from movr_project.logs import current_request_id
from movr_project.mail import send_mail
from movr_project.tests.mails import CONTEXTS, html_of, sent

each_mail = pytest.mark.parametrize("template", CONTEXTS)
committed = pytest.mark.django_db(transaction=True)
pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]


class BrokenServer(EmailBackend):
    def send_messages(self, messages):
        raise OSError(f"550 {messages[0].to[0]} unknown")


class Rejecting(EmailBackend):
    def send_messages(self, messages):
        raise SMTPDataError(451, b"Try again later.")


@pytest.fixture(autouse=True)
def _site(settings):
    settings.SITE_URL = "https://movr.example"


class TestEachMail:
    @each_mail
    def test_it_goes_to_one_person_from_the_site(self, settings, template):
        message = sent(template)
        assert message.to == ["ada@example.com"]
        assert message.from_email == settings.DEFAULT_FROM_EMAIL
        assert parseaddr(message.from_email)[0] == "MovR"
        assert message.message()["Auto-Submitted"] == "auto-generated"

    @each_mail
    def test_its_subject_is_one_line_that_names_the_site(self, template):
        assert re.fullmatch(r"\[MovR\] \S.{5,60}", sent(template).subject)

    @each_mail
    def test_text_and_html_say_the_same(self, template):
        message = sent(template)
        html = unescape(re.sub(r"<[^>]+>", " ", html_of(message).partition("<body>")[2]))
        for sentence in filter(None, (line.strip() for line in message.body.splitlines())):
            assert sentence.startswith(("https://", "--", "MovR ·")) or sentence in " ".join(html.split())

    @each_mail
    def test_every_link_leads_to_the_site(self, template):
        message = sent(template)
        link = re.search(r"https://movr.example\S*", message.body).group()
        assert link.endswith(CONTEXTS[template].get("path", ""))
        links = re.findall(r'(?:href|src)="([^"]*)"', html_of(message))
        assert link in links
        assert all(link.startswith("https://movr.example") for link in links)

    @each_mail
    def test_it_needs_no_style_script_or_picture_from_elsewhere(self, template):
        assert not re.search(r"<(style|script|img|link)|style=", html_of(sent(template)))

    @each_mail
    def test_user_chosen_names_are_not_in_it(self, template):
        """Otherwise anyone could sign up with a stranger's address and have us send an advertisement."""
        chosen = "Free-bikes-at-evil.example"
        message = sent(template, first_name=chosen, last_name=chosen)
        assert "evil" not in (message.subject + message.body + html_of(message)).lower()

    @each_mail
    def test_no_part_of_it_is_a_template(self, template):
        message = sent(template)
        assert not re.search(r"[{}]|&\w+;", message.subject + message.body)


@pytest.mark.parametrize(("minutes", "words"), [(1, "for 1 minute."), (10, "for 10 minutes.")])
def test_minutes_are_counted_as_people_do(minutes, words):
    message = sent(context={"minutes": minutes})
    assert words in message.body
    assert words in html_of(message)


class TestTheLanguage:
    def test_it_is_the_recipients(self, settings):
        settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]
        assert '<html lang="de">' in html_of(sent(language="de"))

    def test_without_one_it_is_that_of_the_request(self, settings):
        settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]
        with translation.override("de"):
            assert '<html lang="de">' in html_of(sent())

    def test_afterwards_the_request_continues_in_its_own(self, settings):
        settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]
        with translation.override("en"):
            sent(language="de")
            assert translation.get_language() == "en"


@committed
class TestWhenItIsSent:
    def test_not_before_the_work_is_committed(self):
        with transaction.atomic():
            send_mail("email_changed", to="ada@example.com")
            assert mail.outbox == []
        assert len(mail.outbox) == 1

    def test_not_at_all_for_work_that_is_rolled_back(self):
        with transaction.atomic():
            send_mail("email_changed", to="ada@example.com")
            transaction.set_rollback(True)
        assert mail.outbox == []

    @pytest.mark.parametrize("nobody", ["", None])
    def test_not_to_an_account_without_an_address(self, nobody):
        send_mail("email_changed", to=nobody)
        assert mail.outbox == []

    def test_in_the_background_where_that_is_set(self, settings):
        settings.MAIL_IN_BACKGROUND = True
        send_mail("email_changed", to="ada@example.com")
        without_worker._background["mail"].submit(lambda: None).result(timeout=10)
        assert len(mail.outbox) == 1


@committed
def test_a_mail_server_that_fails_breaks_nothing_and_is_logged_without_the_address(settings, caplog):
    settings.EMAIL_BACKEND = f"{__name__}.BrokenServer"
    with transaction.atomic():
        UserFactory(username="kept")
        send_mail("confirm_email", to="ada@example.com", context={"days": 3})

    assert UserFactory._meta.model.objects.filter(username="kept").exists()
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.facts == {"template": "confirm_email", "error": "OSError"}
    assert not record.exc_info
    assert "ada@" not in caplog.text
    assert "/confirm" not in caplog.text


@committed
def test_in_the_background_a_failure_still_names_its_request(settings, caplog):
    settings.EMAIL_BACKEND = f"{__name__}.BrokenServer"
    settings.MAIL_IN_BACKGROUND = True
    token = current_request_id.set("0f6a3c1e")
    send_mail("email_changed", to="ada@example.com")
    current_request_id.reset(token)
    without_worker._background["mail"].submit(lambda: None).result(timeout=10)
    assert {record.request_id for record in caplog.records} == {"0f6a3c1e"}


class TestWhatHappensToIt:
    """An e-mail is a job."""

    @pytest.fixture
    def reset(self, rider, django_capture_on_commit_callbacks):
        def send():
            with django_capture_on_commit_callbacks(execute=True):
                send_mail("password_reset", to=rider.email, user=rider, context={"minutes": 10})
            return Job.objects.get()

        return send

    def test_once_sent_nothing_of_it_is_kept(self, reset):
        job = reset()
        assert (job.status, job.arguments) == (Status.DONE, {})

    def test_its_link_is_made_when_it_is_sent_and_never_stored(self, rider):
        send_mail("password_reset", to=rider.email, user=rider, context={"minutes": 10})
        assert "path" not in json.dumps(Job.objects.get().arguments)

    def test_it_waits_for_a_worker_if_there_is_one(self, reset):
        new_worker()
        assert (reset().status, mail.outbox) == (Status.QUEUED, [])

    def test_it_is_sent_again_later_if_the_server_did_not_take_it(self, reset, settings):
        settings.EMAIL_BACKEND = f"{__name__}.Rejecting"
        job = reset()
        assert (job.status, job.error) == (Status.QUEUED, "SMTPDataError")
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        with time_machine.travel(timezone.now() + timedelta(minutes=1)):
            run_jobs()
        assert len(mail.outbox) == 1

    def test_it_is_not_sent_again_if_nobody_knows_whether_it_was(self, reset, settings):
        settings.EMAIL_BACKEND = f"{__name__}.BrokenServer"
        assert (reset().status, Job.objects.get().error) == (Status.UNCERTAIN, "OSError")

    def test_it_is_not_sent_to_someone_who_has_left_or_changed_their_address(self, rider):
        send_mail("password_reset", to="old@example.com", user=rider, context={"minutes": 10})
        run_jobs()
        assert (Job.objects.get().status, mail.outbox) == (Status.DONE, [])


def test_a_mail_that_is_not_written_right_fails_at_once(db):
    with pytest.raises(TemplateDoesNotExist):
        send_mail("no_such_mail", to="ada@example.com")


def test_names_are_escaped_in_html_and_left_alone_in_text():
    context = {"site_url": "https://movr.example/?a=1&b=2", "path": ""}
    assert "a=1&b=2" in render_to_string("mail/password_changed.txt", context)
    assert "a=1&amp;b=2" in render_to_string("mail/password_changed.html", context)


class TestTheCheck:
    def test_it_warns_where_mails_go_nowhere(self, settings):
        settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
        assert [warning.id for warning in check_mail(None)] == ["movr.W001"]

    def test_it_is_content_with_a_server(self, settings):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        assert check_mail(None) == []
