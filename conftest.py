"""Fixtures for all tests. Factories are next to the tests of their app."""

import gc
import os
import pickle

import pytest
from django.conf import settings
from django.core.cache import caches
from django.core.signals import setting_changed
from django.test import TransactionTestCase

from cities.registry import regions, registry
from documents.current import documents
from feeds.gbfs.published import memory
from feeds.systems import systems
from movr_project.db.memory import InMemory
from movr_project.storage import file_storage
from movr_project.tests.databases import stand_in
from movr_project.tests.reset import bring_back, rows_of_migrations
from movr_project.web.kept_parts import forget_parts

settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
settings.FOLLOWER_READS = not stand_in  # PostgreSQL doesn't know the statement
setting_changed.connect(lambda **_kwargs: forget_parts(), weak=False)

PICKLED: dict[InMemory, bytes] = {}  # what is kept in memory at the beginning of each test


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Run long tests, and groups that one worker runs, first. Keep the order of the others."""
    items.sort(key=lambda item: not any(map(item.get_closest_marker, ("long", "xdist_group"))))
    for item in items:
        if group := item.get_closest_marker("xdist_group"):
            _name_the_group(item, group.args[0])


def _name_the_group(item, group):
    """End the test's id with its group, by which pytest-xdist gives the group to one worker.

    Version 3.8 does so itself by an attribute that pytest 9.2 doesn't read any more.
    """
    if "PYTEST_XDIST_WORKER" in os.environ and not item.nodeid.endswith(f"@{group}"):
        item._id = item.id.parse(f"{item.nodeid}@{group}")


def pytest_collection_finish():
    """Spend less time on garbage: what was imported and collected stays, and tests leave little."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 100)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Flush the tables after tests that commit, but restore the rows that migrations created."""
    with django_db_blocker.unblock():
        kept = rows_of_migrations()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda self: bring_back(kept))
        yield


@pytest.fixture(autouse=True)
def _forget_what_others_have_read():
    caches["memory"].clear()
    memory.clear()


@pytest.fixture
def photo_folder(settings, tmp_path):
    """The folder to which this test's photos are written."""
    folder = tmp_path / "photos"
    settings.STORAGES = settings.STORAGES | {"photos": file_storage(str(folder))}
    return folder


@pytest.fixture
def photo_storage_fails(settings, tmp_path):
    """Nothing can be stored or read, as there is a file where the folder should be."""
    (tmp_path / "photos").write_text("")
    settings.STORAGES = settings.STORAGES | {"photos": file_storage(str(tmp_path / "photos"))}


@pytest.fixture(autouse=True)
def _warm_memory(request):
    """Load what is kept in memory, as on a running server, so that tests don't count the queries that read it.

    Each test begins with the same rows, so they are read once for all tests. Each gets instances of its own.
    """
    if "django_db_setup" in request.fixturenames or request.node.get_closest_marker("django_db"):
        request.getfixturevalue("_django_db_helper")
        for kept in (registry, regions, documents, systems):
            if kept not in PICKLED:
                kept.clear()
                PICKLED[kept] = pickle.dumps(kept.kept)
            kept.keep(pickle.loads(PICKLED[kept]))


@pytest.fixture
def rider(db):
    from accounts.tests.factories import UserFactory

    return UserFactory(city="paris")


@pytest.fixture
def rider_client(client, rider):
    """A client logged in as ``rider``."""
    client.force_login(rider)
    return client


@pytest.fixture
def client_of(db):
    """``client_of(person)`` returns a new client logged in as the person."""
    from django.test import Client

    def log_in(person):
        client = Client()
        client.force_login(person)
        return client

    return log_in
