"""How often the API may be asked."""

from datetime import timedelta
from unittest import mock

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.tests.factories import UserFactory
from movr_project.api.limits import MAX_SUBJECTS, Counters, reads
from movr_project.tests.api import api_client, organisations_client
from throttling.models import Throttle
from throttling.services import Throttled, count_request

CITIES, PROFILE, USERS = "/api/v1/cities", "/api/v1/profile", "/api/v1/users"


@pytest.fixture(autouse=True)
def _forget():
    reads.clear()


def test_reads_are_limited_per_person_and_described(db, settings):
    settings.API_READS_PER_MINUTE = 2
    ada = UserFactory()
    client, other = api_client(ada), api_client(UserFactory())
    responses = [client.get(PROFILE) for _time in range(3)]
    assert [response.status_code for response in responses] == [200, 200, 429]
    assert responses[0]["RateLimit-Policy"] == '"read";q=2;w=60'
    assert [response["RateLimit"].split(";")[1] for response in responses] == ["r=1", "r=0", "r=0"]
    assert responses[2].json()["code"] == "too_often"
    assert 0 < int(responses[2]["Retry-After"]) <= 60
    assert api_client(ada).get(PROFILE).status_code == 429  # another token of the same person
    assert other.get(PROFILE).status_code == 200
    with mock.patch("movr_project.api.limits.time.monotonic", return_value=10**9):
        assert client.get(PROFILE).status_code == 200  # in another minute


def test_an_address_is_limited_before_its_token_is_looked_up(db, settings):
    settings.API_READS_PER_MINUTE = 1
    guessing = api_client()
    headers = {"Authorization": "Bearer movr_p_" + "x" * 43}
    assert [guessing.get(PROFILE, headers=headers).status_code for _time in range(6)] == [401] * 5 + [429]
    with CaptureQueriesContext(connection) as queries:
        guessing.get(PROFILE, headers=headers)
    assert len(queries) == 0
    assert guessing.get(CITIES).status_code == 200
    assert guessing.get(CITIES).status_code == 429


def test_writes_are_counted_exactly(db, settings):
    settings.API_WRITES_PER_MINUTE = 2
    client = organisations_client(["paris"])
    responses = [client.delete("/api/v1/tokens") for _time in range(3)]
    assert [response.status_code for response in responses] == [403, 403, 429]  # for people only, but counted
    assert responses[0]["RateLimit-Policy"] == '"write";q=2;w=60'
    assert Throttle.objects.get().count == 2
    reads.clear()  # as in another process
    assert client.delete("/api/v1/tokens").status_code == 429
    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        assert client.delete("/api/v1/tokens").status_code == 403


def test_counting_takes_one_statement(db):
    for expected in (4, 3):
        with CaptureQueriesContext(connection) as queries:
            left, reset = count_request("kind", "subject", limit=5, period=timedelta(minutes=1))
        assert left == expected
        assert timedelta(seconds=50) < reset <= timedelta(minutes=1)
    assert len(queries) == 1
    for _time in range(3):
        count_request("kind", "subject", limit=5, period=timedelta(minutes=1))
    with pytest.raises(Throttled):
        count_request("kind", "subject", limit=5, period=timedelta(minutes=1))


@pytest.mark.any_engine
def test_the_memory_for_counts_is_bounded():
    counters = Counters()
    for number in range(MAX_SUBJECTS + 100):
        counters.count(f"subject {number}", 10)
    assert len(counters._counts) == MAX_SUBJECTS
    assert counters.count("subject 0", 10)[0] == 1  # forgotten
    assert counters.count(f"subject {MAX_SUBJECTS + 50}", 10)[0] == 2


def test_a_read_costs_one_statement_for_its_token(db, django_assert_num_queries):
    client = api_client(UserFactory())
    client.get(PROFILE)  # notes the use
    with django_assert_num_queries(1):
        assert client.get(PROFILE).status_code == 200
    with django_assert_num_queries(3):
        assert client.get(USERS).status_code == 200
