"""A PostgreSQL server for tests to stop, start and fill without affecting others."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from django.core.management import call_command
from django.db import connection

from bench.clusters import MAX_CONNECTIONS, ROLE, Cluster, Unavailable, empty_cluster
from movr_project.tests.databases import stand_in
from script.cockroach_stand_in import make_stand_in

__all__ = ["MAX_CONNECTIONS", "cluster", "migrated_cluster"]


@contextmanager
def temporary_cluster() -> Iterator[Cluster]:
    """Yield a running, empty cluster. Skip the test if none can be created."""
    with ExitStack() as stack:
        try:
            cluster = stack.enter_context(empty_cluster())
        except Unavailable as reason:
            pytest.skip(str(reason))
        cluster.start()
        if stand_in:
            make_stand_in(f"postgresql:///?host={cluster.folder}&user={ROLE}", stand_in)
        yield cluster


@contextmanager
def served_by(cluster: Cluster) -> Iterator[None]:
    """Redirect new connections to the cluster during the block."""
    settings = connection.settings_dict  # the same object in all threads
    before = {name: settings[name] for name in cluster.settings}
    connection.close()
    settings.update(cluster.settings)
    try:
        yield
    finally:
        connection.close()
        settings.update(before)


@pytest.fixture(scope="module")
def migrated_cluster(django_db_setup, django_db_blocker):
    with temporary_cluster() as cluster, django_db_blocker.unblock():
        with served_by(cluster):
            call_command("migrate", verbosity=0)
        yield cluster


@pytest.fixture
def cluster(migrated_cluster, transactional_db):
    """A cluster for this test. It keeps rows of earlier tests, which do no harm."""
    with served_by(migrated_cluster):
        yield migrated_cluster
