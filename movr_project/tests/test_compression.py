import gzip

import pytest
from django.http import HttpResponse, StreamingHttpResponse

from fleet.search import PAGE_SIZE
from fleet.tests.factories import VehicleFactory
from movr_project.web.compression import PageGZipMiddleware

GZIP = {"Accept-Encoding": "gzip"}
BROTLI = {"Content-Encoding": "br"}
HTMX = {"HX-Request": "true"}


@pytest.fixture
def sent(rf):
    """Return a function that passes a response through the middleware."""
    return lambda response, **headers: PageGZipMiddleware(lambda request: response)(rf.get("/", headers=headers))


@pytest.mark.django_db
class TestPages:
    def test_they_are_compressed_for_browsers_that_accept_it(self, rider_client):
        plain = rider_client.get("/vehicles/").content
        page = rider_client.get("/vehicles/", headers=GZIP)
        assert page.headers["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in page.headers["Vary"]
        assert abs(len(gzip.decompress(page.content)) - len(plain)) < 100
        assert len(page.content) < len(plain) / 2

    def test_their_size_is_not_the_same_twice(self, client):
        """Compressed sizes must not reveal the content to eavesdroppers."""
        sizes = {len(client.get("/offline/", headers=GZIP).content) for _ in range(20)}
        assert len(sizes) > 1

    def test_a_page_after_the_first_is_below_30_kb(self, rider_client):
        VehicleFactory.create_batch(PAGE_SIZE + 1)
        for headers in (GZIP, GZIP | HTMX):
            assert len(rider_client.get("/vehicles/", headers=headers).content) < 30_000


def test_the_length_is_that_of_the_compressed_page(sent):
    response = sent(HttpResponse("A page " * 100), **GZIP)
    assert int(response["Content-Length"]) == len(response.content) < 700


def test_an_entity_tag_becomes_weak_as_it_stands_for_both_encodings(sent):
    assert sent(HttpResponse("A page " * 100, headers={"ETag": '"1"'}), **GZIP)["ETag"] == 'W/"1"'
    assert sent(HttpResponse("A page " * 100, headers={"ETag": 'W/"1"'}), **GZIP)["ETag"] == 'W/"1"'
    assert sent(HttpResponse("A page " * 100, headers={"ETag": '"1"'}))["ETag"] == '"1"'


@pytest.mark.parametrize(
    "response",
    [
        HttpResponse("Short"),
        HttpResponse(bytes(range(250))),
        HttpResponse("x" * 300, headers={"Content-Encoding": "br"}),
    ],
    ids=["short", "incompressible", "already compressed"],
)
def test_what_compression_does_not_help_is_sent_as_it_is(sent, response):
    before = response.content
    assert sent(response, **GZIP).content == before
    assert response.headers.get("Content-Encoding") != "gzip"


def test_a_streamed_file_is_compressed_on_the_way(sent):
    response = sent(StreamingHttpResponse(iter([b"a line\n"] * 100)), **GZIP)
    assert gzip.decompress(b"".join(response.streaming_content)) == b"a line\n" * 100
