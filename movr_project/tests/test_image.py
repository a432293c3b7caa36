"""The steps of deploy/docker/Dockerfile, in a clean folder instead of an image. Docker is not needed."""

import fnmatch
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from .servers import HOST, ROOT, Server, environment, free_port, run

pytestmark = [pytest.mark.xdist_group("deployment"), pytest.mark.any_engine]

DOCKERFILE = (ROOT / "deploy" / "docker" / "Dockerfile").read_text()
IGNORED = (ROOT / "deploy" / "docker" / "Dockerfile.dockerignore").read_text().split()


def ignored(folder, names):
    """Leave out what Docker would, and what its build doesn't find in a clone."""
    anywhere = [pattern.removeprefix("**/") for pattern in IGNORED if pattern.startswith("**/")]
    patterns = [*anywhere, ".*", *(IGNORED if Path(folder) == ROOT else [])]
    return {name for name in names if any(fnmatch.fnmatch(name, pattern) for pattern in patterns)}


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """The folder /app, after the first stage."""
    app = tmp_path_factory.mktemp("image") / "app"
    shutil.copytree(ROOT, app, ignore=ignored)
    for line in re.findall(r"^RUN /venv/bin/(python manage.+)$", DOCKERFILE, re.MULTILINE):
        result = run(line, slug=app)  # without any setting
        assert result.returncode == 0, result.stderr
    return app


def test_it_needs_no_tests_and_no_settings_to_be_built(image):
    assert (image / "staticfiles" / "staticfiles.json").is_file()
    assert not list(image.glob("*/tests"))
    assert (image / "locale" / "es" / "LC_MESSAGES" / "django.mo").is_file()


def files_of(folder):
    return {path.relative_to(folder) for path in folder.rglob("*") if "__pycache__" not in path.parts}


def test_it_serves_writes_nothing_and_stops_when_told(image, released):
    before, server = files_of(image), Server(free_port(), HOST, image)
    known = environment(PORT=str(server.port), WEB_CONCURRENCY="1", PYTHONDONTWRITEBYTECODE="1", **released)
    command = DOCKERFILE.rstrip().splitlines()[-1].removeprefix("CMD ")
    web = subprocess.Popen(
        ["deploy/docker/start", *re.findall(r'"([^"]+)"', command)], cwd=image, env=known, stdout=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 60
        while subprocess.run(["deploy/docker/healthy"], cwd=image, env=known, stderr=subprocess.DEVNULL).returncode:
            assert web.poll() is None
            assert time.monotonic() < deadline
        response, body = server.get("/readyz", host="10.0.0.1")
        assert (response.status, body) == (200, b"database: ok\nmigrations: ok\nworkers: no worker\n")
        web.send_signal(signal.SIGTERM)  # reaches gunicorn itself, as there is no shell in between
        assert web.wait(timeout=40) == 0
    finally:
        if web.poll() is None:
            os.kill(web.pid, signal.SIGKILL)
    assert files_of(image) == before


def test_a_container_whose_database_never_answers_gives_up(image, released, tmp_path):
    nowhere = released | {"DATABASE_URL": "postgres://movr@127.0.0.1:1/movr", "DATABASE_WAIT_SECONDS": "0"}
    result = run("deploy/docker/start true", slug=image, **nowhere)
    assert result.returncode == 1
    assert "did not accept a connection in time" in result.stderr
    assert "127.0.0.1" not in result.stderr
