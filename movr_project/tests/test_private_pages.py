"""Caches keep public pages, but no private ones."""

import re

import pytest
from django.urls import reverse

from accounts.tests.factories import PASSWORD, UserFactory
from documents.current import documents
from movr_project.tests.sweep import RIDER, SUPERUSER, TABLE

pytestmark = [pytest.mark.django_db, pytest.mark.any_engine]
SAME_FOR_ALL = {"manifest", "service_worker", "offline", "offline_form", "robots", "favicon", "security_txt"}
FEEDS = {"gbfs:manifest", "gbfs:file"}


def cache_control(page):
    return {part.strip() for part in page.headers.get("Cache-Control", "").split(",")}


@pytest.mark.parametrize("who", [RIDER, SUPERUSER])
def test_a_page_for_a_logged_in_user_is_not_stored(world, browser, who):
    client = browser(who)
    for name in sorted(TABLE.keys() - SAME_FOR_ALL - FEEDS):
        page = client.get(reverse(name, args=TABLE[name].args(world)))
        if page.status_code == 200:
            assert {"private", "no-store"} <= cache_control(page), name


def test_a_public_page_may_be_restored_by_going_back(client):
    for path in ("/", "/register/", "/terms/", "/v/"):
        assert cache_control(client.get(path)) == {"private"}, path


def test_a_page_that_is_the_same_for_everyone_says_so(rider_client):
    for name in ("manifest", "service_worker", "offline", "offline_form"):
        assert "no-store" not in cache_control(rider_client.get(reverse(name)))


def test_the_privacy_text_names_the_cookies_that_there_are(client):
    user = UserFactory()
    names = set()
    for path, data in [
        ("/language/", {"language": "es"}),
        ("/login/", {"username": user.username, "password": PASSWORD}),
        ("/city/", {"city": "rome"}),
    ]:
        client.get("/login/")
        client.post(path, data)
        names |= set(client.cookies)
    text = documents.current("privacy").text
    assert {f"`{name}`" for name in names} <= set(re.findall("`[a-z_]+`", text))
    assert len(names) == 4
