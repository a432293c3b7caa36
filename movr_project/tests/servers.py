"""MovR as on a host: deployed, released and served in processes of its own."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

import psycopg2
import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
HOST = "movr.example"
NEEDED = {"SECRET_KEY": "s3cret-" * 10, "DATABASE_URL": "sqlite:///unused.sqlite3", "SITE_URL": f"https://{HOST}"}
METRICS_TOKEN = "m3trics-" * 4
NOT_PUSHED = (".*", "__pycache__", "*.sqlite3*", "staticfiles", "node_modules")


def environment(**variables):
    """Return the environment of a dyno's processes, without developer settings."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}"
    return {"PATH": path, "HOME": "/tmp", "LANG": "C.UTF-8", **variables}  # noqa: S108


def run(line, *, slug, **variables):
    return subprocess.run(
        ["sh", "-c", line], cwd=slug, env=environment(**variables), capture_output=True, text=True, timeout=120
    )


def procfile():
    lines = (ROOT / "Procfile").read_text().splitlines()
    return dict(line.split(": ", 1) for line in lines)


def push(folder):
    """Copy the tree as it is deployed: without .env, database and .venv."""
    slug = folder / "slug"
    shutil.copytree(ROOT, slug, ignore=shutil.ignore_patterns(*NOT_PUSHED))
    return slug


def postgres_database(server):
    name = f"movr_push_{uuid4().hex[:12]}"
    maintenance = psycopg2.connect(_with_database(server, "postgres"))
    maintenance.autocommit = True
    with maintenance.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        yield _with_database(server, name)
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    maintenance.close()


def _with_database(url, name):
    return urlsplit(url)._replace(scheme="postgres", path=f"/{name}").geturl()


def free_port():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return unused.getsockname()[1]


class Server:
    """Run the Procfile's web process, listening on ``port``."""

    def __init__(self, port: int, host: str, stdout: Path):
        self.port = port
        self.host = host
        self.stdout = stdout

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def get(self, path, **options):
        return self.ask("GET", path, **options)

    def post(self, path, form, **options):
        body = urlencode(form)
        return self.ask("POST", path, body=body, Content_Type="application/x-www-form-urlencoded", **options)

    def ask(self, method, path, *, scheme="https", host="", body=None, **headers):
        """Send a request like a router that serves HTTPS. Return the response and its body."""
        client = self.connect()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        forwarded = {"X-Forwarded-Proto": scheme} if scheme else {}
        try:
            client.request(method, path, body=body, headers={"Host": host or self.host} | forwarded | named)
            response = client.getresponse()
            return response, response.read()
        finally:
            client.close()

    def log(self) -> list[dict]:
        """Return the lines of standard output so far."""
        return [json.loads(line) for line in self.stdout.read_text().splitlines()]


@contextmanager
def serving(slug: Path, folder: Path, *, port: int = 0, host: str = HOST, **variables: str) -> Iterator[Server]:
    server = Server(port or free_port(), host, folder / "stdout")
    with server.stdout.open("w") as stdout, (folder / "stderr").open("w+") as stderr:
        web = subprocess.Popen(
            ["sh", "-c", f"exec {procfile()['web']}"],
            cwd=slug,
            env=environment(PORT=str(server.port), WEB_CONCURRENCY="1", **variables),
            stdout=stdout,
            stderr=stderr,
        )
        try:
            _wait_until_it_serves(web, server, stderr)
            yield server
        finally:
            _stop(web)


def _wait_until_it_serves(web, server, stderr):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and web.poll() is None:
        try:
            return server.get("/health/")
        except OSError:
            time.sleep(0.1)
    stderr.seek(0)
    pytest.fail(f"The web line does not serve:\n{server.stdout.read_text()}\n{stderr.read()}")


def _stop(web):
    web.send_signal(signal.SIGTERM)
    try:
        web.wait(timeout=30)
    except subprocess.TimeoutExpired:
        web.kill()
        web.wait()
