"""Exporting one's own posts."""

import json
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from community import tasks
from jobs.models import Job, Status
from jobs.tests.work import run_jobs

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
