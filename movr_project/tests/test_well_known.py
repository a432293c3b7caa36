"""Well-known URLs."""

from datetime import datetime, timedelta

import pytest
from django.contrib.staticfiles import finders
from django.utils import timezone

pytestmark = pytest.mark.django_db
SECURITY = "/.well-known/security.txt"


def test_crawlers_keep_out_of_what_is_nothing_for_them(client):
    page = client.get("/robots.txt")
    assert page.headers["Content-Type"] == "text/plain"
    assert page.text.startswith("User-agent: *\n")
    assert {"Disallow: /admin/", "Disallow: /v/"} <= set(page.text.splitlines())


def test_there_is_a_picture_for_the_tab(client):
    url = client.get("/favicon.ico").url
    assert finders.find(url.removeprefix("/static/"))


def test_password_managers_find_the_page_to_change_one(rider_client):
    page = rider_client.get("/.well-known/change-password", follow=True)
    assert page.redirect_chain[-1][0] == "/profile/password/"
    assert page.status_code == 200


def test_someone_who_finds_a_weakness_reads_whom_to_tell(client, settings):
    settings.SECURITY_CONTACT = "mailto:security@movr.example"
    settings.SITE_URL = "https://movr.example"
    fields = dict(line.split(": ", 1) for line in client.get(SECURITY).text.splitlines())
    assert fields["Contact"] == "mailto:security@movr.example"
    assert fields["Canonical"] == f"https://movr.example{SECURITY}"
    left = datetime.fromisoformat(fields["Expires"]) - timezone.now()
    assert timedelta(days=30) < left < timedelta(days=365)


def test_no_one_is_named_without_a_setting(client):
    assert client.get(SECURITY).status_code == 404


@pytest.mark.parametrize("path", ["/robots.txt", "/favicon.ico", SECURITY])
def test_it_is_the_same_for_everyone(client, settings, path):
    settings.SECURITY_CONTACT = "mailto:security@movr.example"
    assert "public" in client.get(path).headers["Cache-Control"]
