"""How the feeds are sent: built once per period, the same for everyone, kept by caches."""

import gzip
import logging
import time
from threading import Lock

import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import UserFactory
from cities.registry import registry
from feeds.gbfs import shared
from feeds.gbfs.files import DESCRIPTION_TTL, STATUS_TTL
from feeds.gbfs.published import Memory, Published
from feeds.gbfs.vehicles import vehicle_status
from feeds.tests.reading import vehicles
from fleet.tests.factories import VehicleFactory
from movr_project.db.follower_reads import MAX_LAG, READ_FROM_FOLLOWERS
from movr_project.tests.databases import on_sqlite
from movr_project.tests.threads import PATIENCE_SECONDS, at_once
from rides.services import end_ride, start_ride

PATH = "/gbfs/v3/paris/vehicle_status.json"
START = 1_900_000_000 - 1_900_000_000 % DESCRIPTION_TTL  # every file's period begins then

db = pytest.mark.django_db
committing = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clock(time_machine):
    time_machine.move_to(START + 10, tick=False)
    return time_machine


@db
class TestTheAnswer:
    def test_caches_keep_it_until_its_period_is_over(self, client, clock):
        response = client.get(PATH)
        assert response["Cache-Control"] == f"public, max-age={STATUS_TTL}"
        assert response["Age"] == "10"
        document = response.json()
        assert (document["ttl"], document["version"]) == (STATUS_TTL, "3.0")
        assert document["last_updated"] == "2030-03-17T17:45:00+00:00"
        assert response["Last-Modified"] == "Sun, 17 Mar 2030 17:45:00 GMT"

    def test_it_is_the_same_for_everyone(self, client, rider_client):
        ours, theirs = rider_client.get(PATH), client.get(PATH)
        assert ours.content == theirs.content
        for response in (ours, theirs):
            assert response["Vary"] == "Accept-Encoding"
            assert response["Access-Control-Allow-Origin"] == "*"
            assert not response.cookies

    def test_whoever_has_it_gets_304(self, client, clock):
        first = client.get(PATH)
        for condition in ({"if-none-match": first["ETag"]}, {"if-modified-since": first["Last-Modified"]}):
            response = client.get(PATH, headers=condition)
            assert (response.status_code, response.content) == (304, b"")
            for name in ("ETag", "Cache-Control", "Vary", "Access-Control-Allow-Origin", "Age"):
                assert response[name] == first[name]

    def test_after_its_period_it_is_sent_again(self, client, clock):
        first = client.get(PATH)
        clock.shift(STATUS_TTL)
        assert client.get(PATH, headers={"if-none-match": first["ETag"]}).status_code == 200

    def test_it_is_compressed_for_those_who_accept_that(self, client):
        VehicleFactory()
        plain = client.get(PATH)
        packed = client.get(PATH, headers={"accept-encoding": "br, gzip"})
        assert packed["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.content) == plain.content
        assert packed["Content-Length"] == str(len(packed.content))
        assert "Content-Encoding" not in client.get(PATH, headers={"accept-encoding": "gzip;q=0, br"})

    def test_head_says_what_get_would(self, client):
        whole, head = client.get(PATH), client.head(PATH)
        assert (head.status_code, head.content) == (200, b"")
        assert {name: head[name] for name in head.headers if name not in {"X-Request-ID", "Age"}}.items() <= (
            whole.headers.items()
        )

    @pytest.mark.parametrize("method", ["post", "put", "delete", "options"])
    def test_nothing_else_is_allowed(self, client, method):
        assert getattr(client, method)(PATH).status_code == 405

    def test_without_the_short_cut_the_view_answers_alike(self, client, settings):
        short = client.get(PATH)
        settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if not name.startswith("feeds.")]
        assert Client().get(PATH).content == short.content

    def test_people_are_redirected_to_https(self, client, settings):
        settings.SECURE_SSL_REDIRECT = True
        assert client.get(PATH).status_code == 301
        assert client.get(PATH, secure=True).status_code == 200


def published(since=START):
    return Published(b"{}", since, STATUS_TTL)


@pytest.mark.any_engine
class TestMemory:
    def test_of_many_threads_one_builds(self):
        kept, built, lock = Memory(), [], Lock()

        def make():
            time.sleep(0.05)  # for the others to ask meanwhile
            with lock:
                built.append(1)
            return published()

        found = at_once(*[lambda: kept.get("paris", START, make)] * 8)
        assert (len(built), {id(one) for one in found}) == (1, {id(found[0])})

    def test_whoever_asked_before_the_period_ended_gets_the_newer_one(self):
        kept = Memory()
        newer = kept.get("paris", START + 30, lambda: published(START + 30))
        assert kept.get("paris", START, published) is newer

    def test_a_failure_is_not_kept(self):
        kept = Memory()
        with pytest.raises(ZeroDivisionError):
            kept.get("paris", START, lambda: 1 / 0)
        assert kept.get("paris", START, published).body == b"{}"


@pytest.fixture
def shared_cache(settings, monkeypatch):
    settings.CACHE_URL = "locmemcache://"
    shared.cache.clear()
    monkeypatch.setattr(shared, "_silent_until", 0.0)


