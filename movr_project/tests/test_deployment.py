"""Deploy as `git push heroku` does, in processes of its own, and check the responses."""

import ast
import json
import re
import subprocess
import sys

import pytest

from .servers import HOST, METRICS_TOKEN, NEEDED, ROOT, environment, free_port, run  # noqa: F401

# In one worker, so that the slug is built and the server started once.
pytestmark = [pytest.mark.xdist_group("deployment"), pytest.mark.any_engine]


def test_static_files_are_built_with_no_database_and_no_secret(collected):
    files = json.loads((collected / "staticfiles.json").read_text())["paths"]
    assert files
    for name in files.values():
        assert (collected / name).is_file()
    assert list(collected.rglob("*.css.br"))
    assert list(collected.rglob("*.css.gz"))


def test_modules_import_each_other_by_their_hashed_names(collected):
    files = json.loads((collected / "staticfiles.json").read_text())["paths"]
    module = collected / files["js/vehicle-map.js"]
    imported = [module.parent / path for path in re.findall(r'from "(\./[^"]+)";', module.read_text())]
    assert imported
    assert {path.relative_to(collected).as_posix() for path in imported} <= set(files.values())


def test_health_answers_a_load_balancer_over_plain_http(server):
    response, _ = server.get("/health/", scheme="http")
    assert response.status == 200


def test_metrics_are_those_of_all_processes(server):
    server.get("/livez")
    response, body = server.get("/metrics", scheme="http", Authorization=f"Bearer {METRICS_TOKEN}")
    assert response.status == 200
    assert b'movr_request_seconds_count{status="200",view="probe"}' in body
    assert b"movr_database_up 1.0" in body
    assert b"pid=" not in body


def test_landing_page_is_served_with_its_security_headers(server):
    response, _ = server.get("/")
    assert response.status == 200
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    assert "max-age=" in response.headers["Strict-Transport-Security"]


def test_plain_http_is_sent_to_https(server):
    response, _ = server.get("/", scheme="http")
    assert (response.status, response.headers["Location"]) == (301, f"https://{HOST}/")


def test_another_host_is_refused(server):
    response, _ = server.get("/", host="elsewhere.example")
    assert response.status == 400


@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_style_sheet_is_compressed_and_cached_indefinitely(server, encoding):
    _, page = server.get("/")
    path = re.search(rb'href="(/static/[^"]+\.css)"', page)[1].decode()
    response, _ = server.get(path, Accept_Encoding=encoding)
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
    """Return the names of all environment variables that the files read."""
    names = set(NEEDED)  # read in a loop
    for path in (ROOT / "movr_project/settings.py", ROOT / "gunicorn.conf.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and is_reader(node.func) and isinstance(node.args[0], ast.Constant):
                names.add(node.args[0].value)
    return names


def is_reader(function):
    return re.fullmatch(r"flag|web_address|env\.\w+|os\.environ\.get", ast.unparse(function)) is not None


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
