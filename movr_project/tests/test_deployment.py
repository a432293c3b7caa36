"""Does what `git push heroku` does, in processes of its own, and looks at what then answers."""

import ast
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg2
import pytest
from django.conf import settings
from django.db import connection

ROOT = Path(settings.BASE_DIR)
HOST = "movr.example"
NEEDED = {"SECRET_KEY": "s3cret-" * 10, "DATABASE_URL": "sqlite:///unused.sqlite3", "SITE_URL": f"https://{HOST}"}
NOT_PUSHED = (".*", "__pycache__", "*.sqlite3*", "staticfiles", "node_modules")

# One worker runs all of it: the slug is built and the server started once.
pytestmark = pytest.mark.xdist_group("deployment")


def environment(**variables):
    """What a dyno's processes see: nothing of the developer's settings."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}"
    return {"PATH": path, "HOME": "/tmp", "LANG": "C.UTF-8", **variables}  # noqa: S108


def run(line, *, slug, **variables):
    return subprocess.run(
        ["sh", "-c", line], cwd=slug, env=environment(**variables), capture_output=True, text=True, timeout=120
    )


def procfile():
    lines = (ROOT / "Procfile").read_text().splitlines()
    return dict(line.split(": ", 1) for line in lines)


@pytest.fixture(scope="module")
def slug(tmp_path_factory):
    """The tree as it is pushed: no .env, no database, no .venv."""
    folder = tmp_path_factory.mktemp("push") / "slug"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*NOT_PUSHED))
    return folder


@pytest.fixture(scope="module")
def collected(slug):
    result = run("python manage.py collectstatic --noinput", slug=slug)
    assert result.returncode == 0, result.stderr
    return slug / "staticfiles"


@pytest.fixture(scope="module")
def database_url(tmp_path_factory):
    """An empty database on the engine that this run tests."""
    if connection.vendor == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('database') / 'pushed.sqlite3'}"
    elif connection.vendor == "postgresql":
        yield from postgres_database(settings.DATABASE_URL)
    else:
        pytest.skip("pushes are tried on SQLite and PostgreSQL")


def postgres_database(server):
    name = f"movr_push_{uuid4().hex[:12]}"
    maintenance = psycopg2.connect(with_database(server, "postgres"))
    maintenance.autocommit = True
    with maintenance.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        yield with_database(server, name)
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    maintenance.close()


def with_database(url, name):
    return urlsplit(url)._replace(scheme="postgres", path=f"/{name}").geturl()


@pytest.fixture(scope="module")
def released(slug, database_url):
    """The variables of an app whose release line has run."""
    variables = NEEDED | {"DATABASE_URL": database_url}
    result = run(procfile()["release"], slug=slug, **variables)
    assert result.returncode == 0, result.stderr
    return variables


@pytest.fixture(scope="module")
def port(slug, collected, released):
    """Where the web line serves."""
    number = free_port()
    with (slug / "web.log").open("w+") as log:
        web = subprocess.Popen(
            ["sh", "-c", f"exec {procfile()['web']}"],
            cwd=slug,
            env=environment(PORT=str(number), WEB_CONCURRENCY="1", **released),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until_it_serves(web, number, log)
            yield number
        finally:
            stop(web)


def free_port():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return unused.getsockname()[1]


def wait_until_it_serves(web, port, log):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and web.poll() is None:
        try:
            return get(port, "/health/")
        except OSError:
            time.sleep(0.1)
    log.seek(0)
    pytest.fail(f"The web line does not serve:\n{log.read()}")


def stop(web):
    web.send_signal(signal.SIGTERM)
    try:
        web.wait(timeout=30)
    except subprocess.TimeoutExpired:
        web.kill()
        web.wait()


def get(port, path, *, scheme="https", host=HOST, **headers):
    """Asks as a router does that speaks HTTPS to the outside. Returns the response and its body."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        client.request("GET", path, headers={"Host": host, "X-Forwarded-Proto": scheme} | headers)
        response = client.getresponse()
        return response, response.read()
    finally:
        client.close()


