"""The geocoder: a server that may be slow, down or hostile."""

import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import caches

from cities.geocoder import MAX_ADDRESSES, MAX_BYTES, GeocoderRefused, search_addresses
from cities.registry import registry
from throttling.services import Throttled

pytestmark = [pytest.mark.django_db, pytest.mark.any_engine]

RIVOLI = {"lat": "48.8606", "lon": "2.3376", "display_name": "99 Rue de Rivoli, Paris"}


class Geocoder(BaseHTTPRequestHandler):
    """Answer with what the test has set on the class."""

    answer, status, headers_sent, pause = b"[]", 200, {}, 0.0
    asked: list = []

    def do_GET(self):
        self.asked.append((self.path, self.headers["User-Agent"]))
        self.send_response(self.status)
        for name, value in self.headers_sent.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            time.sleep(self.pause)
            self.wfile.write(self.answer)
        except OSError:
            pass  # the client has hung up

    def log_message(self, *args):
        pass


@pytest.fixture
def geocoder(settings):
    caches["memory"].clear()
    handler = type("Handler", (Geocoder,), {"asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    settings.GEOCODER_TIMEOUT_SECONDS = 30  # except where a test is about it
    settings.GEOCODER_URL = f"http://127.0.0.1:{server.server_port}/search"
    yield handler
    server.shutdown()
    server.server_close()
    caches["memory"].clear()


def search(text="rivoli", searcher="ada", city="paris"):
    return search_addresses(registry[city], text, searcher=searcher)


def answers(geocoder, *rows):
    geocoder.answer = json.dumps(rows).encode()


def test_an_address_is_found_and_the_server_is_told_where_and_who_asks(geocoder):
    answers(geocoder, RIVOLI)
    (spot,) = search()
    assert spot == ("99 Rue de Rivoli, Paris", 48.8606, 2.3376)
    ((path, agent),) = geocoder.asked
    asked = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
    assert (asked["q"], asked["format"], asked["bounded"], asked["accept-language"][:2]) == (
        "rivoli",
        "jsonv2",
        "1",
        "en",
    )
    west, north, east, south = map(float, asked["viewbox"].split(","))
    assert west < 2.35 < east
    assert south < 48.85 < north
    assert agent.startswith("MovR (http")


def test_without_a_geocoder_nothing_is_asked(settings):
    settings.GEOCODER_URL = ""
    assert search() == []


def test_a_search_is_kept_for_each_city_and_text(geocoder):
    answers(geocoder, RIVOLI)
    assert search() == search(searcher="bob")
    search("louvre")
    search(city="rome")
    assert len(geocoder.asked) == 3


def test_a_person_may_search_so_many_addresses_per_hour(geocoder, settings):
    settings.ADDRESS_SEARCHES_PER_HOUR = 1
    search("one")
    with pytest.raises(Throttled):
        search("two")
    assert search("one") == []  # from memory
    assert search("two", searcher="bob") == []


def test_all_searches_together_have_a_limit(geocoder, settings):
    settings.GEOCODER_REQUESTS_PER_MINUTE = 1
    search("one")
    with pytest.raises(GeocoderRefused):
        search("two", searcher="bob")
    assert len(geocoder.asked) == 1


@pytest.mark.parametrize(
    "row",
    [
        None,
        [],
        {},
        RIVOLI | {"lat": "north"},
        RIVOLI | {"lat": None},
        RIVOLI | {"lat": [48.8]},
        RIVOLI | {"lat": "NaN"},
        RIVOLI | {"lat": "1" * 5000},
        RIVOLI | {"lat": "41.9", "lon": "12.5"},  # in Rome
        RIVOLI | {"display_name": 7},
        RIVOLI | {"display_name": "\u200b"},
        RIVOLI | {"display_name": "a\u202eb"},
        RIVOLI | {"display_name": "a\0b"},
    ],
)
def test_what_is_malformed_or_elsewhere_is_left_out(geocoder, row):
    answers(geocoder, row, RIVOLI)
    assert len(search()) == 1


def test_too_many_and_too_long_ones_are_cut(geocoder):
    answers(geocoder, *[RIVOLI | {"display_name": "x" * 1000}] * 50)
    found = search()
    assert len(found) == MAX_ADDRESSES
    assert all(len(spot.name) <= 100 for spot in found)


@pytest.mark.parametrize("answer", [b'{"error": "no"}', b'"x"', b"7", b"[]"])
def test_an_answer_that_is_no_list_finds_nothing(geocoder, answer):
    geocoder.answer = answer
    assert search() == []


@pytest.mark.parametrize(
    "broken",
    [
        {"answer": b"<html>"},
        {"answer": b""},
        {"answer": b"\xff\xfe"},
        {"answer": b"[" * 100_000},
        {"answer": b" " * (MAX_BYTES + 1)},
        {"status": 500},
        {"status": 429},
        {"status": 302, "headers_sent": {"Location": "http://127.0.0.1:1/"}},
    ],
    ids=lambda broken: str(broken)[:30],
)
def test_a_broken_server_is_no_server_error(geocoder, broken):
    for name, value in broken.items():
        setattr(geocoder, name, value)
    with pytest.raises(GeocoderRefused) as refused:
        search()
    assert refused.value.code == "geocoder_unavailable"
    assert len(geocoder.asked) == 1


def test_a_slow_server_is_given_up(geocoder, settings):
    settings.GEOCODER_TIMEOUT_SECONDS = 0.01
    geocoder.pause = 0.1
    with pytest.raises(GeocoderRefused):
        search()


def test_a_server_that_is_down_is_given_up(settings):
    settings.GEOCODER_URL = "http://127.0.0.1:1/search"
    with pytest.raises(GeocoderRefused):
        search()
