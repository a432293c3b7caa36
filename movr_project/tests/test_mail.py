"""E-mails: content, recipients and time of sending."""

import logging
import re
from email.utils import parseaddr
from html import unescape

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import transaction
from django.template import TemplateDoesNotExist
from django.template.loader import render_to_string
from django.test import TestCase
from django.utils import translation

from accounts.tests.factories import UserFactory
from movr_project import mail as movr_mail
from movr_project.checks import check_mail
from movr_project.logs import current_request_id
from movr_project.mail import send_mail
from movr_project.tests.mails import CONTEXTS, PATH, html_of, sent

each_mail = pytest.mark.parametrize("template", CONTEXTS)
committed = pytest.mark.django_db(transaction=True)
pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]


class BrokenServer(EmailBackend):
    def send_messages(self, messages):
        raise OSError(f"550 {messages[0].to[0]} unknown")


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
        path = CONTEXTS[template].get("path", "")
        assert f"https://movr.example{path}\n" in message.body
        links = re.findall(r'(?:href|src)="([^"]*)"', html_of(message))
        assert f"https://movr.example{path}" in links
        assert all(link.startswith("https://movr.example") for link in links)

    @each_mail
    def test_it_needs_no_style_script_or_picture_from_elsewhere(self, template):
        assert not re.search(r"<(style|script|img|link)|style=", html_of(sent(template)))

    @each_mail
    def test_user_chosen_names_are_not_in_it(self, template):
        """Otherwise anyone could sign up with a stranger's address and have us send an advertisement."""
        chosen = "Free-bikes-at-evil.example"
        user = UserFactory.build(username=chosen.lower(), first_name=chosen, last_name=chosen)
        message = sent(template, user=user)
        assert "evil" not in (message.subject + message.body + html_of(message)).lower()

    @each_mail
    def test_no_part_of_it_is_a_template(self, template):
        message = sent(template)
        assert not re.search(r"[{}]|&\w+;", message.subject + message.body)


@pytest.mark.parametrize(("minutes", "words"), [(1, "for 1 minute."), (10, "for 10 minutes.")])
def test_minutes_are_counted_as_people_do(minutes, words):
    context = {"user": UserFactory.build(), "path": PATH, "minutes": minutes}
    with TestCase.captureOnCommitCallbacks(execute=True):
        send_mail("password_reset", to="ada@example.com", context=context)
    assert words in mail.outbox[0].body
    assert words in html_of(mail.outbox[0])


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
            send_mail("email_changed", to="ada@example.com", context={})
            assert mail.outbox == []
        assert len(mail.outbox) == 1

    def test_not_at_all_for_work_that_is_rolled_back(self):
        with transaction.atomic():
            send_mail("email_changed", to="ada@example.com", context={})
            transaction.set_rollback(True)
        assert mail.outbox == []

    @pytest.mark.parametrize("nobody", ["", None])
    def test_not_to_an_account_without_an_address(self, nobody):
        send_mail("email_changed", to=nobody, context={})
        assert mail.outbox == []

    def test_in_the_background_where_that_is_set(self, settings):
        settings.MAIL_IN_BACKGROUND = True
        send_mail("email_changed", to="ada@example.com", context={})
        movr_mail._background.submit(lambda: None).result(timeout=10)
        assert len(mail.outbox) == 1


@committed
def test_a_mail_server_that_fails_breaks_nothing_and_is_logged_without_the_address(settings, caplog):
    settings.EMAIL_BACKEND = f"{__name__}.BrokenServer"
    with transaction.atomic():
        UserFactory(username="kept")
        send_mail("password_reset", to="ada@example.com", context=CONTEXTS["password_reset"])

    assert UserFactory._meta.model.objects.filter(username="kept").exists()
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.facts == {"template": "password_reset", "error": "OSError"}
    assert not record.exc_info
    assert "ada@" not in caplog.text
    assert "def-123" not in caplog.text


@committed
def test_in_the_background_a_failure_still_names_its_request(settings, caplog):
    settings.EMAIL_BACKEND = f"{__name__}.BrokenServer"
    settings.MAIL_IN_BACKGROUND = True
    token = current_request_id.set("0f6a3c1e")
    send_mail("email_changed", to="ada@example.com", context={})
    current_request_id.reset(token)
    movr_mail._background.submit(lambda: None).result(timeout=10)
    assert caplog.records[-1].request_id == "0f6a3c1e"


def test_a_mail_that_is_not_written_right_fails_at_once(db):
    with pytest.raises(TemplateDoesNotExist):
        send_mail("no_such_mail", to="ada@example.com", context={})


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
