"""The files in ``deploy/cockroachdb``, which are read but not run."""

import json
import re
from collections import Counter

import pytest
from django.conf import settings

from cities.registry import registry

FOLDER = settings.BASE_DIR / "deploy" / "cockroachdb"
COMPOSE = (FOLDER / "compose.yaml").read_text()
DOCKERFILE = (FOLDER / "Dockerfile").read_text()
PAGE = (settings.BASE_DIR / "docs" / "multi-region.md").read_text()


@pytest.mark.django_db
@pytest.mark.parametrize("text", [COMPOSE, PAGE], ids=["compose", "cockroach demo"])
def test_each_region_of_the_cities_has_three_nodes(text):
    nodes = Counter(re.findall(r"region=([\w-]+),az=[abc]", text))
    assert nodes == dict.fromkeys((region.name for region, _cities in registry.by_region()), 3)


@pytest.mark.django_db
def test_each_web_server_takes_its_visitors_to_a_city_of_its_own_region():
    default_cities = re.findall(r"DEFAULT_CITY: (.+)", COMPOSE)
    assert len({registry[name].region for name in default_cities}) == len(default_cities) == 3


def test_servers_without_certificates_listen_on_this_machine_only():
    assert all(port.startswith("127.0.0.1:") for port in re.findall(r'ports: \["([^"]+)"', COMPOSE))


def test_the_image_runs_gunicorn_itself_and_not_as_root():
    assert re.search(r"^USER (?!root|0)\w+$", DOCKERFILE, re.MULTILINE)
    *_lines, last = DOCKERFILE.rstrip().splitlines()
    assert json.loads(last.removeprefix("CMD "))[0] == "gunicorn"  # no shell between the container and gunicorn


def test_no_secret_is_in_the_image():
    assert not re.search(r"SECRET_KEY|DATABASE_URL|PASSWORD", DOCKERFILE)
    assert {".env", ".git"} <= set((FOLDER / "Dockerfile.dockerignore").read_text().split())