@pytest.mark.any_engine
class TestSharedCache:
    def test_what_one_process_has_built_others_take(self, shared_cache):
        assert shared.get_or_build("a", STATUS_TTL, lambda: b"built") == b"built"
        assert shared.get_or_build("a", STATUS_TTL, lambda: pytest.fail("built again")) == b"built"

    def test_others_wait_for_the_one_that_builds(self, shared_cache, monkeypatch):
        monkeypatch.setattr(shared, "PATIENCE_SECONDS", PATIENCE_SECONDS)
        built = []

        def build():
            time.sleep(0.05)
            built.append(1)
            return b"built"

        assert at_once(*[lambda: shared.get_or_build("a", STATUS_TTL, build)] * 4) == [b"built"] * 4
        assert built == [1]

    def test_nobody_waits_for_ever_for_one_that_died(self, shared_cache, monkeypatch):
        monkeypatch.setattr(shared, "PATIENCE_SECONDS", 0.05)
        shared.cache.set("a:builder", 1, None)
        assert shared.get_or_build("a", STATUS_TTL, lambda: b"built") == b"built"

    def test_one_that_failed_lets_the_next_one_build(self, shared_cache):
        with pytest.raises(ZeroDivisionError):
            shared.get_or_build("a", STATUS_TTL, lambda: 1 / 0)
        assert shared.get_or_build("a", STATUS_TTL, lambda: b"built") == b"built"

    def test_without_the_cache_each_builds(self, shared_cache, monkeypatch, caplog):
        asked = []

        def broken(*_arguments):
            asked.append(1)
            raise ConnectionError

        for command in ("get", "add", "set", "delete"):
            monkeypatch.setattr(shared.cache, command, broken, raising=False)
        assert shared.get_or_build("a", STATUS_TTL, lambda: b"built") == b"built"
        assert "cache failed: error=ConnectionError" in caplog.text
        assert shared.get_or_build("a", STATUS_TTL, lambda: b"built again") == b"built again"
        assert asked == [1]  # and nobody else waits for its timeout


@committing
@pytest.mark.postgresql_does
def test_readers_while_vehicles_start_and_end_rides(clock, caplog):
    """``script/bench readers`` does the same with 200 readers over HTTP."""
    caplog.set_level(logging.INFO, "feeds")
    riders = [UserFactory() for _number in range(4)]
    on_the_street = [VehicleFactory() for _rider in riders]
    rides = []

    def start_and_end(rider, vehicle):
        def work():
            for stays in (False, True):
                ride = start_ride(
                    rider=rider,
                    city=registry["paris"],
                    vehicle_city="paris",
                    vehicle_id=vehicle.id,
                    token=f"{vehicle.code} {stays}",
                )
                if not stays:
                    end_ride(city="paris", ride_id=ride.id, rider=rider, end_location="", position=(48.86, 2.35))
            rides.append(ride)

        return work

    def read():
        return [Client().get(PATH).status_code for _number in range(5)]

    work = [start_and_end(rider, vehicle) for rider, vehicle in zip(riders, on_the_street, strict=True)]
    results = at_once(*work, *[read] * 8)
    assert results == [None] * 4 + [[200] * 5] * 8
    assert caplog.text.count("feed built: file=vehicle_status") == 1
    clock.shift(STATUS_TTL)
    assert len(rides) == 4
    assert vehicles() == []


@committing
@on_sqlite
def test_on_cockroachdb_followers_answer(monkeypatch, settings):
    """The statements are read, not run: SQLite doesn't know the first one."""
    settings.FOLLOWER_READS = True
    monkeypatch.setattr(type(connections["default"]), "vendor", "cockroachdb")
    sent = []

    def record(execute, sql, params, many, context):
        sent.append(sql)
        return None if sql == READ_FROM_FOLLOWERS else execute(sql, params, many, context)

    with connection.execute_wrapper(record):
        vehicle_status(registry["paris"])
    first, second = (sql for sql in sent if "BEGIN" not in sql)
    assert first == "SET TRANSACTION AS OF SYSTEM TIME follower_read_timestamp()"
    assert second.startswith('SELECT "vehicles"."public_id"')
    assert "FOR UPDATE" not in second


@db
@pytest.mark.any_engine
def test_a_feed_that_followers_answered_says_how_old_it_may_be(monkeypatch, clock, client):
    monkeypatch.setattr("feeds.gbfs.published.lag", lambda: MAX_LAG)
    assert client.get(PATH).json()["last_updated"] == "2030-03-17T17:44:55+00:00"


@db
@on_sqlite
def test_the_statement_uses_indexes_that_begin_with_the_city():
    with CaptureQueriesContext(connection) as sent:
        vehicle_status(registry["paris"])
    (statement,) = [query["sql"] for query in sent]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {statement}")
        plan = [row[-1] for row in cursor.fetchall()]
    assert all("USING INDEX" in step and "(city=?" in step for step in plan if step.startswith(("SEARCH", "SCAN")))
