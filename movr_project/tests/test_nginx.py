"""deploy/linux/nginx.conf with gunicorn: slow and large bodies don't block other requests."""

import itertools
import os
import shutil
import socket
import statistics
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.conf import settings

from . import servers

pytestmark = [pytest.mark.xdist_group("deployment"), pytest.mark.django_db, pytest.mark.any_engine]

CONFIGURATION = Path(settings.BASE_DIR) / "deploy" / "linux" / "nginx.conf"
SLOW_BODIES = 24  # three times the threads of a gunicorn with one worker
QUESTIONS = 40
NOISE = 1.0  # seconds: other tests run beside; a blocked server would take many


def nginx_program():
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    return found or pytest.skip("nginx is not installed")


def configuration_for_a_test(folder, port, behind):
    """Return the file with its marked settings replaced: ports, paths and TLS."""
    text = CONFIGURATION.read_text()
    replaced = {
        # Bodies are buffered in the test's own folder, which others can't write to.
        "user www-data;\n": "user root;\n" if os.getuid() == 0 else "",
        "/run/nginx.pid": f"{folder}/nginx.pid",
        "/var/log/nginx/error.log": f"{folder}/error.log",
        "127.0.0.1:8000": f"127.0.0.1:{behind}",
        "listen 80 default_server;": f"listen 127.0.0.1:{servers.free_port()};",
        "listen 443 ssl;": f"listen 127.0.0.1:{port};",
        "    ssl_certificate /etc/ssl/certs/movr.pem;": "",
        "    ssl_certificate_key /etc/ssl/private/movr.key;": "",
        "    ssl_protocols TLSv1.2 TLSv1.3;": "",
        "X-Forwarded-Proto $scheme": "X-Forwarded-Proto https",
        # The test's requests come from one address, and the limit would refuse them.
        "limit_conn connections 50;": "limit_conn connections 500;",
    }
    for before, after in replaced.items():
        assert before in text, before
        text = text.replace(before, after)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "".join(f"    {kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    (folder / "nginx.conf").write_text(text.replace("http {\n", "http {\n" + paths, 1))


@pytest.fixture(scope="module")
def proxy(server, tmp_path_factory):
    """A client that reaches the deployed MovR through nginx."""
    program = nginx_program()
    folder = tmp_path_factory.mktemp("nginx")
    port = servers.free_port()
    configuration_for_a_test(folder, port, server.port)
    command = [program, "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"]
    running = subprocess.Popen([*command, "-g", "daemon off;"], stderr=subprocess.PIPE)
    try:
        yield _when_it_listens(servers.Server(port, server.host, server.stdout), running)
    finally:
        running.terminate()
        running.wait(timeout=20)


def _when_it_listens(proxy, running):
    for _attempt in range(100):
        assert running.poll() is None, running.stderr.read()
        try:
            socket.create_connection(("127.0.0.1", proxy.port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return proxy
    return pytest.fail("nginx does not listen")


@contextmanager
def slow_bodies(server, count):
    """Keep sending forms one byte at a time."""
    head = (
        f"POST /login/ HTTP/1.1\r\nHost: {server.host}\r\nX-Forwarded-Proto: https\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 5000\r\n\r\n"
    )
    stop = threading.Event()
    clients = [socket.create_connection(("127.0.0.1", server.port), timeout=5) for _number in range(count)]

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
    _response, body = proxy.post(path, {"photo": "x" * 1_100_000})
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
