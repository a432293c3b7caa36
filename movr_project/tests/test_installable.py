"""The installable app: manifest, service worker and offline pages."""

import json
import re
import struct

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client

from movr_project.web import pwa as installable

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_service_worker():
    installable._service_worker.cache_clear()
    yield
    installable._service_worker.cache_clear()


def kept(client):
    text = client.get("/service-worker.js").content.decode()
    return json.loads(re.match(r"const KEPT = (.*);\n", text)[1])


class TestTheManifest:
    def test_names_the_app_and_where_it_begins(self, client):
        page = client.get("/manifest.webmanifest")
        assert page.headers["Content-Type"] == "application/manifest+json"
        manifest = page.json()
        assert (manifest["name"], manifest["start_url"], manifest["scope"]) == ("MovR", "/vehicles/", "/")
        assert (manifest["id"], manifest["display"], manifest["lang"]) == ("/", "standalone", "en")

    def test_its_icons_are_as_large_as_they_say(self, client):
        icons = client.get("/manifest.webmanifest").json()["icons"]
        assert {(icon["sizes"], icon["purpose"]) for icon in icons} == {
            (size, purpose) for size in ("192x192", "512x512") for purpose in ("any", "maskable")
        }
        for icon in icons:
            with open(finders.find(icon["src"].removeprefix("/static/")), "rb") as file:
                width, height = struct.unpack(">II", file.read(24)[16:])
            assert f"{width}x{height}" == icon["sizes"]

    def test_every_page_links_it(self, client):
        page = client.get("/").content.decode()
        assert '<link rel="manifest" href="/manifest.webmanifest">' in page
        assert "apple-touch-icon.png" in page
        assert len(re.findall('name="theme-color"', page)) == 2


class TestTheServiceWorker:
    def test_browsers_ask_for_a_newer_one_each_time(self, client):
        page = client.get("/service-worker.js")
        assert page.headers["Content-Type"] == "text/javascript"
        assert "no-cache" in page.headers["Cache-Control"]

    def test_keeps_public_pages_and_static_files_alone(self, client):
        config = kept(client)
        assert all(url.startswith("/static/") for url in config["files"])
        for url in (config["offline"], config["notSent"], *config["files"]):
            if url.startswith("/static/"):
                assert finders.find(url.removeprefix("/static/")), url
            else:
                assert client.get(url).status_code == 200

    def test_has_a_new_version_when_a_file_has_a_new_name(self, client, monkeypatch):
        before = kept(client)["version"]
        assert kept(client)["version"] == before
        installable._service_worker.cache_clear()
        monkeypatch.setattr(installable, "static", lambda name: f"/static/{name}.0123")
        assert kept(client)["version"] != before

    def test_keeps_all_that_its_pages_are_made_of(self, client):
        config = kept(client)
        for url in (config["offline"], config["notSent"]):
            used = re.findall(r'(?:src|href)="(/static/[^"]+)"', client.get(url).content.decode())
            assert set(used) <= set(config["files"])

    def test_keeps_its_pages_in_the_readers_language(self, client):
        before = kept(client)
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = "es"
        config = kept(client)
        assert config["version"] != before["version"]
        page = Client().get(config["offline"])  # without cookies
        assert page.headers["Content-Language"] == "es"
        assert '<html lang="es">' in page.content.decode()
        assert "No tienes conexión" in page.content.decode()

    @pytest.mark.parametrize("language", ["tlh", "", "../es", "\0"])
    def test_in_no_language_that_there_is_not(self, client, language):
        page = client.get("/offline/", {"language": language})
        assert page.headers["Content-Language"] == "en"


@pytest.mark.parametrize("url", ["/offline/", "/offline/form/"])
def test_the_offline_pages_contain_no_personal_data(rider_client, rider, url, django_assert_max_num_queries):
    with django_assert_max_num_queries(1):
        page = rider_client.get(url).content.decode()
    assert rider.username not in page
    assert "csrfmiddlewaretoken" not in page
