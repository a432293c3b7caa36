"""Exporting one's own posts."""

import json
import uuid
from datetime import timedelta
from smtplib import SMTPDataError
from typing import ClassVar

import pytest
import time_machine
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone

from community import tasks
from jobs.files import attachment
from jobs.models import Job, Status
from jobs.tests.work import run_jobs
from movr_project.errors import TemporaryFailure

from .factories import MemberFactory, PostFactory

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]

EXPORT = "/community/export/"
SENTENCE = "Ya hay una exportación en curso"


@pytest.fixture
def anna():
    return MemberFactory(username="anna", language="es")


@pytest.fixture
def annas(client, anna):
    client.force_login(anna)
    return client


def test_posts_are_mailed_oldest_first(annas, anna, monkeypatch):
    monkeypatch.setattr(tasks, "POSTS_AT_ONCE", 2)
    now = timezone.now()
    for days in (1, 3, 2, 0):
        PostFactory(author=anna, body=f"«{days}» 🛴", created_at=now - timedelta(days=days))
    PostFactory(body="Somebody else's")
    page = annas.post(EXPORT).headers["Location"]
    run_jobs()
    (message,) = mail.outbox
    ((name, content, type_),) = message.attachments
    assert (message.to, name, type_) == ([anna.email], "posts.json", "application/json")
    posts = json.loads(content)["posts"]
    assert [post["body"] for post in posts] == ["«3» 🛴", "«2» 🛴", "«1» 🛴", "«0» 🛴"]
    assert all(post["timestamp"].endswith("Z") for post in posts)
    assert b"".join(annas.get(f"{page}file/").streaming_content) == content


class Watching(EmailBackend):
    """Notes the status of the export at the moment of sending, and then sends."""

    statuses: ClassVar[list[str]] = []

    def send_messages(self, messages):
        self.statuses.append(Job.objects.get(task=tasks.export_posts.module_path).status)
        return super().send_messages(messages)


class Rejecting(EmailBackend):
    def send_messages(self, messages):
        raise SMTPDataError(451, "later")


def test_the_mail_is_sent_before_the_export_is_done(annas, settings):
    settings.EMAIL_BACKEND = f"{__name__}.Watching"
    Watching.statuses.clear()
    annas.post(EXPORT)
    run_jobs()
    assert Watching.statuses == [Status.RUNNING]


def test_a_mail_that_the_server_does_not_take_is_sent_later_once(annas, settings):
    settings.EMAIL_BACKEND = f"{__name__}.Rejecting"
    annas.post(EXPORT)
    run_jobs()
    export = Job.objects.get(task=tasks.export_posts.module_path)
    assert export.status == Status.DONE
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    with time_machine.travel(timezone.now() + timedelta(minutes=1)):
        run_jobs()
    (message,) = mail.outbox
    assert message.attachments


def test_an_export_that_runs_again_mails_once(annas):
    annas.post(EXPORT)
    again = Job.objects.get()
    run_jobs()
    Job.objects.filter(id=again.id).update(status=Status.QUEUED, token=None, finished_at=None)
    run_jobs()
    assert Job.objects.get(id=again.id).status == Status.DONE
    assert len(mail.outbox) == 1


def test_a_file_that_is_written_anew_is_not_attached(annas):
    annas.post(EXPORT)
    run_jobs()
    job = Job.objects.get(task=tasks.export_posts.module_path)
    attachment(str(job.pk))
    job.token = uuid.uuid4()
    Job.objects.filter(id=job.id).update(token=job.token)
    with pytest.raises(TemporaryFailure):
        attachment(str(job.pk))


def test_a_large_file_is_linked_to(annas, anna, monkeypatch):
    monkeypatch.setattr(tasks, "MAX_ATTACHED_BYTES", 10)
    page = annas.post(EXPORT).headers["Location"]
    run_jobs()
    (message,) = mail.outbox
    assert message.attachments == []
    assert page in message.body


def test_one_export_at_a_time(annas):
    assert SENTENCE not in annas.get("/community/").text
    annas.post(EXPORT)
    running = annas.get("/community/").text
    assert SENTENCE in running
    assert f'action="{EXPORT}"' not in running
    response = annas.post(EXPORT, follow=True)
    assert SENTENCE in response.text
    assert response.redirect_chain == [("/profile/", 302)]
    assert Job.objects.count() == 1


def test_an_export_that_fails_sends_nothing_and_is_not_done(annas, anna, monkeypatch):
    PostFactory(author=anna)
    annas.post(EXPORT)
    monkeypatch.setattr(tasks, "_as_json", lambda post: 1 / 0)
    run_jobs()
    assert Job.objects.get().status != Status.DONE
    assert mail.outbox == []
