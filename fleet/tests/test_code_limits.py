"""Vehicle codes can't be enumerated."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from fleet.tests.factories import VehicleFactory

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql_does]
WRONG = ["/v/?code=PAR22222", "/v/PAR22222/", "/v/XXX22222/", "/v/?code=QQQ22222", "/v/?code=nonsense"]


@pytest.fixture(autouse=True)
def _three(settings):
    settings.WRONG_CODES_PER_HOUR = 3


@pytest.fixture
def vehicle():
    return VehicleFactory(code="PAR7K3M2")


@pytest.mark.parametrize("path", WRONG[:3])
def test_someone_who_is_wrong_too_often_has_to_wait(client, vehicle, path):
    for _time in range(3):
        assert client.get(path).status_code in {200, 404}
    for tried in (*WRONG, "/v/PAR7K3M2/", "/v/?code=PAR7K3M2"):
        page = client.get(tried)
        assert page.status_code == 429, tried
        assert 0 < int(page.headers["Retry-After"]) <= 3600
    with time_machine.travel(timezone.now() + timedelta(hours=1, seconds=1)):
        assert client.get("/v/PAR7K3M2/").status_code == 200


def test_good_codes_are_not_counted(client, vehicle):
    for _time in range(10):
        assert client.get("/v/?code=par-7k3m2").status_code == 302
        assert client.get("/v/PAR7K3M2/").status_code == 200


def test_someone_elsewhere_may_continue(client, vehicle):
    for _time in range(4):
        client.get("/v/PAR22222/", REMOTE_ADDR="203.0.113.7")
    assert Client().get("/v/PAR7K3M2/", REMOTE_ADDR="198.51.100.1").status_code == 200


def test_the_empty_page_counts_nothing(client):
    for _time in range(5):
        assert client.get("/v/").status_code == 200
