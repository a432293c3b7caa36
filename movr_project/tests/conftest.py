"""A pushed and released MovR, and a real browser.

What uses the former is marked with ``xdist_group("deployment")``: made once, in one worker.
"""

import os

import pytest
from django.conf import settings
from django.db import connection

from . import servers


@pytest.fixture(scope="session")
def slug(tmp_path_factory):
    return servers.push(tmp_path_factory.mktemp("push"))


@pytest.fixture(scope="session")
def collected(slug):
    result = servers.run("python manage.py collectstatic --noinput", slug=slug)
    assert result.returncode == 0, result.stderr
    return slug / "staticfiles"


@pytest.fixture(scope="session")
def database_url(tmp_path_factory):
    """An empty database on the engine that this run tests."""
    if connection.vendor == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('database') / 'pushed.sqlite3'}"
    elif connection.vendor == "postgresql":
        yield from servers.postgres_database(settings.DATABASE_URL)
    else:
        pytest.skip("pushes are tried on SQLite and PostgreSQL")


@pytest.fixture(scope="session")
def released(slug, database_url):
    """The variables of an app, behind one router, whose release line has run."""
    variables = servers.NEEDED | {"DATABASE_URL": database_url, "TRUSTED_PROXY_COUNT": "1"}
    result = servers.run(servers.procfile()["release"], slug=slug, **variables)
    assert result.returncode == 0, result.stderr
    return variables


@pytest.fixture(scope="session")
def mails(tmp_path_factory):
    """The folder that the pushed MovR puts its mails in."""
    return tmp_path_factory.mktemp("mails")


@pytest.fixture(scope="session")
def server(slug, collected, released, mails, tmp_path_factory):
    variables = released | {
        "EMAIL_URL": f"filemail:///{mails}",
        "ADMINS": "ops@movr.example",
        "STAFF_SECOND_FACTOR": "off",
    }
    with servers.serving(slug, tmp_path_factory.mktemp("server"), **variables) as server:
        yield server


@pytest.fixture(scope="session")
def chromium():
    """One real browser for all tests; CHROMIUM in the environment names the program."""
    program = os.environ.get("CHROMIUM")
    if not program:
        pytest.skip("CHROMIUM names no browser")
    # Playwright runs an event loop in this thread, and Django would refuse to use the database beside it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
