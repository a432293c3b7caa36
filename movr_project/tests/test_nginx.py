"""deploy/linux/nginx.conf with gunicorn: slow and large bodies don't block other requests."""

import http.client
import itertools
import re
import statistics
import threading
import time
from contextlib import contextmanager
from urllib.parse import urlencode

import pytest

from .nginx import proxying

pytestmark = [pytest.mark.xdist_group("deployment"), pytest.mark.django_db, pytest.mark.any_engine]

SLOW_BODIES = 24  # three times the threads of a gunicorn with one worker
QUESTIONS = 40
NOISE = 1.0  # seconds: other tests run beside; a blocked server would take many


@pytest.fixture(scope="module")
def proxy(server, slug, collected, tmp_path_factory):
    """A client that reaches the deployed MovR through nginx."""
    root = tmp_path_factory.mktemp("srv")
    (root / "current").symlink_to(slug)
    upstream = f"127.0.0.1:{server.port}"
    with proxying(tmp_path_factory.mktemp("nginx"), upstream, stdout=server.stdout, root=root) as proxy:
        yield proxy


@contextmanager
def slow_bodies(server, count):
    """Keep sending forms one byte at a time."""
    head = (
        f"POST /login/ HTTP/1.1\r\nHost: {server.host}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 5000\r\n\r\n"
    )
    stop = threading.Event()
    clients = [server.raw_connection() for _number in range(count)]

    def trickle():
        while not stop.wait(0.5):
            for client in clients:
                try:
                    client.send(b"a")
                except OSError:
                    continue

    for client in clients:
        client.send(head.encode())
    sender = threading.Thread(target=trickle)
    sender.start()
    try:
        yield
    finally:
        stop.set()
        sender.join()
        for client in clients:
            client.close()


MARKS = urlencode({"username": "a" + "\u0300\u0316" * 30_000, "password": "x"})
FILE = (
    '--x\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n'
    f"Content-Type: image/jpeg\r\n\r\n{'x' * 900_000}\r\n--x--\r\n"
)
BODIES = [
    ("/login/", MARKS, "application/x-www-form-urlencoded", 403),  # the missing token is reported first
    ("/login/", FILE, "multipart/form-data; boundary=x", 413),
    ("/city/", FILE, "multipart/form-data; boundary=x", 413),
]


@contextmanager
def hostile_bodies(server):
    """Send requests one after the other, four per second."""
    stop = threading.Event()
    answers = set()

    def send():
        for path, body, content_type, _status in itertools.cycle(BODIES):
            # Without these two headers, the body would not be read.
            from_here = {"Referer": f"https://{server.host}/", "Cookie": f"__Host-csrftoken={'a' * 32}"}
            response, _body = server.ask("POST", path, body=body, Content_Type=content_type, **from_here)
            answers.add((path, content_type, response.status))
            if stop.wait(0.25) and len(answers) >= len(BODIES):  # each at least once
                return

    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield answers
    finally:
        stop.set()
        sender.join()


def p95(server):
    times = []
    for _number in range(QUESTIONS):
        began = time.monotonic()
        response, _body = server.get("/login/")
        assert response.status == 200
        times.append(time.monotonic() - began)
    return statistics.quantiles(times, n=20)[-1]


def test_slow_bodies_keep_no_other_visitor_waiting(proxy):
    p95(proxy)  # warm up
    quiet = p95(proxy)
    with slow_bodies(proxy, SLOW_BODIES):
        assert p95(proxy) < 2 * quiet + NOISE


def test_a_burst_of_hostile_bodies_keeps_no_one_waiting(proxy):
    p95(proxy)
    quiet = p95(proxy)
    with hostile_bodies(proxy) as answers:
        assert p95(proxy) < 2 * quiet + NOISE
    assert answers == {(path, content_type, status) for path, _body, content_type, status in BODIES}


def test_a_body_larger_than_any_form_is_refused_by_nginx(proxy):
    response, body = proxy.post("/login/", {"username": "a" * 1_100_000})
    assert response.status == 413
    assert b"nginx" in body


@pytest.mark.parametrize(
    "path", ["/rides/paris/x/end/", "/vehicles/paris/x/report/", "/api/v1/cities/paris/rides/x/photo"]
)
def test_a_photo_gets_through(proxy, path):
    _response, body = proxy.post(path, {"photo": "x" * 9_000_000})
    assert b"nginx" not in body


def test_headers_set_by_clients_are_replaced(proxy):
    proxy.get("/login/?probe", X_Request_ID="forged-by-the-client", X_Forwarded_For="203.0.113.9")
    ids = [line.get("request_id", "") for line in proxy.log()]
    assert "forged-by-the-client" not in ids
    assert len(ids[-1]) == 32


def test_a_page_with_the_longest_headers_gets_through(proxy):
    """Cookies of 4 KB each, as browsers keep them, and the response."""
    response, _body = proxy.get("/login/", Cookie="a=" + "b" * 4000 + "; c=" + "d" * 3000)
    assert response.status == 200


def test_plain_http_leads_to_https_except_for_certificates(proxy):
    client = http.client.HTTPConnection("127.0.0.1", proxy.plain_port, timeout=20)
    client.request("GET", "/login/?next=/rides/", headers={"Host": proxy.host})
    response = client.getresponse()
    assert (response.status, response.headers["Location"]) == (301, f"https://{proxy.host}/login/?next=/rides/")
    response.read()
    client.request("GET", "/.well-known/acme-challenge/unknown", headers={"Host": proxy.host})
    assert client.getresponse().status == 404


def test_static_files_come_from_the_disk_compressed(proxy, server):
    _response, page = proxy.get("/login/")
    path = re.search(rb'href="(/static/[^"]+\.css)"', page)[1].decode()
    response, body = proxy.get(path, Accept_Encoding="gzip")
    assert response.status == 200
    assert response.headers["Content-Encoding"] == "gzip"
    assert "immutable" in response.headers["Cache-Control"]
    assert "X-Request-ID" not in response.headers  # MovR was not asked
    assert len(body) < len(proxy.get(path)[1])


def test_a_static_file_that_no_release_has_is_not_found(proxy):
    response, _body = proxy.get("/static/../manage.py")
    assert response.status == 404


def test_conditions_reach_the_api(proxy):
    """nginx removes them from requests that it may answer from its cache."""
    response, _body = proxy.get("/api/v1/cities")
    assert response.headers["ETag"]
    response, _body = proxy.get("/api/v1/cities", If_None_Match=response.headers["ETag"])
    assert response.status == 304


def test_metrics_are_only_for_this_machine_and_those_with_the_token(proxy):
    assert proxy.get("/metrics")[0].status == 401