def test_static_files_are_built_with_no_database_and_no_secret(collected):
    files = json.loads((collected / "staticfiles.json").read_text())["paths"]
    assert files
    for name in files.values():
        assert (collected / name).is_file()
    assert list(collected.rglob("*.css.br"))
    assert list(collected.rglob("*.css.gz"))


def test_release_line_leaves_no_migration_undone(slug, released):
    result = run("python manage.py migrate --check", slug=slug, **released)
    assert result.returncode == 0, result.stdout


def test_health_answers_a_load_balancer_over_plain_http(port):
    response, _ = get(port, "/health/", scheme="http")
    assert response.status == 200


def test_landing_page_is_served_with_its_security_headers(port):
    response, _ = get(port, "/")
    assert response.status == 200
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    assert "max-age=" in response.headers["Strict-Transport-Security"]


def test_plain_http_is_sent_to_https(port):
    response, _ = get(port, "/", scheme="http")
    assert (response.status, response.headers["Location"]) == (301, f"https://{HOST}/")


def test_another_host_is_refused(port):
    response, _ = get(port, "/", host="elsewhere.example")
    assert response.status == 400


@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_style_sheet_is_compressed_and_kept_for_ever(port, encoding):
    _, page = get(port, "/")
    path = re.search(rb'href="(/static/[^"]+\.css)"', page)[1].decode()
    response, _ = get(port, path, Accept_Encoding=encoding)
    assert response.status == 200
    assert response.headers["Content-Encoding"] == encoding
    assert "immutable" in response.headers["Cache-Control"]
    assert int(re.search(r"max-age=(\d+)", response.headers["Cache-Control"])[1]) >= 365 * 24 * 60 * 60


@pytest.mark.parametrize("name", sorted(NEEDED))
def test_it_does_not_start_without_what_a_server_needs(slug, name):
    result = run("python manage.py check", slug=slug, **{key: NEEDED[key] for key in NEEDED if key != name})
    assert result.returncode != 0
    assert f"set {name} in the environment" in result.stderr


def test_it_starts_with_what_a_server_needs(slug):
    result = run("python manage.py check", slug=slug, **NEEDED)
    assert result.returncode == 0, result.stderr


def test_a_switch_that_is_neither_on_nor_off_stops_the_start(slug):
    result = run("python manage.py check", slug=slug, DEBUG="perhaps", **NEEDED)
    assert result.returncode != 0
    assert "DEBUG='perhaps'" in result.stderr


def test_every_variable_that_is_read_is_explained():
    assert variables_read() == variables_explained()


def variables_read():
    """The string literals given to the environment's readers, in the files that read it."""
    names = set(NEEDED)  # read in a loop
    for path in (ROOT / "movr_project/settings.py", ROOT / "gunicorn.conf.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and is_reader(node.func) and isinstance(node.args[0], ast.Constant):
                names.add(node.args[0].value)
    return names


def is_reader(function):
    return re.fullmatch(r"flag|env\.\w+|os\.environ\.get", ast.unparse(function)) is not None


def variables_explained():
    return set(re.findall(r"^(?:# )?([A-Z_]+)=", (ROOT / ".env.example").read_text(), flags=re.MULTILINE))


def test_copied_example_changes_no_setting(slug):
    assert settings_read(slug, ROOT / ".env.example") == settings_read(slug)


def settings_read(slug, *env_files):
    code = """
import sys, environ
for path in sys.argv[1:]:
    environ.Env.read_env(path)
from movr_project import settings
names = sorted(name for name in dir(settings) if name.isupper() and name != "LANGUAGES")  # not yet translatable
print({name: repr(getattr(settings, name)) for name in names})
"""
    command = [sys.executable, "-c", code, *map(str, env_files)]
    output = subprocess.check_output(command, cwd=slug, env=environment(**NEEDED), text=True)
    return ast.literal_eval(output)


def test_heroku_button_asks_only_for_what_is_explained():
    assert set(json.loads((ROOT / "app.json").read_text())["env"]) <= variables_explained()
