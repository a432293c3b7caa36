"""The files in ``deploy/cockroachdb``, which are read but not run."""

import re
from collections import Counter

import pytest
from django.conf import settings

from cities.registry import registry

FOLDER = settings.BASE_DIR / "deploy" / "cockroachdb"
COMPOSE = (FOLDER / "compose.yaml").read_text()
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
