"""What every test may use. Factories stand beside the tests of their app."""

import pytest
from django.db.models.signals import post_migrate

from accounts.documents import documents
from cities.registry import registry


@pytest.fixture(autouse=True, scope="session")
def _what_migrations_add_survives_flushes():
    """Tests that commit empty all tables afterwards; the cities, texts and roles come back at once."""
    from importlib import import_module

    from django.apps import apps
    from django.db import connections

    additions = {
        "cities": [import_module("cities.migrations.0002_served_cities").add_cities],
        "accounts": [import_module("accounts.migrations.0003_first_documents").add_documents],
        "rides": [
            import_module("rides.migrations.0002_staff_roles").add_roles,
            import_module("rides.migrations.0004_calendar_roles").add_permissions,
        ],
    }

    def bring_back(app_config, using, **kwargs):
        for add in additions.get(app_config.label, []):
            add(apps, connections[using].schema_editor())

    post_migrate.connect(bring_back, weak=False)
    yield
    post_migrate.disconnect(bring_back)


@pytest.fixture(autouse=True)
def _fast_and_plain(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _warm_memory(request):
    """Cities and texts are in memory on a running server, so no test counts the statements that read them."""
    if "django_db_setup" in request.fixturenames or request.node.get_closest_marker("django_db"):
        request.getfixturevalue("_django_db_helper")
        for kept in (registry, documents):
            kept.clear()
            assert kept.kept


@pytest.fixture
def rider(db):
    from accounts.tests.factories import UserFactory

    return UserFactory(city="paris")


@pytest.fixture
def rider_client(client, rider):
    """A browser in which the rider is logged in."""
    client.force_login(rider)
    return client


@pytest.fixture
def client_of(db):
    """``client_of(person)``: one more browser in which the person is logged in."""
    from django.test import Client

    def log_in(person):
        client = Client()
        client.force_login(person)
        return client

    return log_in
