"""/livez and /readyz. For /health/, see test_site.py."""

import pytest

from jobs.tests.work import new_worker
from movr_project.web import probes

pytestmark = pytest.mark.any_engine


def test_a_process_is_alive_without_asking_anything(client):
    page = client.get("/livez")  # without the mark `django_db`, any statement would fail
    assert (page.status_code, page.content) == (200, b"ok\n")


def test_it_is_ready_when_the_database_answers_and_is_migrated(client, db):
    page = client.get("/readyz")
    assert (page.status_code, page.content) == (200, b"database: ok\nmigrations: ok\nworkers: no worker\n")


def test_it_says_since_when_there_is_no_worker(client, db, time_machine):
    time_machine.move_to("2026-11-29 08:00 +0000", tick=False)
    new_worker()
    assert b"workers: 1 worker\n" in client.get("/readyz").content
    time_machine.move_to("2026-11-29 09:00 +0000", tick=False)
    assert b"workers: no worker since 2026-11-29 08:00 UTC\n" in client.get("/readyz").content


def test_migrations_are_read_only_until_they_are_applied(client, db, django_assert_num_queries):
    client.get("/readyz")
    with django_assert_num_queries(2):  # does the database answer, and which workers live
        client.get("/readyz")


def test_it_is_not_ready_before_its_migrations_are_applied(client, db, monkeypatch):
    monkeypatch.setitem(probes._checks, "migrations", probes._Migrations())
    from django.db.migrations.recorder import MigrationRecorder

    MigrationRecorder.Migration.objects.filter(app="rides").latest("id").delete()
    page = client.get("/readyz")
    assert page.status_code == 503
    assert b"migrations: 1 not applied\n" in page.content


@pytest.mark.django_db(transaction=True)
def test_it_is_not_ready_without_a_database(client, database_out_of_reach, monkeypatch):
    monkeypatch.setitem(probes._checks, "migrations", probes._Migrations())
    page = client.get("/readyz")
    assert page.status_code == 503
    assert page.content == b"database: not responding\nmigrations: unknown\nworkers: unknown\n"


def test_other_parts_add_checks(client, db, monkeypatch):
    def workers():
        raise probes.NotReady("none for 10 minutes")

    monkeypatch.setitem(probes._checks, "workers", None)  # restored afterwards
    probes.add_check("workers", workers)
    page = client.get("/readyz")
    assert page.status_code == 503
    assert b"workers: none for 10 minutes\n" in page.content


@pytest.mark.parametrize("path", probes.PROBES)
def test_any_host_is_answered_and_nothing_can_be_sent(client, db, path):
    assert client.get(path, headers={"host": "10.1.2.3"}).status_code in (200, 404)
    assert client.post(path).status_code == 405
